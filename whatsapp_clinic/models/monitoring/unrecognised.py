from odoo import models


class Unrecognised(models.Model):
    """The alarm about them ends when all were looked at."""

    _inherit = "whatsapp.clinic.unrecognised"

    def _on_looked_at(self):
        result = super()._on_looked_at()
        self.env["whatsapp.clinic.alarm"].sudo()._watch("unrecognised")
        return result
