from odoo import models


class Message(models.Model):
    """What asks for consent is a question from when it leaves, whoever sends it."""

    _inherit = "whatsapp.clinic.message"

    def _render(self, attempts):
        if self.template_id.asks_consent:
            self.env["whatsapp.clinic.consent.question"]._mark(self)
        return super()._render(attempts)
