from odoo import api, fields, models
from odoo.exceptions import UserError

from ..cloud_api.payloads import CAPTION, TEXT_BODY
from ..models.gate.content_refusal import tell_content
from ..models.outbox.undo import tell_sent, tell_stopped
from ..models.provider.door import NotAllowed, WrongLength
from ..models.vocabulary.priorities import PRIORITY_ANSWER
from ..models.vocabulary.reasons import REASON_SELECTION, next_step
from ..models.vocabulary.states import (
    FAILED_STATES,
    LEFT_STATES,
    OPEN_STATES,
    SAID_STATES,
)
from ..plain import file_types
from ..tools.access import require_group, unreadable

# What WhatsApp shows without a text beside it.
_WORDLESS = ("audio",)
# Messages of the conversation above the answer.
_SHOWN = 5
_EDITABLE = {"store": True, "readonly": False}


class MessageReply(models.TransientModel):
    """Takes what staff answer to a patient's message: a text, a file or a place."""

    _name = "whatsapp.clinic.message.reply"
    _description = "Reply to a WhatsApp Message"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    message_id = fields.Many2one(
        "whatsapp.clinic.message",
        required=True,
        ondelete="cascade",
        domain=[("direction", "=", "in")],
    )
    latest_ids = fields.Many2many(
        "whatsapp.clinic.message",
        compute="_compute_latest_ids",
        help="What was said last in the conversation, the newest at the end.",
    )
    content = fields.Selection(
        [("text", "Text"), ("file", "Photo or File"), ("place", "Place")],
        default="text",
        required=True,
    )
    body = fields.Text("Your Answer", help=f"Up to {TEXT_BODY:,} characters.")
    file = fields.Binary(help="A photo, a video, a sound or a document.")
    filename = fields.Char()
    place_name = fields.Char("Place", compute="_compute_place", **_EDITABLE)
    address = fields.Char(compute="_compute_place", **_EDITABLE)
    latitude = fields.Float(digits=(10, 7), compute="_compute_place", **_EDITABLE)
    longitude = fields.Float(digits=(10, 7), compute="_compute_place", **_EDITABLE)
    answer_id = fields.Many2one(
        "whatsapp.clinic.message", "Sent", readonly=True, help="What was sent with it."
    )
    objection = fields.Selection(REASON_SELECTION, compute="_compute_objection")
    next_step = fields.Char(compute="_compute_objection")
    can_use_template = fields.Boolean(compute="_compute_objection")

    @api.depends("message_id")
    @api.depends_context("uid")
    def _compute_latest_ids(self):
        self.message_id.check_access("read")
        for wizard in self:
            message = wizard.message_id
            latest = message.search(
                [
                    ("identity_id", "=", message.sudo().identity_id.id),
                    ("channel_id", "=", message.sudo().channel_id.id),
                    ("state", "in", SAID_STATES),
                ],
                order="due_at DESC, id DESC",
                limit=_SHOWN,
            )
            wizard.latest_ids = (latest | message).sorted(
                lambda one: (one.due_at, one.id)
            )

    @api.depends("message_id")
    def _compute_place(self):
        """The branch that the patient wrote to, else the patient's own."""
        self.message_id.check_access("read")
        for wizard in self:
            message = wizard.message_id.sudo()
            branch = message.branch_id or message.partner_id.clinic_branch_id
            address = branch.partner_id
            wizard.place_name = branch.name
            wizard.address = (address.contact_address_inline or "").strip(", ")
            wizard.latitude = address.partner_latitude
            wizard.longitude = address.partner_longitude

    @api.depends("message_id")
    @api.depends_context("lang")
    def _compute_objection(self):
        self.message_id.check_access("read")
        for wizard in self:
            wizard.objection = (
                wizard._is_told and wizard.message_id._objection_to_reply()
            )
            wizard.next_step = next_step(self.env, wizard.objection)
            is_too_late = wizard.objection == "window_closed"
            wizard.can_use_template = is_too_late and bool(wizard._patient)

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

    def action_use_template(self) -> dict:
        """Write with a template instead, which may be sent at any time."""
        self.ensure_one()
        self.message_id.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.composer_of_partner_action"
        )
        patient = self._patient
        context = {"active_model": patient._name, "active_ids": patient.ids}
        return {**action, "context": context}

    @property
    def _patient(self):
        """Who an answer is for, if they are still behind the number."""
        message = self.message_id.sudo()
        return message.partner_id & message.identity_id.partner_ids

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
        body, values = getattr(self, f"_take_{self.content}")()
        answer = self.message_id.sudo()._reply(body, PRIORITY_ANSWER, **values)
        if answer.state in FAILED_STATES and not self._is_told:
            raise unreadable(self.env)
        if answer.state in FAILED_STATES:
            reason = dict(answer._fields["reason"]._description_selection(self.env))
            is_about_content = answer.reason == "not_allowed" and answer.detail
            step = answer.detail if is_about_content else answer.next_step
            told = (reason[answer.reason], step)
            raise UserError(" ".join(filter(None, told)))
        if not answer.attachment_id:
            self._try_out(answer)
        return answer

    @property
    def _is_told(self) -> bool:
        """Whether the user looks after the patient, if one is known."""
        patient = self.message_id.sudo().partner_id.with_env(self.env)
        return not patient or patient._is_of_own_branch()

    def _try_out(self, answer):
        try:
            answer._render(1)
        except NotAllowed as error:
            raise UserError(tell_content(self.env, error)) from error

    def _take_text(self) -> tuple[str, dict]:
        if not (self.body or "").strip():
            raise UserError(self.env._("Please write something first."))
        return self.body, {}

    def _take_file(self) -> tuple[str, dict]:
        # sudo: the file was handed in with this form
        file = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_field", "=", "file"),
                    ("res_id", "=", self.id),
                ]
            )
        )
        if not file:
            raise UserError(self.env._("Choose a file first."))
        file.name = self.filename or file.name
        real = file_types.real_type(file.raw or b"", file.mimetype or "")
        # sudo: which messenger a number is of is no secret
        kind = self.message_id.sudo()._provider.kind_of_file(real)
        text = (self.body or "").strip()
        if text and kind in _WORDLESS:
            raise UserError(
                self.env._("A sound takes no text: send the text separately.")
            )
        if len(text) > CAPTION:
            too_long = WrongLength("caption", CAPTION, len(text))
            raise UserError(tell_content(self.env, too_long))
        return text, {"kind": kind, "attachment_id": file.id}

    def _take_place(self) -> tuple[str, dict]:
        if not (self.latitude or self.longitude):
            raise UserError(
                self.env._(
                    "Enter where the place is: latitude and longitude, as a map tells "
                    "them."
                )
            )
        place = {
            "latitude": self.latitude,
            "longitude": self.longitude,
            "name": self.place_name or "",
            "address": self.address or "",
        }
        return "", {"kind": "location", "content": {"location": place}}
