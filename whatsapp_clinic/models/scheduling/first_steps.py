from odoo import Command, fields, models
from odoo.exceptions import AccessError

_OFFICER = "whatsapp_clinic.group_privacy_officer"
# The step that is done, and a record of the company that shows it.
_SHOWN_BY = {
    "clinic_step_branch": ("branch", [("channel_id", "!=", False)]),
    "clinic_step_notice": ("privacy.notice", [("published_at", "!=", False)]),
    "clinic_step_template": ("template", [("enabled", "=", True)]),
    "clinic_step_rule": ("message.rule", [("active", "=", True)]),
}
_PEOPLE = ("practitioner", "appointment.type")


class ResConfigSettings(models.TransientModel):
    """Which of the first steps a clinic has done, read from what is there."""

    _inherit = "res.config.settings"

    clinic_step_number = fields.Boolean(compute="_compute_clinic_steps")
    clinic_step_roles = fields.Boolean(compute="_compute_clinic_steps")
    clinic_step_branch = fields.Boolean(compute="_compute_clinic_steps")
    clinic_step_people = fields.Boolean(compute="_compute_clinic_steps")
    clinic_step_notice = fields.Boolean(compute="_compute_clinic_steps")
    clinic_step_template = fields.Boolean(compute="_compute_clinic_steps")
    clinic_step_rule = fields.Boolean(compute="_compute_clinic_steps")
    clinic_has_privacy_officer = fields.Boolean(compute="_compute_clinic_steps")

    def _compute_clinic_steps(self):
        desk = self.env.ref("whatsapp_clinic.group_receptionist")
        officers = self.env.ref(_OFFICER)
        for settings in self:
            for step, (model, domain) in _SHOWN_BY.items():
                settings[step] = settings._clinic_has(model, domain)
            settings.clinic_step_number = "ready" in settings._clinic_channels_state()
            settings.clinic_step_people = all(
                settings._clinic_has(model, []) for model in _PEOPLE
            )
            settings.clinic_has_privacy_officer = settings._clinic_works_as(officers)
            settings.clinic_step_roles = (
                settings.clinic_has_privacy_officer and settings._clinic_works_as(desk)
            )

    def _clinic_has(self, model: str, domain: list) -> bool:
        records = self.env[f"whatsapp.clinic.{model}"].sudo()
        own = [("company_id", "in", [False, self.company_id.id])]
        return bool(records.search_count([*own, *domain], limit=1))

    def _clinic_channels_state(self) -> list[str]:
        channels = self.env["whatsapp.clinic.channel"].sudo()
        return channels.search([("company_id", "=", self.company_id.id)]).mapped(
            "state"
        )

    def _clinic_works_as(self, group) -> bool:
        """Whether a person of the company has a role; the system's users are none."""
        domain = [
            ("all_group_ids", "in", group.ids),
            ("company_ids", "in", self.company_id.ids),
            ("share", "=", False),
        ]
        return bool(self.env["res.users"].sudo().search_count(domain, limit=1))

    def action_become_privacy_officer(self):
        """Give oneself the role without which no notice is published."""
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only who may change settings can do this."))
        self.env.user.group_ids = [Command.link(self.env.ref(_OFFICER).id)]
        return {"type": "ir.actions.client", "tag": "reload"}
