from datetime import timedelta

from odoo import api, models

from ..gate.verdict import hold, refuse

# How long a row waits for what its rule makes of it; rows are planned in slices.
REPLANNED = timedelta(minutes=1)


class Gate(models.AbstractModel):
    """What a rule wrote is let go only while the rule wants it."""

    _inherit = "whatsapp.clinic.gate"

    @api.model
    def _check_subject(self, message, facts):
        verdict, rule = super()._check_subject(message, facts), message.rule_id
        if verdict or not rule:
            return verdict
        subject = facts.subjects[message.id]
        if message.plan_version != rule._version_about(subject):
            return hold("replanning", facts.now + REPLANNED)
        objection = rule._objection_to(subject)
        return refuse(objection) if objection else None
