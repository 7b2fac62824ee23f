from odoo import api, models

from ...tools import clock


class ConsentProof(models.Model):
    """An alarm is open while a row of evidence is not as it was written."""

    _inherit = "whatsapp.clinic.consent.proof"

    @api.model
    def _on_verified(self, broken):
        result = super()._on_verified(broken)
        causes = {0: (clock.now(), broken)} if broken else {}
        self.env["whatsapp.clinic.alarm"]._settle("evidence", causes)
        return result
