from odoo import models


class ResPartner(models.Model):
    """What was to come for a patient comes again when nothing stands against it."""

    _inherit = "res.partner"

    def _plan_messages(self):
        result = super()._plan_messages()
        self.env["whatsapp.clinic.message.rule"]._plan_for(self)
        return result
