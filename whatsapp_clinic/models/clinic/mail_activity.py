from odoo import api, fields, models

from ..vocabulary.calls import CAUSES


class MailActivity(models.Model):
    """What reception is asked to do: one open activity for each record and cause."""

    _inherit = "mail.activity"

    clinic_cause = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)

    @api.model
    def _call_reception(
        self, record, cause: str, sentence, staff, *, about=None, told=None, **values
    ):
        """Ask `staff` to do something about a record; what is open is said again.

        `cause` is one of `CAUSES`, `about` are records that tell apart what has the
        same cause. `sentence` is lazy: it is told in the language of who reads it, and
        may name what `told` answers for an environment in that language.
        """
        # A number may be of patients of several companies: each asks its own.
        known = self._open_calls(record, cause, about=about).filtered(
            lambda one: one.user_id.company_ids & staff.company_ids
        )[:1]
        reader = known.user_id or staff
        one = record.with_context(lang=reader.lang)
        summary = one.env._(sentence)
        if told:
            summary = summary.format(**told(one.env))
        if known:
            known.summary = summary
            return
        call = one.activity_schedule(
            CAUSES[cause], summary=summary, user_id=staff.id, **values
        )
        call.sudo().clinic_cause = _key(cause, about)

    @api.model
    def _end_calls(self, records, *causes: str, about=None):
        """Take back what reception was asked for these causes."""
        self._open_calls(records, *causes, about=about).unlink()

    @api.model
    def _open_calls(self, records, *causes: str, about=None):
        # sudo: whoever ends the cause ends what was asked, of whomever
        return self.sudo().search(
            [
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("clinic_cause", "in", [_key(cause, about) for cause in causes]),
            ]
        )


def _key(cause: str, about) -> str:
    """The stored form of a cause, with the ids of the records that it is about."""
    ids = ",".join(map(str, sorted(about.ids))) if about else ""
    return f"{cause}:{ids}" if ids else cause
