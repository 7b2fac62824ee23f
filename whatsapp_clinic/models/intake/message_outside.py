from datetime import timedelta

from odoo import api, fields, models

from ...cloud_api.webhooks import clean_text
from ..message.message import BY_HAND
from ..vocabulary.kinds import ASKING_NOTHING
from ..vocabulary.states import LEFT_STATES

# WhatsApp's clock counts whole seconds, and is not ours.
CLOCK_SKEW = timedelta(seconds=5)

# What WhatsApp says of a message of the past, of ours (Cloud API, history webhook).
PAST_STATES = {
    "DELIVERED": "delivered",
    "ERROR": "failed",
    "PLAYED": "read",
    "READ": "read",
}
# The last thing said from here and elsewhere, by the clock of each; naive UTC.
_SAID_LAST = """
    (SELECT TRUE, id FROM whatsapp_clinic_message
     WHERE identity_id = %(identity)s AND direction = 'out' AND kind <> 'reaction'
       AND state = ANY(%(left)s)
       AND claimed_at > %(after)s AND claimed_at <= %(until_here)s
     ORDER BY claimed_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT FALSE, id FROM whatsapp_clinic_message
     WHERE identity_id = %(identity)s AND direction = 'out' AND kind <> 'reaction'
       AND state = ANY(%(left)s) AND origin IS NOT NULL
       AND occurred_at > %(after)s AND occurred_at <= %(until)s
     ORDER BY occurred_at DESC, id DESC LIMIT 1)
"""


class Message(models.Model):
    """What is said outside of Odoo: in the WhatsApp Business app, by Meta's own agent,
    or before the number was connected."""

    _inherit = "whatsapp.clinic.message"

    origin = fields.Selection(
        [("app", "WhatsApp Business App"), ("agent", "Meta's AI Agent")],
        "Written In",
        readonly=True,
        help="Where a message of the clinic comes from that was not sent from here.",
    )
    is_standby = fields.Boolean(
        "For Meta's AI Agent",
        readonly=True,
        help="Meta's own agent answered the patient when this came; nothing is "
        "sent automatically meanwhile.",
    )
    is_history = fields.Boolean(
        "From the App's History",
        readonly=True,
        help="It was said before the number was connected.",
    )
    by_hand = fields.Boolean(
        readonly=True, help="Somebody pressed a button to have it sent."
    )

    _standby = models.Index("(channel_id, occurred_at) WHERE is_standby")

    @api.model
    def _enqueue(self, vals_list):
        by_hand = bool(self.env.context.get(BY_HAND))
        return super()._enqueue([{"by_hand": by_hand, **vals} for vals in vals_list])

    @api.model
    def _receive_echo(self, channel, identity, event):
        """Store what was written elsewhere (`cloud_api.webhooks.MessageEcho`).

        It is an answer as one from here is.
        """
        values = {"direction": "out", "state": "sent", "origin": event.origin}
        message = self._receive_outside(channel, identity, event.message, values)
        message._settle_questions()
        return message

    @api.model
    def _receive_past(self, channel, identity, event):
        """Store a message of the app's history (`cloud_api.webhooks.PastMessage`)."""
        values = {"is_history": True}
        if event.is_ours:
            state = PAST_STATES.get((event.status or "").upper(), "sent")
            values |= {"direction": "out", "state": state, "origin": "app"}
        return self._receive_outside(channel, identity, event.message, values)

    @api.model
    def _receive_outside(self, channel, identity, event, values: dict):
        said = self._said_values(channel, identity, event)
        message = self.create({**said, **values})
        if message.direction == "out":
            message.sent_at = message.occurred_at
        message._connect(event)
        return message

    def _fill_in(self, event):
        """The file comes of which only that there was one was told."""
        self.ensure_one()
        if self.kind == "media_placeholder" and event.kind != self.kind:
            body = clean_text(event.text or "")
            self.write({**self._content_values(event), "body": body})
            self._keep_media(event)

    @property
    def _said_at(self):
        """When what the clinic says left: by our clock, or WhatsApp's (naive UTC)."""
        return self.claimed_at or self.occurred_at

    def _said_last(self, period: timedelta):
        """What the clinic said last to who wrote this, within a period before it.

        By whichever of its numbers, from here, in the WhatsApp Business app or by
        Meta's agent. Where two clocks do not tell which was later, it is what was not
        said from here: that offers nothing to agree to or to confirm.
        """
        self.ensure_one()
        self.flush_model(["state", "claimed_at", "occurred_at"])
        # Asked for every text: two searches cost a quarter of taking it in.
        self.env.cr.execute(
            _SAID_LAST,
            {
                "identity": self.identity_id.id,
                "left": list(LEFT_STATES),
                "after": self.occurred_at - period,
                "until": self.occurred_at,
                "until_here": self.occurred_at + CLOCK_SKEW,
            },
        )
        found = {is_here: row_id for is_here, row_id in self.env.cr.fetchall()}
        here, elsewhere = self.browse(found.get(True)), self.browse(found.get(False))
        if here and elsewhere:
            is_before = elsewhere._said_at + CLOCK_SKEW < here._said_at
            return here if is_before else elsewhere
        return here or elsewhere

    @api.model
    def _receive_handover(self, channel, identity, event):
        """Note who answers from now on (`cloud_api.webhooks.Handover`), once."""
        change = "to_agent" if event.to_agent else "to_clinic"
        last = self.search(
            [
                ("identity_id", "=", identity.id),
                ("channel_id", "=", channel.id),
                ("direction", "=", "in"),
            ],
            order="occurred_at desc, id desc",
            limit=1,
        )
        if (last.content or {}).get("change") == change:
            return last
        news = self.create(
            {
                **self._inbound_values(channel, identity, event),
                "kind": "system",
                "partner_id": self._patient_meant(channel, identity, event).id,
                "content": {"change": change},
                "is_standby": event.to_agent,
            }
        )
        if not event.to_agent:
            news._ask_clinic(event.asks_for_person)
        return news

    def _ask_clinic(self, asks_for_person: bool):
        """What the patient said last to Meta's agent waits for the clinic from now on.

        Unless the agent has answered it, and does not ask for a person.
        """
        self.ensure_one()
        said = [
            ("identity_id", "=", self.identity_id.id),
            ("channel_id", "=", self.channel_id.id),
            ("occurred_at", "<=", self.occurred_at),
        ]
        asked = self.search(
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
        is_answered = not asks_for_person and self.search_count(answer, limit=1)
        if asked and not asked._obeyed and not is_answered:
            asked.write({"awaits_answer": True, "answered_at": False})
            self._settle(asked.identity_id)
            self._tell_staff(is_new=True)
