from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.mail.tools.discuss import Store

from ...tools.text import as_html
from ..clinic.res_partner import CLINIC_NOTE
from ..patient.res_partner import CLINIC_STAFF

# Types of notes that the system alone writes.
_OF_SYSTEM = ("whatsapp_message", CLINIC_NOTE)


class MailMessage(models.Model):
    """WhatsApp messages and notes about patients in a chatter.

    The note of a message holds no text. Who may read the message in the outbox is shown
    it; who may not does not see the note at all, because it tells that somebody is a
    patient. So do notes about patients: who looks after the patient alone sees them.
    """

    _inherit = "mail.message"

    message_type = fields.Selection(
        selection_add=[
            ("whatsapp_message", "WhatsApp"),
            (CLINIC_NOTE, "Note about a Patient"),
        ],
        ondelete={
            "whatsapp_message": lambda notes: notes.write({"message_type": "comment"}),
            CLINIC_NOTE: "cascade",
        },
    )

    @api.model_create_multi
    def create(self, vals_list):
        notes = super().create(vals_list)
        notes._check_not_forged()
        return notes

    def write(self, vals):
        result = super().write(vals)
        if "message_type" in vals:
            self._check_not_forged()
        return result

    def _check_not_forged(self):
        """Raise AccessError where a client makes a note look like a sent message, or
        like one that the system wrote about a patient."""
        if self.env.su:
            return
        kinds = self.sudo().mapped("message_type")
        if "whatsapp_message" in kinds:
            raise AccessError(
                self.env._("WhatsApp messages are sent with the WhatsApp button.")
            )
        if CLINIC_NOTE in kinds:
            raise AccessError(
                self.env._("Notes of this kind are written by the system: log a note.")
            )

    @api.model
    def _find_allowed_doc_ids(self, model_ids):
        allowed = super()._find_allowed_doc_ids(model_ids)
        return allowed - set(self.browse(allowed)._hidden_notes().ids)

    def _get_forbidden_access(self, operation):
        forbidden = super()._get_forbidden_access(operation)
        if operation == "create":
            return forbidden
        if operation in ("write", "unlink"):
            return forbidden | self._notes_of_system()
        return forbidden | (self - forbidden)._hidden_notes()

    def _hidden_notes(self):
        """Those about patients, and those that show messages of the outbox, which the
        user may not read.

        Of a message, its author and the recipient see the note, as they do any; the
        text is asked for separately.
        """
        shown = self._whatsapp_messages()
        readable = shown.sudo(False)._filtered_access("read")
        me = self.env.user.partner_id
        hidden = (shown - readable).filtered(
            lambda one: me not in (one.partner_id, one.mail_message_id.author_id)
        )
        return self & (
            hidden.mail_message_id
            | self._notes_for_staff()
            | self._notes_of_other_companies()
        )

    def _notes_of_system(self):
        """Those that nobody rewrites or deletes: they tell what was done and sent."""
        return self.sudo().filtered(lambda one: one.message_type in _OF_SYSTEM)

    def _notes_of_other_companies(self):
        """Those that staff of another company wrote on a number that patients of both
        share, and not to the user."""
        me = self.env.user.partner_id
        return self.sudo().filtered(
            lambda one: (
                one.model == "whatsapp.clinic.identity"
                and one.record_company_id - self.env.companies
                and one._is_by_staff()
                and me
                not in (one.author_id | one.partner_ids | one.notified_partner_ids)
            )
        )

    def _is_by_staff(self) -> bool:
        writer = self.create_uid
        return writer._is_internal() and not writer._is_superuser()

    def _notes_for_staff(self):
        """Those of these notes that are for who looks after the patient, and not for
        the user."""
        notes = self.sudo().filtered(lambda one: one.message_type == CLINIC_NOTE)
        if not self.env.user.has_group(CLINIC_STAFF):
            return notes
        patients = self.env["res.partner"].browse(set(notes.mapped("res_id")))
        mine = patients.exists()._of_own_branches()
        return notes.filtered(lambda one: one.res_id not in mine.ids)

    def _whatsapp_messages(self):
        """The rows of the outbox that these notes show, with the system's rights."""
        messages = self.env["whatsapp.clinic.message"].sudo()
        return messages.search([("mail_message_id", "in", self.ids)])

    def _field_store_repr(self, field_name):
        if field_name == "body":
            return [Store.Attr("body", lambda note: note._shown_body())]
        return super()._field_store_repr(field_name)

    def _shown_body(self):
        if self.message_type != "whatsapp_message" or self.body:
            return self.body
        shown = self._whatsapp_messages()[:1]
        is_readable = shown and shown.sudo(False).has_access("read")
        return as_html(shown.shown_body or "") if is_readable else ""
