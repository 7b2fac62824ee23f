from datetime import date

import psycopg2

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import ClinicCase, staff_user

CONTRACT = {
    "transfer_contract": "Contract 2026/14",
    "transfer_contract_date": date(2026, 10, 1),
    "transfer_notified_on": date(2026, 10, 6),
}


@tagged("post_install", "-at_install")
class TestTransfer(ClinicCase):
    """A channel is red until the standard contract and its notification are noted."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def enqueue(self):
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    **self.appointment._reference(),
                }
            ]
        )

    def record_as(self, role):
        user = staff_user(self, role)
        wizard = (
            self.env["whatsapp.clinic.channel.transfer"]
            .with_user(user)
            .create({"channel_id": self.channel.id, **CONTRACT})
        )
        wizard.action_save()

    def test_all_three_facts_make_the_record(self):
        self.assertFalse(self.channel.is_transfer_recorded)
        for missing in CONTRACT:
            self.channel.write({**CONTRACT, missing: False})
            with self.subTest(missing=missing):
                self.assertFalse(self.channel.is_transfer_recorded)
        self.channel.write(CONTRACT)
        self.assertTrue(self.channel.is_transfer_recorded)

    def test_list_of_channels_says_what_is_missing(self):
        self.assertEqual(self.channel.shortcoming, "Transfer abroad not on record")
        self.channel.write(CONTRACT)
        self.assertFalse(self.channel.shortcoming)

    def test_privacy_officer_records_it(self):
        self.record_as("privacy_officer")
        self.assertTrue(self.channel.is_transfer_recorded)

    def test_receptionist_does_not(self):
        with self.assertRaises(AccessError):
            self.record_as("receptionist")

    def test_a_red_channel_sends_unless_the_company_refuses(self):
        self.assertEqual(self.enqueue().state, "queued")

    def test_by_setting_a_red_channel_refuses_and_says_what_to_do(self):
        self.company.clinic_refuse_unrecorded_transfer = True
        message = self.enqueue()
        self.assertEqual(
            (message.state, message.reason), ("refused", "transfer_unrecorded")
        )
        self.assertIn("privacy officer", message.next_step)
        self.channel.write(CONTRACT)
        message.action_send_again()
        self.assertEqual(message.state, "queued")

    def test_a_notification_before_the_signature_is_refused(self):
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.channel.write({**CONTRACT, "transfer_notified_on": date(2026, 9, 1)})
            self.env.flush_all()
