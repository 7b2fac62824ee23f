from odoo import Command, api, fields, models
from odoo.exceptions import AccessError

_OFFICER = "whatsapp_clinic.group_privacy_officer"
# The step that is done, and a record of the company that shows it.
_SHOWN_BY = {
    "clinic_step_branch": ("branch", [("channel_id", "!=", False)]),
    "clinic_step_notice": ("privacy.notice", [("published_at", "!=", False)]),
    "clinic_step_template": ("template", [("enabled", "=", True)]),
    "clinic_step_rule": ("message.rule", [("active", "=", True)]),
    "clinic_step_message": ("message", [("state", "in", ("delivered", "read"))]),
}
# In the order in which they are shown.
STEPS = (
    "clinic_step_number",
    "clinic_step_roles",
    "clinic_step_branch",
    "clinic_step_people",
    "clinic_step_notice",
    "clinic_step_template",
    "clinic_step_rule",
    "clinic_step_message",
)
_PEOPLE = ("practitioner", "appointment.type")


def _step(title: str):
    return fields.Boolean(title, compute="_compute_clinic_steps")


class ResConfigSettings(models.TransientModel):
    """Which of the first steps a clinic has done, read from what is there."""

    _inherit = "res.config.settings"

    clinic_step_number = _step("Connect a number")
    clinic_step_roles = _step("Give staff their roles")
    clinic_step_branch = _step("Add the branches")
    clinic_step_people = _step("Add practitioners and appointment types")
    clinic_step_notice = _step("Publish the privacy notice")
    clinic_step_template = _step("Submit the templates")
    clinic_step_rule = _step("Let reminders send themselves")
    clinic_step_message = _step("Send yourself a test message")
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

    @api.model
    def clinic_steps_left(self) -> dict | None:
        """For the banner: how many steps are done and what comes next.

        None where all are done, and for who may not do them.
        """
        if not self.env.user.has_group("base.group_system"):
            return None
        settings = self.new({"company_id": self.env.company.id})
        left = [name for name in STEPS if not settings[name]]
        if not left:
            return None
        field = self.env["ir.model.fields"]._get(self._name, left[0])
        return {
            "done": len(STEPS) - len(left),
            "count": len(STEPS),
            "next": field.field_description,
        }

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
        ]
        return bool(self.env["res.users"].sudo().search_count(domain, limit=1))

    def action_become_privacy_officer(self):
        """Give oneself the role without which no notice is published."""
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only who may change settings can do this."))
        self.env.user.group_ids = [Command.link(self.env.ref(_OFFICER).id)]
        return {"type": "ir.actions.client", "tag": "reload"}
