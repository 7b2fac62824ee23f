from odoo import models


class Consent(models.Model):
    """Other programs may name a patient by the number."""

    _inherit = "whatsapp.clinic.consent"

    def _patients_behind(self, phone):
        found = super()._patients_behind(phone)
        return found | found._patients_by_phone([phone]).get(phone, found)
