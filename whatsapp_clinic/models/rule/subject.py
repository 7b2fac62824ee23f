from odoo import models


class Subject(models.AbstractModel):
    """What rules write follows what it is about."""

    _inherit = "whatsapp.clinic.message.subject"

    def _plan_messages(self):
        result = super()._plan_messages()
        self.env["whatsapp.clinic.message.rule"]._plan(self)
        return result

    def _templates_telling(self, anchor: str):
        rules = self.env["whatsapp.clinic.message.rule"]._telling(self, anchor)
        return rules.template_id | super()._templates_telling(anchor)
