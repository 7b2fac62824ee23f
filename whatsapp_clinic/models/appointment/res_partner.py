from odoo import fields, models

from ...tools.ruled_lines import RuledOne2many
from ..patient.res_partner import CLINIC_STAFF


class ResPartner(models.Model):
    """A patient's visits: whoever sees the patient looks after them."""

    _inherit = "res.partner"

    appointment_ids = RuledOne2many(
        "whatsapp.clinic.appointment", "partner_id", "Appointments", groups=CLINIC_STAFF
    )
    clinic_appointment_count = fields.Integer(
        compute="_compute_clinic_appointment_count", groups=CLINIC_STAFF
    )

    def _compute_clinic_appointment_count(self):
        counted = dict(
            self.env["whatsapp.clinic.appointment"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.clinic_appointment_count = counted.get(partner._origin, 0)

    def action_open_clinic_appointments(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.appointment_action"
        )
        return {
            **action,
            "domain": [("partner_id", "=", self.id)],
            "context": {"default_partner_id": self.id},
            "view_mode": "list,form,calendar",
        }

    def _ask_for_number(self):
        result = super()._ask_for_number()
        self.env["whatsapp.clinic.appointment"]._ask_for_number(self)
        return result

    def _is_of_clinic(self):
        return super()._is_of_clinic() or bool(self.appointment_ids)

    def _clinic_branches(self):
        """With those of their visits."""
        visits = self.appointment_ids.filtered(lambda one: one.state != "cancelled")
        return super()._clinic_branches() | visits.branch_id

    def _usual_branch(self):
        """Without a home it is where the last visit is."""
        last = self.appointment_ids.sorted("start")[-1:]
        return super()._usual_branch() or last.branch_id

    def _to_call_about(self):
        """Their next visit, else as ever."""
        coming = self.env["whatsapp.clinic.appointment"].sudo()._coming_of(self)
        return coming.sorted("start")[:1] or super()._to_call_about()
