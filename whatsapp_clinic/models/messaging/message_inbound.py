import logging

from odoo import api, models

from ...cloud_api.webhooks import clean_text
from ...tools import clock

_logger = logging.getLogger(__name__)


class Message(models.Model):
    """What patients write and tap."""

    _inherit = "whatsapp.clinic.message"

    @api.model
    def _receive(self, channel, identity, event):
        """Store a message of a patient (`cloud_api.webhooks.InboundMessage`)."""
        patients = identity.partner_ids
        return self.create(
            {
                "direction": "in",
                "state": "received",
                "kind": clean_text(event.kind),
                "channel_id": channel.id,
                "company_id": channel.company_id.id,
                "branch_id": channel.branch_ids.id
                if len(channel.branch_ids) == 1
                else False,
                "identity_id": identity.id,
                # Families share a number: whom it is about is not guessed.
                "partner_id": patients.id if len(patients) == 1 else False,
                "body": clean_text(event.text or ""),
                "message_id": clean_text(event.message_id),
                "occurred_at": event.timestamp.replace(tzinfo=None),
                "due_at": event.timestamp.replace(tzinfo=None),
                "reply_to_id": self._quoted(channel, event.context_id).id,
            }
        )

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

    def _reply(self, body: str, priority: int):
        """Queue a text to who wrote this message; returns the row."""
        self.ensure_one()
        values = {**self._reply_values(), "body": body, "priority": priority}
        return self._enqueue([values])

    def _objection_to_reply(self) -> str | None:
        """Why an answer could not be sent now (one of REASONS)."""
        self.ensure_one()
        answer = self.new({**self.sudo()._reply_values(), "due_at": clock.now()})
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
            "reply_to_id": self.id,
        }

    def _act_on_tap(self, payload: str):
        """Do what the tapped button says, once.

        `payload` is `<action>:<key of the outbox row>`. It is obeyed only when it comes
        from the number that the row went to.
        """
        self.ensure_one()
        action, _colon, key = payload.partition(":")
        row = self.search([("key", "=", key), ("direction", "=", "out")])
        if not row or row.identity_id != self.identity_id:
            _logger.info("A tapped button belongs to no message of its sender")
            return
        self.write({"reply_to_id": row.id, "partner_id": row.partner_id.id})
        if row.tapped == action:
            return
        row.tapped = action
        if action == "stop":
            row.identity_id._block("stop_word")
        elif row.appointment_id:
            self.appointment_id = row.appointment_id
            row.appointment_id._obey_patient(action, row.appointment_version)
