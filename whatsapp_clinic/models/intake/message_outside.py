from datetime import timedelta

from odoo import api, fields, models

from ..message.message import BY_HAND
from ..vocabulary.states import LEFT_STATES

# WhatsApp's clock counts whole seconds, and is not ours.
CLOCK_SKEW = timedelta(seconds=5)

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
