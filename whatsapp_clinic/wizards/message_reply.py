from odoo import api, fields, models
from odoo.exceptions import UserError

from ..cloud_api.payloads import TEXT_BODY, PayloadError
from ..models.messaging.message import NEXT_STEPS, PRIORITY_ANSWER, REASONS
from ..tools.access import require_group


class MessageReply(models.TransientModel):
    """Takes what staff answer to a patient's message."""

    _name = "whatsapp.clinic.message.reply"
    _description = "Reply to a WhatsApp Message"

    message_id = fields.Many2one(
        "whatsapp.clinic.message",
        required=True,
        ondelete="cascade",
        domain=[("direction", "=", "in")],
    )
    received = fields.Text(
        "Patient's Message", related="message_id.body", related_sudo=False
    )
    body = fields.Text("Your Answer", help=f"Up to {TEXT_BODY:,} characters.")
    objection = fields.Selection(REASONS, compute="_compute_objection")
    next_step = fields.Char(compute="_compute_objection")

    @api.depends("message_id")
    @api.depends_context("lang")
    def _compute_objection(self):
        self.message_id.check_access("read")
        for wizard in self:
            wizard.objection = wizard.message_id._objection_to_reply()
            step = NEXT_STEPS.get(wizard.objection)
            wizard.next_step = step and self.env._(step)

    def action_send(self):
        """Put the answer in the queue; raises UserError for what cannot be sent."""
        self.ensure_one()
        require_group(self.env, "group_receptionist", "group_practitioner")
        self.message_id.check_access("read")
        if not (self.body or "").strip():
            raise UserError(self.env._("Please write something first."))
        answer = self.message_id.sudo()._reply(self.body, PRIORITY_ANSWER)
        if answer.state == "failed":
            reason = dict(answer._fields["reason"]._description_selection(self.env))
            told = (reason[answer.reason], answer.next_step)
            raise UserError(" ".join(filter(None, told)))
        try:
            answer._render(1)
        except PayloadError as error:
            raise UserError(
                self.env._("WhatsApp would refuse this text: %s", error)
            ) from error
        return {"type": "ir.actions.act_window_close"}
