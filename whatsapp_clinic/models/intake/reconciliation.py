from datetime import timedelta

from odoo import api, models

from ...cloud_api.errors import NO_CODE, CallFailed
from ...cloud_api.webhooks import EventError, StatusUpdate
from ...tools import clock
from ...tools.transaction import begin_anew
from ..provider.connection import channel_client

# Statuses come within seconds; after this a webhook may have been lost.
OVERDUE = timedelta(hours=1)
# Older ones say nothing that anybody waits for.
RELEVANT = timedelta(days=3)
BATCH = 50


class Reconciliation(models.AbstractModel):
    """Asks WhatsApp what became of messages of which no webhook said anything.

    `message_history` is not offered to every app. Where it is not, nothing happens.
    """

    _name = "whatsapp.clinic.reconciliation"
    _description = "WhatsApp Reconciliation"

    @api.model
    def _cron_reconcile(self):
        """Look the statuses up that are missing, a transaction for each channel."""
        for channel in self.env["whatsapp.clinic.channel"].search(
            [("active", "=", True)]
        ):
            begin_anew(self.env, 1)
            if channel.state == "ready":
                self._reconcile(channel)

    @api.model
    def _reconcile(self, channel):
        now = clock.now()
        messages = self.env["whatsapp.clinic.message"].search(
            [
                ("channel_id", "=", channel.id),
                ("state", "=", "sent"),
                ("status_at", "=", False),
                ("claimed_at", ">", now - RELEVANT),
                ("claimed_at", "<", now - OVERDUE),
            ],
            order="claimed_at",
            limit=BATCH,
        )
        client = channel_client(channel) if messages else None
        for message in messages:
            try:
                history = client.message_history(message.message_id)
            except CallFailed:
                return
            statuses = [
                (channel, _as_status(channel, message, *event)) for event in history
            ]
            messages._apply_statuses(statuses)


def _as_status(channel, message, status: str, at) -> StatusUpdate:
    failed = EventError(NO_CODE, "", "")
    return StatusUpdate(
        phone_number_id=channel.phone_number_id,
        message_id=message.message_id,
        status=status,
        timestamp=at,
        recipient_wa_id=None,
        recipient_user_id=None,
        callback_data=None,
        errors=(failed,) if status == "failed" else (),
        pricing=None,
    )
