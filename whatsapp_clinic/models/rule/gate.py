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
        subject = facts.subjects.get(message.id)
        if verdict or not subject:
            return verdict
        if not rule:
            return self._check_words_of_rules(message, subject)
        is_behind = message.plan_version != rule._version_about(subject)
        # What did not wait when it was planned, and is sent again, is not behind.
        if is_behind and self.env["whatsapp.clinic.message.planning"]._is_left(
            rule, subject.branch_id
        ):
            return hold("replanning", facts.now + REPLANNED)
        objection = rule._objection_to(subject)
        return refuse(objection) if objection else None

    @api.model
    def _check_words_of_rules(self, message, subject):
        """What rules say of something is not said by hand where it is not so."""
        objection = subject._objection_to_words_of_rules()
        rules = self.env["whatsapp.clinic.message.rule"]
        if objection and rules._all_sending(message.template_id):
            return refuse(objection)
        return None
