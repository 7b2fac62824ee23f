from odoo import api, models


class Consent(models.Model):
    """Who looks after a patient enters what they decided."""

    _inherit = "whatsapp.clinic.consent"

    @api.model
    def _enter(self, acts):
        """AccessError for a patient whom another branch or company looks after."""
        people = self.env["res.partner"].browse({one["partner_id"] for one in acts})
        people._check_looked_after()
        return super()._enter(acts)
