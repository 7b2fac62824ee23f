from odoo import api, fields, models
from odoo.exceptions import UserError

from ..cloud_api.payloads import TEXT_BODY, PayloadError
from ..models.messaging.message import (
    FAILED_STATES,
    LEFT_STATES,
    NEXT_STEPS,
    OPEN_STATES,
    PRIORITY_ANSWER,
    REASONS,
)
from ..models.messaging.undo import tell_sent, tell_stopped
from ..tools.access import require_group


class MessageReply(models.TransientModel):
    """Takes what staff answer to a patient's message."""

    _name = "whatsapp.clinic.message.reply"
    _description = "Reply to a WhatsApp Message"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

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
    answer_id = fields.Many2one(
        "whatsapp.clinic.message", "Sent", readonly=True, help="What was sent with it."
    )
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

    def action_send(self) -> dict:
        """Put the answer in the queue, once; UserError for what cannot be sent."""
        self.ensure_one()
        require_group(self.env, "group_receptionist", "group_practitioner")
        self.message_id.check_access("read")
        leaves_at = self.message_id.company_id._undo_until()
        if not self.answer_id:
            self.answer_id = self._queue()
            self.answer_id.sudo()._leave_not_before(leaves_at)
        answer = self.answer_id.sudo()
        told = self.env._("Queued: %s.", 1)
        return tell_sent(self, told, leaves_at, answer.state in OPEN_STATES)

    def action_undo(self) -> dict:
        """Stop the answer if it has not left, and show again what was written."""
        self.ensure_one()
        answer = self.answer_id
        if answer.state in OPEN_STATES:
            answer.action_cancel()
        if answer.state in LEFT_STATES:
            return tell_stopped(self.env, 1)
        self.answer_id = False
        return tell_stopped(self.env, 0, self)

    def _queue(self):
        if not (self.body or "").strip():
            raise UserError(self.env._("Please write something first."))
        answer = self.message_id.sudo()._reply(self.body, PRIORITY_ANSWER)
        if answer.state in FAILED_STATES:
            reason = dict(answer._fields["reason"]._description_selection(self.env))
            told = (reason[answer.reason], answer.next_step)
            raise UserError(" ".join(filter(None, told)))
        try:
            answer._render(1)
        except PayloadError as error:
            raise UserError(
                self.env._("WhatsApp would refuse this text: %s", error)
            ) from error
        return answer
