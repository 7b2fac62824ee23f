from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_datetime

from ...tools import clock
from ...tools.parameter import number
from ...tools.text import clean_text, fold
from ..gate.gate_limits import AUTOMATIC_PERIOD
from ..provider import events
from ..vocabulary.actions import DECISIONS, STOPS, TAKEN_AS, TAPS
from ..vocabulary.priorities import PRIORITY_ANSWER
from ..vocabulary.states import UNSAID_STATES


class Message(models.Model):
    """What patients write and tap."""

    _inherit = "whatsapp.clinic.message"

    taken_as = fields.Selection(
        TAKEN_AS,
        help="What the patient's word or tap was taken for.",
    )
    notice_id = fields.Many2one(
        "whatsapp.clinic.privacy.notice",
        "Privacy Notice",
        ondelete="restrict",
        help="The version that the patient is shown with it.",
    )

    is_automatic_answer = fields.Boolean(
        "Answered Automatically",
        help="The clinic's software answered what a patient said.",
    )

    _automatic_answers = models.Index(
        "(identity_id, due_at) WHERE is_automatic_answer OR is_automatic"
    )
    _acts = models.Index("(identity_id, occurred_at) WHERE taken_as IS NOT NULL")
    _told_notice = models.Index("(identity_id, notice_id) WHERE notice_id IS NOT NULL")

    @api.model
    def _receive(self, channel, identity, event: events.Message):
        """Store a message of a patient."""
        message = self.create(self._said_values(channel, identity, event))
        message._learn_own_number(event)
        message._connect(event)
        return message

    @api.model
    def _said_values(self, channel, identity, event: events.Message) -> dict:
        """Columns of what a message says, whoever of the two sides wrote it."""
        return {
            **self._inbound_values(channel, identity, event.at),
            **self._content_values(event),
            "partner_id": self._patient_meant(channel, identity, event.at).id,
            "body": clean_text(event.text or ""),
            "message_id": clean_text(event.remote_id),
            "reply_to_id": self._quoted(channel, event.about).id,
            "is_standby": event.is_standby,
        }

    @api.model
    def _inbound_values(self, channel, identity, at) -> dict:
        """Columns of whatever comes from a patient, at a time as it was told."""
        at = clock.told(at)
        branch = channel.branch_ids if len(channel.branch_ids) == 1 else None
        return {
            "direction": "in",
            "state": "received",
            "channel_id": channel.id,
            "company_id": channel.company_id.id,
            "branch_id": branch and branch.id,
            "identity_id": identity.id,
            "occurred_at": at,
            "due_at": at,
        }

    @api.model
    def _quoted(self, channel, message_id: str | None):
        if not message_id:
            return self.browse()
        return self.search(
            [
                ("channel_id", "=", channel.id),
                ("message_id", "=", clean_text(message_id)),
            ]
        )

    @api.model
    def _receive_call(self, channel, identity, event: events.Call):
        """Note that a patient called: it opens the window as a message does."""
        return self.create(
            {
                **self._inbound_values(channel, identity, event.at),
                "kind": "call",
                "partner_id": self._patient_meant(channel, identity, event.at).id,
                "message_id": clean_text(event.remote_id),
            }
        )

    def _act_at(self):
        """When the patient acted (naive UTC), by WhatsApp's clock."""
        self.ensure_one()
        return clock.believed(self.occurred_at)

    @property
    def _told_kind(self) -> str:
        """What it is for the patient: a correction is what it corrects."""
        if self.kind != "edit":
            return self.kind
        return self.reply_to_id.kind or "text"

    @property
    def _quotable(self):
        """What an answer refers to: the patient sees a correction in its place."""
        return (self.kind == "edit" and self.reply_to_id) or self

    def _reply(self, body: str, priority: int = PRIORITY_ANSWER, **values):
        """Queue a text to who wrote this message; returns the row."""
        self.ensure_one()
        return self._enqueue(
            [{**self._reply_values(), "body": body, "priority": priority, **values}]
        )

    def _with_notice_link(self, body: str, lang: str | None = None):
        """An automatic answer that also tells where the privacy notice is.

        Once for each identity and version of the notice. Returns the text and the
        notice, for `notice_id` of the row; no notice where it needs no telling.
        """
        self.ensure_one()
        notice = self.env["whatsapp.clinic.privacy.notice"]._current(self.company_id)
        told = [
            ("identity_id", "=", self.identity_id.id),
            ("notice_id", "=", notice.id),
            ("state", "not in", UNSAID_STATES),
        ]
        if not notice or self.sudo().search_count(told, limit=1):
            return body, notice.browse()
        line = self.env["whatsapp.clinic.answer.text"]._text(
            "notice", lang, notice=notice._url()
        )
        return "\n\n".join(filter(None, (body, line))), notice

    def _is_told_enough(self, body: str, is_capped: bool = True) -> bool:
        """Whether who wrote this was told the same lately, or enough for this hour.

        `is_capped`: whether the channel's cap for automatic messages counts as well.
        """
        self.ensure_one()
        said = self._said_by_itself(timedelta(hours=number(self.env, "answer_hours")))
        answers = said.filtered("is_automatic_answer").mapped("body")
        # The privacy notice's address may stand below.
        if any(f"{one}\n\n".startswith(f"{body}\n\n") for one in answers):
            return True
        cap = self.channel_id.automatic_per_hour
        is_full = bool(cap) and len(self._said_by_itself(AUTOMATIC_PERIOD)) >= cap
        return is_capped and is_full

    def _said_by_itself(self, period: timedelta):
        """What rules and answers wrote to this number lately, or are about to."""
        return self.sudo().search(
            [
                "|",
                ("is_automatic_answer", "=", True),
                ("is_automatic", "=", True),
                ("identity_id", "=", self.identity_id.id),
                ("channel_id", "=", self.channel_id.id),
                ("due_at", ">", clock.now() - period),
                ("due_at", "<=", clock.now()),
                ("state", "not in", UNSAID_STATES),
            ]
        )

    def _objection_to_reply(self) -> str | None:
        """Why an answer could not be sent now (a name in `vocabulary.reasons`)."""
        self.ensure_one()
        values = {**self.sudo()._reply_values(), "by_hand": True}
        answer = self.new({**values, "due_at": clock.now()})
        verdicts = self.env["whatsapp.clinic.gate"].sudo()._judge(answer)
        return verdicts[answer.id].reason

    def _reply_values(self) -> dict:
        purpose = self.env.ref("whatsapp_clinic.purpose_conversation")
        # Who left this number is not who wrote.
        patient = self.partner_id & self.identity_id.partner_ids
        return {
            "channel_id": self.channel_id.id,
            "company_id": self.company_id.id,
            "branch_id": self.branch_id.id,
            "identity_id": self.identity_id.id,
            "partner_id": patient.id,
            "purpose_id": purpose.id,
            "reply_to_id": self._quotable.id,
        }

    def _offers(self, action: str) -> bool:
        """Whether a message of the clinic has a button of this action."""
        own = [one for one, _title in self.buttons or []]
        return action in (*own, *self.template_id.button_ids.mapped("action"))

    def _action_titled(self, text: str) -> str | None:
        """What the only button does that has a text as its title, however written."""
        of_template = self.template_id.button_ids
        buttons = [
            *(self.buttons or []),
            *((button.action, button.text) for button in of_template),
        ]
        said = fold(text)
        found = {
            action
            for action, title in buttons
            if said and action != "none" and fold(title or "") == said
        }
        return found.pop() if len(found) == 1 else None

    def _told_of_tap(self, action: str) -> dict:
        """The title of a tapped button, and which message it stood under.

        The message by its template or kind and when it was sent, never by its text.
        """
        self.ensure_one()
        buttons = self.template_id.button_ids.filtered(
            lambda button: button.action == action
        )
        title = dict(self.buttons or []).get(action) or buttons[:1].text or action
        name = self.template_id.display_name or self.kind_label
        branch = self._subjects(self.res_model).branch_id or self.branch_id
        at = self.sent_at or self.due_at
        when = format_datetime(self.env, at, tz=branch.tz, dt_format="short")
        return {"button": title, "message": f"{name}, {when}"}

    @api.model
    def _is_tap(self, payload: str) -> bool:
        """Whether a payload is one of ours: `<action>:<key of the outbox row>`."""
        action, colon, _key = payload.partition(":")
        return bool(colon) and action in dict(TAPS)

    def _act_on_tap(self, payload: str):
        """Do what the tapped button says.

        It is obeyed only when it comes from the number that the row went to. What is
        about a visit or the like is done once, and answered with what holds now.
        """
        self.ensure_one()
        action, _colon, key = payload.partition(":")
        row = self.search([("key", "=", key), ("direction", "=", "out")])
        if not row or row.identity_id != self.identity_id:
            # Whoever it is wants no more of them.
            if action in STOPS:
                self.env["whatsapp.clinic.chat.answers"]._obey(self, action)
            else:
                self._await_answer()
            return
        self.write({"reply_to_id": row.id, "partner_id": row.partner_id.id})
        if self.body == payload:
            # WhatsApp did not tell the title.
            self.body = row._told_of_tap(action)["button"]
        if action in DECISIONS:
            if row.asked_purpose_id:
                question = self.env["whatsapp.clinic.consent.question"]
                question._take_answer(row, self, action)
            else:
                self._await_answer()
            return
        is_repeated = row.tapped == action
        row.tapped = action
        if action in (*STOPS, "wrong_person"):
            self.env["whatsapp.clinic.chat.answers"]._obey(self, action)
        elif subject := row._subjects(row.res_model):
            self._act_on_subject(subject, row, action, is_repeated)

    def _act_on_subject(self, subject, row, action: str, is_repeated: bool):
        """Obey a tap on a message about a visit or the like, and tell what holds now.

        Who it was sent to by mistake only hears that it was one.
        """
        if row.partner_id == subject._recipient():
            self.write({"res_model": row.res_model, "res_id": row.res_id})
            if not is_repeated:
                subject._obey_patient(action, row)
        code = subject._what_holds(row.partner_id, row.subject_version, action)
        if code:
            chat = self.env["whatsapp.clinic.chat.answers"]
            chat._answer_tap(self, code, subject)
