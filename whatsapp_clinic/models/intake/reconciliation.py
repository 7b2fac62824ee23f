from datetime import timedelta

from odoo import api, fields, models

from ...cloud_api.errors import NO_CODE, CallFailed
from ...cloud_api.webhooks import EventError, StatusUpdate
from ...tools import clock

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
        """Have the statuses looked up that are missing."""
        tasks = self.env["whatsapp.clinic.channel.task"]
        for channel in self.env["whatsapp.clinic.channel"].search(
            [("active", "=", True)]
        ):
            if channel.state == "ready" and channel._messages_without_status():
                tasks._ask(channel, "look_up_statuses")


class ChannelTask(models.Model):
    _inherit = "whatsapp.clinic.channel.task"

    kind = fields.Selection(
        selection_add=[("look_up_statuses", "Look up missing statuses")],
        ondelete={"look_up_statuses": "cascade"},
    )

    @api.model
    def _repeated(self):
        return super()._repeated() | {"look_up_statuses"}


class Channel(models.Model):
    _inherit = "whatsapp.clinic.channel"

    def _messages_without_status(self):
        now = clock.now()
        return self.env["whatsapp.clinic.message"].search(
            [
                ("channel_id", "=", self.id),
                ("state", "=", "sent"),
                ("status_at", "=", False),
                ("claimed_at", ">", now - RELEVANT),
                ("claimed_at", "<", now - OVERDUE),
            ],
            order="claimed_at",
            limit=BATCH,
        )

    def _call_look_up_statuses(self, again=0):
        """(phone number id, WhatsApp's id of the message, what became of it) of each"""
        number = self.phone_number_id
        message_ids = self._messages_without_status().mapped("message_id")

        def look_up(client, _app):
            found = []
            for message_id in message_ids:
                try:
                    history = client.message_history(message_id)
                except CallFailed:
                    break
                found += [_as_status(number, message_id, *event) for event in history]
            return found

        return look_up

    def _apply_look_up_statuses(self, found: list[StatusUpdate]):
        statuses = [(self, status) for status in found]
        self.env["whatsapp.clinic.message"]._apply_statuses(statuses)


def _as_status(phone_number_id: str, message_id: str, status: str, at) -> StatusUpdate:
    failed = EventError(NO_CODE, "", "")
    return StatusUpdate(
        phone_number_id=phone_number_id,
        message_id=message_id,
        status=status,
        timestamp=at,
        recipient_wa_id=None,
        recipient_user_id=None,
        callback_data=None,
        errors=(failed,) if status == "failed" else (),
        pricing=None,
    )
