from datetime import timedelta

from odoo import api, fields, models

from ...tools import clock
from ..provider.events import Status

# Statuses come within seconds; after this a webhook may have been lost.
OVERDUE = timedelta(hours=1)
# Older ones say nothing that anybody waits for.
RELEVANT = timedelta(days=3)
BATCH = 50


class Reconciliation(models.AbstractModel):
    """Asks the messenger what became of messages of which no webhook said anything."""

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
        provider = self.env["whatsapp.clinic.provider"]._of(self)
        remote_ids = self._messages_without_status().mapped("message_id")
        external_id = self.external_id
        return lambda connection, *_others: provider.look_up(
            connection, external_id, remote_ids
        )

    def _apply_look_up_statuses(self, found: list[Status]):
        statuses = [(self, status) for status in found]
        self.env["whatsapp.clinic.message"]._apply_statuses(statuses)
