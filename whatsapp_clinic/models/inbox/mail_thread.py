from odoo import api, fields, models
from odoo.exceptions import UserError

from ..messaging.sending import has_partner
from .res_partner import CLINIC_NOTE

SENDERS = ("whatsapp_clinic.group_receptionist", "whatsapp_clinic.group_practitioner")


class MailThread(models.AbstractModel):
    """Writing to patients from a chatter."""

    _inherit = "mail.thread"

    # Odoo takes it that who may read a record may read, and search by, every message
    # in here. Chatters look notes up by themselves.
    message_ids = fields.One2many(domain=lambda self: self._message_ids_domain())

    @api.model
    def _message_ids_domain(self) -> list:
        hidden = ["user_notification", "whatsapp_message", CLINIC_NOTE]
        if self._name == "discuss.channel":
            hidden.remove("whatsapp_message")
        return [("message_type", "not in", hidden)]

    def message_post(self, **kwargs):
        is_whatsapp = kwargs.get("message_type") == "whatsapp_message"
        if is_whatsapp and self._name != "discuss.channel":
            raise UserError(
                self.env._("WhatsApp messages are sent with the WhatsApp button.")
            )
        return super().message_post(**kwargs)

    @api.model
    def notify_cancel_by_type(self, notification_type):
        result = super().notify_cancel_by_type(notification_type)
        if notification_type == "whatsapp":
            self._notify_cancel_by_type_generic("whatsapp")
        return result

    def _thread_to_store(self, store, names, *, request_list=None):
        super()._thread_to_store(store, names, request_list=request_list)
        if request_list is None:
            return
        may_send = has_partner(self) and any(
            self.env.user.has_group(group) for group in SENDERS
        )
        for thread in self:
            store.add(thread, {"canSendWhatsApp": may_send}, as_thread=True)
