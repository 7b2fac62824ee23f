from odoo import fields, models


class ConsentRequest(models.Model):
    """Before which visit a patient is asked."""

    _inherit = "whatsapp.clinic.consent.request"

    appointment_id = fields.Many2one(
        "whatsapp.clinic.appointment", ondelete="set null", index="btree_not_null"
    )

    def _asked_again(self) -> dict:
        visit = {"default_appointment_id": self.appointment_id.id}
        return {**super()._asked_again(), **visit}
