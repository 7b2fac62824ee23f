"""What a channel's state means for a message is told before and after it is sent."""

from datetime import timedelta

from odoo.tests import tagged

from ...cloud_api import errors
from ...models.vocabulary.reasons import next_step
from ...tools import clock
from ..outbox.test_composer import ComposerCase


@tagged("post_install", "-at_install")
class TestChannelTold(ComposerCase):
    def disconnect(self):
        self.channel.account_id.sudo().access_token = False

    def copy_database(self):
        self.channel.sudo().fingerprint = "another database"

    def hold(self):
        self.channel._hold(errors.policy(131042), 131042)
        self.channel.hold_until = clock.now() + timedelta(days=1)

    def states(self):
        """What makes a number silent, and the reason that is told."""
        return {
            "channel_incomplete": self.disconnect,
            "copied_database": self.copy_database,
            "channel_held": self.hold,
        }

    def test_the_row_and_the_form_say_why_it_waits_and_what_to_do(self):
        for reason, silence in self.states().items():
            with self.subTest(reason), self.env.cr.savepoint() as undo:
                silence()
                message = self.send(self.patient).with_user(self.receptionist)
                self.assertEqual(message.state, "queued")
                self.assertEqual(message.objection, reason)
                self.assertEqual(message.next_step, next_step(self.env, reason))
                shown = message.get_view(view_type="list")["arch"]
                self.assertIn('name="objection"', shown)
                self.assertIn('name="next_step"', shown)
                undo.rollback()
            self.env.invalidate_all()

    def test_the_composer_says_it_before_with_the_next_step(self):
        reasons = self.env["whatsapp.clinic.message"]._fields["reason"]
        told = dict(reasons._description_selection(self.env))
        for reason, silence in self.states().items():
            with self.subTest(reason), self.env.cr.savepoint() as undo:
                silence()
                composer = self.composer(
                    self.patient,
                    template_id=self.patient_template,
                    purpose_id=self.purpose,
                )
                self.assertEqual((composer.ready_count, composer.waiting_count), (0, 1))
                self.assertIn(told[reason], composer.outlook_html)
                self.assertIn(next_step(self.env, reason), composer.outlook_html)
                undo.rollback()
            self.env.invalidate_all()

    def test_a_reply_says_it_before(self):
        self.let_write(self.patient)
        question = self.env["whatsapp.clinic.message"].search(
            [("partner_id", "=", self.patient.id), ("direction", "=", "in")], limit=1
        )
        replies = self.env["whatsapp.clinic.message.reply"]
        for reason, silence in self.states().items():
            with self.subTest(reason), self.env.cr.savepoint() as undo:
                silence()
                reply = replies.with_user(self.receptionist).new(
                    {"message_id": question.id}
                )
                self.assertEqual(reply.objection, reason)
                self.assertEqual(reply.next_step, next_step(self.env, reason))
                undo.rollback()
            self.env.invalidate_all()
