from odoo import models
from odoo.fields import Domain


class ResUsers(models.Model):
    """Who visits a branch is a patient of who works there."""

    _inherit = "res.users"

    def _patients_of_branches(self):
        """With those who really visit where the user works."""
        mine = Domain("branch_id.member_ids", "in", self.ids)
        visiting = Domain("appointment_ids", "any", mine & Domain("is_real", "=", True))
        return list(Domain(super()._patients_of_branches()) | visiting)
