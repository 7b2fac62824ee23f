from odoo import api, models

from ..gate.verdict import refuse


class Gate(models.AbstractModel):
    """What a rule wrote is let go only while the rule wants it."""

    _inherit = "whatsapp.clinic.gate"

    @api.model
    def _check_subject(self, message, facts):
        verdict, rule = super()._check_subject(message, facts), message.rule_id
        if verdict or not rule:
            return verdict
        objection = rule._objection_to(facts.subjects[message.id])
        return refuse(objection) if objection else None
