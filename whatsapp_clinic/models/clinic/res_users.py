from odoo import fields, models
from odoo.fields import Domain


class ResUsers(models.Model):
    """What record rules ask about a user, and where they start."""

    _inherit = "res.users"

    clinic_starts_here = fields.Boolean(
        "Start with My Visits",
        default=True,
        help="After logging in: practitioners see their day, reception the calendar. "
        "A home action that was chosen comes first.",
    )

    def _sees_all_branches(self) -> bool:
        """Whether the user sees every branch of the companies they are in."""
        return self.has_group("whatsapp_clinic.group_manager") or self.has_group(
            "whatsapp_clinic.group_privacy_officer"
        )

    def _patients_of_branches(self) -> list:
        """Domain of contacts who are at home where the user works.

        Who has no home branch yet is every branch's.
        """
        return list(
            Domain("clinic_branch_id", "=", False)
            | Domain("clinic_branch_id.member_ids", "in", self.ids)
        )

    def _branches(self):
        """The branches in which the user works."""
        branches = self.env["whatsapp.clinic.branch"].sudo()
        mine = [("member_ids", "in", self.ids)]
        return branches.with_context(active_test=False).search(mine)

    def _is_of_all_companies(self) -> bool:
        """Whether what all companies share is the user's to change."""
        others = [("id", "not in", self.sudo().company_ids.ids)]
        return not self.env["res.company"].sudo().search_count(others, limit=1)

    def _practitioner_resources(self) -> list[int]:
        """Whose time off a manager of the clinic enters."""
        practitioners = self.env["whatsapp.clinic.practitioner"].sudo()
        every = practitioners.with_context(active_test=False)
        return every.search([("resource_id", "!=", False)]).resource_id.ids

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "clinic_starts_here"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, "clinic_starts_here"]

    def _clinic_home(self):
        """The page that a user's role begins with; none for who has no such role."""
        if self.has_group("whatsapp_clinic.group_practitioner"):
            return self.env.ref("whatsapp_clinic.my_day_action").sudo()
        if self.has_group("whatsapp_clinic.group_receptionist"):
            return self.env.ref("whatsapp_clinic.appointment_action").sudo()
        if self.has_group("whatsapp_clinic.group_privacy_officer"):
            return self.env.ref("whatsapp_clinic.consent_action").sudo()
        return self.env["ir.actions.act_window"]
