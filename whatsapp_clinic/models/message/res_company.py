from odoo import api, models


class ResCompany(models.Model):
    """What messages are about may have fields that tell a diagnosis."""

    _inherit = "res.company"

    @api.model
    def _models_with_diagnoses(self) -> list[str]:
        subjects = self.env["whatsapp.clinic.message.subject"]._models()
        return [*super()._models_with_diagnoses(), *subjects]
