from odoo import api, models


class Inbound(models.AbstractModel):
    """Who wants no advertising gets none, whichever way the messenger says so."""

    _inherit = "whatsapp.clinic.inbound"

    @api.model
    def _on_advertising_refused(self, identity, source, at, company, **proof):
        result = super()._on_advertising_refused(identity, source, at, company, **proof)
        answers = self.env["whatsapp.clinic.chat.answers"]
        answers._stop_advertising(identity, source, at, company, **proof)
        return result
