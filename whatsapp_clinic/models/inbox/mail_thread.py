from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..clinic.res_partner import CLINIC_NOTE
from ..outbox.sending import has_partner

SENDERS = ("whatsapp_clinic.group_receptionist", "whatsapp_clinic.group_practitioner")

# What Odoo's tracking asks of a field.
_TRACKED = ("string", "type", "selection", "currency_field")


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

    # Of records about patients: subjects of mails are shown where nobody asks who may
    # read the record, and mail servers write them into their logs.
    _mail_names_nobody = False

    def _message_compute_subject(self):
        if self._mail_names_nobody:
            return self.env["ir.model"]._get(self._name).name
        return super()._message_compute_subject()

    @api.model
    def _assigned_subject(self) -> str:
        """How a mail about an activity is named that names nobody."""
        kind = self.env["ir.model"]._get(self._name).name
        return self.env._("Assigned to you: %s", kind)

    def _message_create(self, values_list):
        for values in values_list:
            about = self.env.get(values.get("model"))
            is_assigning = values.get("message_type") == "user_notification"
            if is_assigning and getattr(about, "_mail_names_nobody", False):
                values["subject"] = about._assigned_subject()
        return super()._message_create(values_list)

    def message_post(self, **kwargs):
        is_whatsapp = kwargs.get("message_type") == "whatsapp_message"
        if is_whatsapp and self._name != "discuss.channel":
            raise UserError(
                self.env._("WhatsApp messages are sent with the WhatsApp button.")
            )
        return super().message_post(**kwargs)

    def _mail_track(self, tracked_fields, initial_values):
        """What nobody of the staff did is told in the language of the clinic.

        Odoo writes the names of choices in the language of who changed them: of
        scheduled actions and webhooks that is the system, of pages the patient.
        """
        lang = self._name.startswith("whatsapp.clinic.") and self._history_lang()
        if not lang:
            return super()._mail_track(tracked_fields, initial_values)
        told = self.with_context(lang=lang)
        return super(MailThread, told)._mail_track(
            told.fields_get(tracked_fields, attributes=_TRACKED),
            {
                name: value.with_context(lang=lang)
                if isinstance(value, models.BaseModel)
                else value
                for name, value in initial_values.items()
            },
        )

    def _history_lang(self) -> str | None:
        """The company's language where no user of the staff acts, else None."""
        user = self.env.user
        if user.id != SUPERUSER_ID and user._is_internal():
            return None
        return self._history_company().partner_id.lang

    def _history_company(self):
        """The company whose staff reads the history of a record."""
        own = self.company_id if "company_id" in self._fields else None
        return own or self.env.company

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
