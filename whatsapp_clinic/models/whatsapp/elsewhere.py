"""What is said beside the API: in the WhatsApp Business app, or by Meta's own agent."""

from ...cloud_api import webhooks
from ...tools.text import clean_text
from ..vocabulary.kinds import ASKING_NOTHING
from .events import message as neutral_message

# What WhatsApp says of a message of the past, of ours (Cloud API, history webhook).
_PAST_STATES = {
    "DELIVERED": "delivered",
    "ERROR": "failed",
    "PLAYED": "read",
    "READ": "read",
}


class Elsewhere:
    """Keeps what is said outside of Odoo between a channel and somebody."""

    def __init__(self, channel, identity):
        self.channel = channel
        self.identity = identity
        self.messages = channel.env["whatsapp.clinic.message"]

    def receive_echo(self, event: webhooks.MessageEcho):
        """Store what was written elsewhere: it is an answer as one from here is."""
        values = {"direction": "out", "state": "sent", "origin": event.origin}
        self._receive(event.message, values)._settle_questions()

    def receive_past(self, event: webhooks.PastMessage, known):
        """Store a message of the app's history; `known` is its row if there is one."""
        if known:
            self._fill_in(known, event.message)
            return
        values = {"is_history": True}
        if event.is_ours:
            state = _PAST_STATES.get((event.status or "").upper(), "sent")
            values |= {"direction": "out", "state": state, "origin": "app"}
        self._receive(event.message, values)

    def _receive(self, told: webhooks.InboundMessage, values: dict):
        event = neutral_message(told)
        said = self.messages._said_values(self.channel, self.identity, event)
        message = self.messages.create({**said, **values})
        if message.direction == "out":
            message.sent_at = message.occurred_at
        message._connect(event)
        return message

    def _fill_in(self, known, told: webhooks.InboundMessage):
        """The file comes of which only that there was one was told."""
        if known.kind == "media_placeholder" and told.kind != known.kind:
            event = neutral_message(told)
            body = clean_text(event.text or "")
            known.write({**known._content_values(event), "body": body})
            known._keep_media(event)

    def receive_handover(self, event: webhooks.Handover):
        """Note who answers from now on, once."""
        change = "to_agent" if event.to_agent else "to_clinic"
        last = self.messages.search(
            [
                ("identity_id", "=", self.identity.id),
                ("channel_id", "=", self.channel.id),
                ("direction", "=", "in"),
            ],
            order="occurred_at desc, id desc",
            limit=1,
        )
        if (last.content or {}).get("change") == change:
            return
        between, at = (self.channel, self.identity), event.timestamp
        news = self.messages.create(
            {
                **self.messages._inbound_values(*between, at),
                "kind": "system",
                "partner_id": self.messages._patient_meant(*between, at).id,
                "content": {"change": change},
                "is_standby": event.to_agent,
            }
        )
        if not event.to_agent:
            self._ask_clinic(news, event.asks_for_person)

    def _ask_clinic(self, news, asks_for_person: bool):
        """What the patient said last to Meta's agent waits for the clinic from now on.

        Unless the agent has answered it, and does not ask for a person.
        """
        said = [
            ("identity_id", "=", self.identity.id),
            ("channel_id", "=", self.channel.id),
            ("occurred_at", "<=", news.occurred_at),
        ]
        asked = self.messages.search(
            [
                *said,
                ("direction", "=", "in"),
                ("is_standby", "=", True),
                ("kind", "not in", ASKING_NOTHING),
            ],
            order="occurred_at desc, id desc",
            limit=1,
        )
        answer = [
            *said,
            ("origin", "=", "agent"),
            ("occurred_at", ">=", asked.occurred_at),
        ]
        is_answered = not asks_for_person and self.messages.search_count(
            answer, limit=1
        )
        if asked and not asked._obeyed and not is_answered:
            asked.write({"awaits_answer": True, "answered_at": False})
            asked._settle(asked.identity_id)
            asked._tell_staff(is_new=True)
