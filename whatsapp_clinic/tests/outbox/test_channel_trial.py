"""A test message to the phone of who sets a number up."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ...tools import clock
from ..common import ClinicCase, staff_user


@tagged("post_install", "-at_install")
class TestChannelTrial(ClinicCase):
    def setUp(self):
        super().setUp()
        self.administrator = staff_user(self, "administrator")
        self.own = self.administrator.partner_id
        self.own.phone = "+905321110088"
        self.env.flush_all()

    def write_to_the_number(self):
        """The administrator writes to the number from the own phone."""
        identities = self.env["whatsapp.clinic.identity"]
        self.identity = identities._for_phones([self.own.phone])[self.own.phone]
        self.env["whatsapp.clinic.message"].create(
            {
                "channel_id": self.channel.id,
                "identity_id": self.identity.id,
                "company_id": self.company.id,
                "direction": "in",
                "state": "received",
                "body": "Hello KUMQUAT",
                "occurred_at": clock.now(),
            }
        )

    def send(self, user=None):
        user = user or self.administrator
        self.channel.with_user(user).action_send_test()
        return self.env["whatsapp.clinic.message"].search(
            [("channel_id", "=", self.channel.id), ("direction", "=", "out")], limit=1
        )

    def test_who_has_just_written_to_the_number_gets_an_answer_without_consent(self):
        self.write_to_the_number()
        message = self.send()
        self.assertEqual(message.state, "queued")
        self.assertFalse(message.objection)
        self.assertEqual(message.identity_id.phone, "+905321110088")
        self.assertIn("test message", message.body)

    def test_who_has_not_written_is_told_to_write_first(self):
        with self.assertRaisesRegex(UserError, r"from \+905321110088"):
            self.send()

    def test_who_has_no_number_enters_it_in_a_dialog(self):
        self.own.phone = False
        asked = self.channel.with_user(self.administrator).action_send_test()
        self.assertEqual((asked["res_model"], asked["target"]), ("res.users", "new"))
        user = self.env["res.users"].browse(asked["res_id"])
        view = self.env["ir.ui.view"].browse(asked["views"][0][0])
        with Form(user.with_user(user), view) as form:
            form.phone = "+905321110077"
        with self.assertRaisesRegex(UserError, r"from \+905321110077"):
            self.send()

    def test_a_stop_from_the_phone_counts_for_a_test_as_well(self):
        self.write_to_the_number()
        self.identity._stop("stop_word")
        with self.assertRaisesRegex(UserError, "stopped all messages"):
            self.send()

    def test_a_silent_channel_says_why_instead(self):
        self.write_to_the_number()
        self.channel.account_id.sudo().access_token = False
        with self.assertRaisesRegex(UserError, "not connected"):
            self.send()

    def test_only_administrators_send_one(self):
        with self.assertRaises(AccessError):
            self.send(staff_user(self, "manager"))
