from odoo import api, fields, models


class ResUsers(models.Model):
    """Staff that wants to see its visits right after logging in."""

    _inherit = "res.users"

    clinic_starts_here = fields.Boolean(
        "Start with My Visits",
        compute="_compute_clinic_starts_here",
        inverse="_inverse_clinic_starts_here",
        compute_sudo=True,
        help="After logging in: practitioners see their day, others the calendar.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "clinic_starts_here"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, "clinic_starts_here"]

    @api.depends("action_id")
    def _compute_clinic_starts_here(self):
        for user in self:
            user.clinic_starts_here = user.action_id.id == user._clinic_home().id

    def _inverse_clinic_starts_here(self):
        for user in self:
            home = user._clinic_home()
            if user.clinic_starts_here:
                user.sudo().action_id = home.id
            elif user.sudo().action_id.id == home.id:
                user.sudo().action_id = False

    def _clinic_home(self):
        """The page of visits that fits a user's role."""
        sees_patients = self.has_group("whatsapp_clinic.group_practitioner")
        name = "my_day_action" if sees_patients else "appointment_action"
        return self.env.ref(f"whatsapp_clinic.{name}").sudo()
