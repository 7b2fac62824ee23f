from odoo import models


class ResPartner(models.Model):
    """The gate says why a patient cannot be written to, and fixes it."""

    _inherit = "res.partner"

    def _standing_reasons(self):
        known = super()._standing_reasons()
        return {**known, **self.env["whatsapp.clinic.gate"]._standing_reasons(self)}

    def _why_not(self):
        return super()._why_not() or self.env["whatsapp.clinic.gate"]._why_not(self)

    def _fix(self):
        super()._fix()
        return self.env["whatsapp.clinic.gate"]._fix(self)
