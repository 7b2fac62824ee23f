from odoo import models
from odoo.exceptions import UserError

from ...tools.access import require_group
from ..vocabulary.priorities import PRIORITY_ANSWER
from ..vocabulary.states import FAILED_STATES


class Channel(models.Model):
    """A test message to the phone of who sets the number up."""

    _inherit = "whatsapp.clinic.channel"

    def action_send_test(self) -> dict:
        """Answer the user's own phone, to see that a message comes in and goes out.

        It is an answer to what the user wrote to the number within 24 hours, so that it
        needs neither consent nor template. Who has no number is asked for it. Raises
        UserError with what is missing.
        """
        self.ensure_one()
        require_group(self.env, "group_administrator")
        self.check_access("read")
        phone = self.env.user.partner_id._whatsapp_phone()
        if not phone:
            return self._ask_for_own_number()
        self._check_trial(self._answer_phone(phone), phone)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("A test message is on its way to %s.", phone),
            },
        }

    def _ask_for_own_number(self) -> dict:
        """The form in which users enter their own telephone."""
        form = self.env.ref("whatsapp_clinic.view_users_form_own_number")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Your Own Phone Number"),
            "res_model": "res.users",
            "res_id": self.env.uid,
            "views": [(form.id, "form")],
            "target": "new",
        }

    def _answer_phone(self, phone: str):
        """Queue a short text to a telephone (E.164), as an answer to its holder."""
        identity = self.env["whatsapp.clinic.identity"].sudo()._for_phones([phone])
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.id,
                    "identity_id": identity[phone].id,
                    "purpose_id": self.env.ref(
                        "whatsapp_clinic.purpose_conversation"
                    ).id,
                    "body": self.env._("This is a test message of %s.", self.name),
                    "priority": PRIORITY_ANSWER,
                    "by_hand": True,
                }
            ]
        )

    def _check_trial(self, message, phone: str):
        if message.reason == "window_closed":
            raise UserError(
                self.env._(
                    "Write any word on WhatsApp from %(phone)s to %(number)s first. "
                    "When it stands among the messages, the connection brings them in: "
                    "then try again.",
                    phone=phone,
                    number=self.display_phone_number or self.name,
                )
            )
        if message.state in FAILED_STATES or message.objection:
            reasons = message._fields["objection"]._description_selection(self.env)
            told = (dict(reasons).get(message.objection), message.next_step)
            raise UserError(" ".join(filter(None, told)))
