from odoo import models


class MailActivity(models.Model):
    """What is asked of reception about somebody's number."""

    _inherit = "mail.activity"

    def _check_access(self, operation):
        """Who may read a number's record may do what is asked of the own company there.

        Odoo wants the right to write the record, which nobody has.
        """
        refused = super()._check_access(operation)
        if operation not in ("write", "unlink") or not refused:
            return refused
        forbidden, _refusal = refused
        forbidden -= forbidden._about_readable_numbers()
        if not forbidden:
            return None
        return forbidden, lambda: forbidden._make_access_error(operation)

    def _about_readable_numbers(self):
        identities = self.env["whatsapp.clinic.identity"]
        about = self.sudo().filtered(lambda one: one.res_model == identities._name)
        numbers = identities.browse(about.mapped("res_id")).exists()
        mine = set(numbers._filtered_access("read").ids)
        return self & about.filtered(
            lambda one: one.res_id in mine and one._is_asked_of(self.env.companies)
        )

    def _is_asked_of(self, companies) -> bool:
        """Whether it is for staff of one of these; companies may share a number."""
        return bool((self.user_id or self.create_uid).company_ids & companies)
