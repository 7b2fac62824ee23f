from odoo import fields, models
from odoo.tools import LazyTranslate, format_datetime

_lt = LazyTranslate(__name__)

# What a manager has to know at once: by status, or by what else is wrong.
_TROUBLES = {
    "REJECTED": _lt("WhatsApp has rejected the template “%s”"),
    "PAUSED": _lt("WhatsApp has paused the template “%s”"),
    "DISABLED": _lt("WhatsApp has disabled the template “%s”"),
    "flagged": _lt("WhatsApp is about to disable the template “%s”"),
    "category": _lt("WhatsApp has changed the category of the template “%s”"),
}
_ADVICE = {
    "REJECTED": _lt("Read the reason, change the text and submit it again."),
    "PAUSED": _lt(
        "Too many patients blocked or reported it: write it so that they expect it, "
        "and send another one meanwhile. A pause of 3 or 6 hours ends automatically; "
        "one after the first messages ends when a manager presses “End the Pause” on "
        "the template."
    ),
    "DISABLED": _lt("It cannot be sent any more. Write another template."),
    "flagged": _lt(
        "Patients block or report it. Write another one that they expect, and use that "
        "one, or send this to fewer patients."
    ),
    "category": _lt(
        "It is not sent until a manager accepts the new category on the template, "
        "which may change what it costs and what the law asks."
    ),
}


class Template(models.Model):
    """Trouble with a template reaches the managers, once."""

    _name = "whatsapp.clinic.template"
    _inherit = ["whatsapp.clinic.template", "mail.activity.mixin"]

    told_trouble = fields.Char(readonly=True, copy=False)
    notice_ids = fields.Many2many(
        "mail.activity", readonly=True, copy=False, groups=fields.NO_ACCESS
    )

    def action_accept_category(self):
        result = super().action_accept_category()
        self.sudo()._settle_notices()
        return result

    @property
    def _trouble(self) -> str | None:
        """What keeps it from being sent that somebody has to decide about."""
        if self.status in _TROUBLES:
            return self.status
        if self.flagged_at:
            return f"flagged:{self.flagged_at}"
        if self.category and self.category != self.expected_category:
            return f"category:{self.category}"
        return None

    def _note_trouble(self):
        """Take what is wrong as known, as of templates that are loaded first."""
        for template in self:
            template.told_trouble = template._trouble

    def _settle_notices(self):
        """Tell the managers of new trouble, and take back what is over."""
        for template in self:
            trouble = template._trouble
            if (template.told_trouble or None) == trouble:
                continue
            template.notice_ids.unlink()
            template.told_trouble = trouble
            if trouble:
                template._tell_managers(trouble.partition(":")[0])

    def _tell_managers(self, kind: str):
        for user in self._managers():
            template = self.with_context(lang=user.lang)
            summary = template.env._(_TROUBLES[kind])
            note = [
                template.env._(_ADVICE[kind]),
                template._told_end() if kind == "flagged" else template.status_reason,
            ]
            self.notice_ids |= template.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=summary % self.name,
                note=" ".join(filter(None, note)),
                user_id=user.id,
            )

    def _told_end(self) -> str | None:
        """When WhatsApp disables it, where it said so."""
        if not self.disable_at:
            return None
        end = format_datetime(self.env, self.disable_at)
        return self.env._("WhatsApp disables it on %s.", end)

    def _managers(self):
        """Managers who work in the template's company."""
        managers = self.env.ref("whatsapp_clinic.group_manager").all_user_ids
        return managers.filtered(lambda user: self.company_id in user.company_ids)
