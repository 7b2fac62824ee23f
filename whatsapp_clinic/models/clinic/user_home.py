from odoo import fields, models


class ResUsers(models.Model):
    """Staff that sees its visits right after logging in."""

    _inherit = "res.users"

    clinic_starts_here = fields.Boolean(
        "Start with My Visits",
        default=True,
        help="After logging in: practitioners see their day, reception the calendar. "
        "A home action that was chosen comes first.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "clinic_starts_here"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, "clinic_starts_here"]

    def _clinic_home(self):
        """The page of visits that fits a user's role; none for who has no such role."""
        if self.has_group("whatsapp_clinic.group_practitioner"):
            return self.env.ref("whatsapp_clinic.my_day_action").sudo()
        if self.has_group("whatsapp_clinic.group_receptionist"):
            return self.env.ref("whatsapp_clinic.appointment_action").sudo()
        return self.env["ir.actions.act_window"]


class IrHttp(models.AbstractModel):
    """Where the web client starts."""

    _inherit = "ir.http"

    def session_info(self):
        info = super().session_info()
        user = self.env.user
        if not info.get("home_action_id") and user.clinic_starts_here:
            info["home_action_id"] = user._clinic_home().id
        return info
