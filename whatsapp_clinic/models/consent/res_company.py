from odoo import api, fields, models

CONTENT_CHECKS = [
    ("off", "Nothing"),
    ("warn", "Send, and note it on the message"),
    ("block", "Refuse the message"),
]


class ResCompany(models.Model):
    """What the clinic's lawyer decides for a company."""

    _inherit = "res.company"

    clinic_refuse_unrecorded_transfer = fields.Boolean(
        "Refuse while a Transfer Is Unrecorded",
        help="A channel without its standard contract and the date of its notification "
        "sends nothing.",
    )
    clinic_content_check = fields.Selection(
        CONTENT_CHECKS,
        "Content That Should Not Leave",
        default="block",
        required=True,
        help="What happens to a message with a national id, a card number, a field "
        "marked as diagnosis or, where chosen, the practitioner's specialty.",
    )
    clinic_check_specialty = fields.Boolean(
        "The Specialty Should Not Leave",
        help="A specialty tells what somebody is treated for.",
    )
    clinic_hides_deleted = fields.Boolean(
        "Hide What Patients Delete",
        default=True,
        help="Only the privacy officer still reads a message that a patient deleted.",
    )
    clinic_diagnosis_field_ids = fields.Many2many(
        "ir.model.fields",
        "whatsapp_clinic_diagnosis_field",
        string="Fields Marked as Diagnosis",
        domain=lambda self: [("model", "in", self._models_with_diagnoses())],
        help="Their values never leave in a message, and no template may use them.",
    )

    @api.model
    def _models_with_diagnoses(self) -> list[str]:
        """Models of whose fields some may be marked as diagnosis."""
        return ["res.partner"]
