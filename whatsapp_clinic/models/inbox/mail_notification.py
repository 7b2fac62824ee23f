from odoo import fields, models

from odoo.addons.mail.tools.discuss import Store

from ..vocabulary.reasons import REASON_SELECTION
from ..vocabulary.states import ENDED_STATES


class MailNotification(models.Model):
    """What became of a WhatsApp message, as a chatter shows it."""

    _name = "mail.notification"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "mail.notification"]

    notification_type = fields.Selection(
        selection_add=[("whatsapp", "WhatsApp")], ondelete={"whatsapp": "cascade"}
    )
    whatsapp_message_id = fields.Many2one(
        "whatsapp.clinic.message",
        "WhatsApp Message",
        ondelete="set null",
        index="btree_not_null",
    )
    failure_type = fields.Selection(
        selection_add=[
            (f"whatsapp_{reason}", text) for reason, text in REASON_SELECTION
        ]
    )

    def _to_store_defaults(self, target):
        return [
            *super()._to_store_defaults(target),
            Store.Attr(
                "whatsapp",
                lambda one: one._tell_whatsapp(),
                predicate=lambda one: one.notification_type == "whatsapp",
            ),
        ]

    def _tell_whatsapp(self) -> dict:
        """The row's id and state, and why it was not sent with what to do."""
        # sudo: who may read the notification may read the state of its message
        message = self.sudo().whatsapp_message_id
        reasons = dict(message._fields["reason"]._description_selection(self.env))
        reason = reasons.get(message.reason)
        return {
            "id": message.id,
            "state": message.state,
            "reason": " ".join(filter(None, (reason, message.next_step)))
            if message.state in ENDED_STATES
            else False,
        }
