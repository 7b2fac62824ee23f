from odoo.tests import tagged

from ..common import AYSE_WA_ID, SandboxCase


@tagged("post_install", "-at_install")
class TestRoundTrip(SandboxCase):
    """From the outbox to the patient's phone and back."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def test_reminder_reaches_the_phone_and_its_ticks_come_back(self):
        message = self.send_reminder(self.appointment)
        self.assertEqual(message.state, "queued")
        self.dispatch()
        self.assertEqual(message.state, "sent", (message.reason, message.detail))
        (bubble,) = self.thread()
        self.assertIn("Ayşe KUMQUAT", bubble["text"])
        self.process()
        self.assertEqual(message.state, "delivered")
        self.sandbox.read(AYSE_WA_ID)
        self.process()
        self.assertEqual(message.state, "read")

    def test_tap_on_confirm_confirms_the_appointment_once(self):
        self.send_reminder(self.appointment)
        self.dispatch()
        (bubble,) = self.thread()
        self.sandbox.tap(AYSE_WA_ID, bubble["id"], "Confirm")
        self.process()
        self.assertEqual(self.appointment.patient_status, "accepted")
        confirmed_at = self.appointment.confirmed_at
        self.appointment.confirmed_at = False
        self.sandbox.tap(AYSE_WA_ID, bubble["id"], "Confirm")
        self.process()
        self.assertTrue(confirmed_at)
        self.assertFalse(self.appointment.confirmed_at)
