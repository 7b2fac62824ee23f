from datetime import timedelta

from odoo import api, models

from ..gate.gate import Check
from ..gate.verdict import hold, refuse

# How long a row waits for what its rule makes of it; rows are planned in slices.
REPLANNED = timedelta(minutes=1)


class Gate(models.AbstractModel):
    """What a rule wrote is let go only while the rule wants it."""

    _inherit = "whatsapp.clinic.gate"

    @api.model
    def _checks(self):
        return [*super()._checks(), Check(25, "rule", self._check_rule)]

    @api.model
    def _load_facts(self, messages, now):
        """With `replanned`: ids of messages that are still to be planned again."""
        facts = super()._load_facts(messages, now)
        return {**facts, "replanned": self._replanned(messages, facts["subjects"])}

    @api.model
    def _replanned(self, messages, subjects: dict) -> set[int]:
        behind = messages.filtered(
            lambda one: (
                one.id in subjects
                and one.rule_id
                and one.plan_version != one.rule_id._version_about(subjects[one.id])
            )
        )
        if not behind:
            return set()
        branches = {one.id: subjects[one.id].branch_id for one in behind}
        every = self.env["whatsapp.clinic.branch"].union(*branches.values())
        plannings = self.env["whatsapp.clinic.message.planning"]
        # What did not wait when it was planned, and is sent again, is not behind.
        rules_left, branches_left = plannings._left(behind.rule_id, every)
        return {
            one.id
            for one in behind
            if one.rule_id in rules_left or branches[one.id] in branches_left
        }

    @api.model
    def _check_rule(self, message, facts):
        subject = facts.subjects.get(message.id)
        if not subject:
            return None
        if not message.is_automatic:
            return self._check_words_of_rules(message, subject)
        if not message.rule_id:
            return refuse("obsolete")
        if message.id in facts.replanned:
            return hold("replanning", facts.now + REPLANNED)
        objection = message.rule_id._objection_to(subject)
        return refuse(objection) if objection else None

    @api.model
    def _check_words_of_rules(self, message, subject):
        """What rules say of something is not said by hand where it is not so."""
        objection = subject._objection_to_words_of_rules()
        rules = self.env["whatsapp.clinic.message.rule"]
        if objection and rules._all_sending(message.template_id):
            return refuse(objection)
        return None
