from odoo import models


class ResPartner(models.Model):
    """A patient who is expected."""

    _inherit = "res.partner"

    def _ask_for_number(self):
        result = super()._ask_for_number()
        self.env["whatsapp.clinic.appointment"]._ask_for_number(self)
        return result
