import logging

import psycopg2

from odoo import api, fields, models

from ...tools.quiet_sql import place
from ..vocabulary.priorities import PRIORITY_CAMPAIGN
from ..vocabulary.states import ENDED_STATES

_logger = logging.getLogger(__name__)

# What a message's state is to a notification of the chatter.
NOTIFICATION_STATUSES = {
    "sent": "pending",
    "delivered": "sent",
    "read": "sent",
    "failed": "exception",
    "refused": "exception",
    "unknown": "exception",
    "cancelled": "canceled",
}
_CASES = " ".join(
    f"WHEN '{state}' THEN '{status}'" for state, status in NOTIFICATION_STATUSES.items()
)
_FOLLOW = f"""
    UPDATE mail_notification AS notification SET
        notification_status = CASE message.state {_CASES} ELSE 'ready' END,
        failure_type = CASE
            WHEN message.state IN {ENDED_STATES}
            THEN 'whatsapp_' || message.reason
        END
    FROM whatsapp_clinic_message AS message
    WHERE message.id = ANY(%s) AND message.mail_message_id IS NOT NULL
      AND notification.whatsapp_message_id = message.id
    RETURNING notification.mail_message_id, message.priority
"""
# Who sent something to one patient, by hand or with a note in a chatter, looks at what
# becomes of it: a list of messages is told whenever the chatter beside it is.
_SENDERS = """
    SELECT sender.partner_id, array_agg(message.id)
    FROM whatsapp_clinic_message AS message
    JOIN res_users AS sender ON sender.id = message.create_uid
    WHERE message.id = ANY(%s) AND message.priority <> %s
      AND (message.by_hand OR message.mail_message_id IS NOT NULL)
    GROUP BY sender.partner_id
"""


class Message(models.Model):
    """The note in a chatter that shows a message, and its ticks."""

    _inherit = "whatsapp.clinic.message"

    mail_message_id = fields.Many2one(
        "mail.message",
        "Note in the Chatter",
        ondelete="set null",
        index="btree_not_null",
        copy=False,
    )

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            shown = self.filtered(lambda one: one.mail_message_id or one.by_hand)
            if shown:
                shown.flush_recordset(["state", "reason", "mail_message_id", "by_hand"])
                self._follow_in_chatter(shown.ids)
        return result

    def _notify_in_chatter(self):
        """Give the notes of these rows a notification, which carries the ticks."""
        result = super()._notify_in_chatter()
        shown = self.filtered("mail_message_id")
        notifications = self.env["mail.notification"].sudo()
        notifications.create(
            [
                {
                    "author_id": message.mail_message_id.author_id.id,
                    "mail_message_id": message.mail_message_id.id,
                    "res_partner_id": message.partner_id.id,
                    "notification_type": "whatsapp",
                    "whatsapp_message_id": message.id,
                    "is_read": True,
                }
                for message in shown
            ]
        )
        self.env.flush_all()
        self._follow_in_chatter(shown.ids)
        return result

    @api.model
    def _follow_states(self, ids):
        result = super()._follow_states(ids)
        self._follow_in_chatter(ids)
        return result

    @api.model
    def _follow_in_chatter(self, ids: list[int]):
        """Bring the notifications of these rows in step with their state.

        One statement, which touches only rows that a chatter shows. What goes to one
        patient is announced to the open chatter of its author; of a large sending the
        ticks are there when the chatter is opened next.
        """
        self._tell_senders(ids)
        self.env.cr.execute(_FOLLOW, [list(ids)])
        changed = self.env.cr.fetchall()
        if not changed:
            return
        self.env["mail.notification"].invalidate_model(
            ["notification_status", "failure_type"]
        )
        notes = self.env["mail.message"].browse(
            {note for note, priority in changed if priority != PRIORITY_CAMPAIGN}
        )
        try:
            notes._notify_message_notification_update()
        except psycopg2.Error:
            raise
        except Exception as error:
            # Telling an open chatter is a courtesy; nothing may wait or stop for it.
            _logger.info("A chatter was not told of a status: %s", place(error))

    @api.model
    def _tell_senders(self, ids: list[int]):
        """Let the open screens of who sent these draw them again."""
        self.env.cr.execute(_SENDERS, [list(ids), PRIORITY_CAMPAIGN])
        for partner_id, row_ids in self.env.cr.fetchall():
            sender = self.env["res.partner"].browse(partner_id)
            sender._bus_send("whatsapp_clinic/changed", {"ids": row_ids})
