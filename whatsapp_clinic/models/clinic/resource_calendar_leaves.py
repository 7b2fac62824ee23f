from odoo import fields, models


class ResourceCalendarLeaves(models.Model):
    """Days on which the clinic is closed may be those of some branches."""

    _name = "resource.calendar.leaves"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "resource.calendar.leaves"]

    clinic_branch_ids = fields.Many2many(
        "whatsapp.clinic.branch",
        "whatsapp_clinic_branch_closed_day",
        "leave_id",
        "branch_id",
        "Branches",
        help="Which branches are closed. Empty: every branch of the company.",
    )

    def _closes(self, branch) -> bool:
        """Whether nobody is seen at a branch meanwhile."""
        self.ensure_one()
        is_here = not self.clinic_branch_ids or branch in self.clinic_branch_ids
        return not self.resource_id and is_here
