from odoo import api, models

from ...gate.gate import Check
from ...gate.verdict import refuse


class Gate(models.AbstractModel):
    """WhatsApp takes only templates that it has approved for the number's account."""

    _inherit = "whatsapp.clinic.gate"

    @api.model
    def _checks(self):
        return [*super()._checks(), Check(55, "approval", self._check_approval)]

    @api.model
    def _check_approval(self, message, _facts):
        template, channel = message.template_id, message.channel_id
        if not template or (channel and channel.provider != "whatsapp"):
            return None
        approvals = template._approvals_at(channel)
        if not approvals:
            return refuse("template_account")
        approval = approvals.filtered(lambda one: one._may_leave)[:1]
        if not approval:
            return refuse("template_not_approved")
        if approval.category != template.expected_category:
            return refuse("template_category", approval.category)
        return None
