"""Time to think better of what was written by hand."""

import threading
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.outbox import sending
from ...models.outbox.dispatcher import lanes
from ...models.outbox.undo import BY_HAND
from ...tools import clock, wake_up
from ..common import AYSE_WA_ID, MARKER, PHONE_NUMBER_ID, SandboxCase, staff_user
from .test_composer import ComposerCase


@tagged("post_install", "-at_install")
class TestUndo(ComposerCase):
    def setUp(self):
        super().setUp()
        self.now = clock.precise_now()
        for name in ("now", "precise_now"):
            patcher = patch.object(clock, name, lambda: self.now)
            patcher.start()
            self.addCleanup(patcher.stop)

    def by_hand(self, records, **context):
        """The composer, opened about these records and ready to be sent."""
        composer = self.composer(
            records, template_id=self.patient_template, purpose_id=self.purpose
        )
        return composer.with_context(**{BY_HAND: True, **context})

    def seconds(self, row) -> float:
        return (row.due_at - self.now).total_seconds()

    def test_message_sent_by_hand_waits_for_its_undo(self):
        action = self.by_hand(self.patient).action_send()
        self.assertEqual(self.seconds(self.rows(self.patient)), 5)
        self.assertEqual(action["params"]["seconds"], 5)
        self.assertIn("5 seconds", action["params"]["message"])

    def test_clinic_sets_how_long(self):
        for seconds in (0, 20):
            with self.subTest(seconds):
                self.company.clinic_undo_seconds = seconds
                patient = self.make_patient(f"+9053211100{seconds:02}")
                self.consent(patient)
                self.by_hand(patient).action_send()
                self.assertEqual(round(self.seconds(self.rows(patient))), seconds)

    def test_time_to_undo_is_at_most_a_minute(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.company.clinic_undo_seconds = 61
            self.env.flush_all()

    def test_other_programs_send_at_once(self):
        row = self.send(self.patient)
        self.assertLessEqual(row.due_at, self.now)

    def test_message_that_is_refused_is_told_at_once(self):
        stranger = self.make_patient("+905321110009", "Nobody KUMQUAT")
        self.by_hand(stranger).action_send()
        self.assertEqual(self.rows(stranger).state, "refused")

    def test_lanes_are_woken_when_the_time_is_over(self):
        with patch.object(lanes, "wake_after_commit") as wake:
            self.by_hand(self.patient).action_send()
        self.assertEqual(wake.call_args.kwargs, {"at": self.now + timedelta(seconds=5)})

    def test_timer_wakes_at_its_time(self):
        self.now -= timedelta(seconds=1)
        rung = threading.Event()
        wake_up._call_at(self.now - timedelta(seconds=1), rung.set)
        self.assertTrue(rung.wait(20))

    def test_many_wait_from_the_click_on_and_not_from_their_batch(self):
        patients = self.make_patients(4)
        with patch.object(sending, "AT_ONCE", 2):
            self.by_hand(patients).action_send()
        big = self.env["whatsapp.clinic.sending"].search([], limit=1).sudo()
        with patch.object(sending, "BATCH", 2):
            big._write_batch()
            self.now += timedelta(seconds=6)
            big._write_batch()
        first, second, third, fourth = map(self.seconds, self.rows(patients))
        self.assertEqual((first, second), (-1, -1))
        self.assertLessEqual(max(third, fourth), 0)

    def test_undo_shows_again_what_was_written(self):
        composer = self.by_hand(self.patient)
        composer.action_send()
        action = composer.action_undo()
        self.assertEqual(
            action["params"]["wizard"], {"model": composer._name, "id": composer.id}
        )
        self.assertEqual(composer.template_id, self.patient_template)
        self.assertEqual(self.rows(self.patient).state, "cancelled")

    def test_what_was_taken_back_can_be_sent_again(self):
        composer = self.by_hand(self.patient)
        composer.action_send()
        composer.action_undo()
        composer.action_send()
        states = self.rows(self.patient).mapped("state")
        self.assertEqual(states, ["cancelled", "queued"])

    def test_undo_of_what_left_in_part_says_so(self):
        patients = self.make_patients(2)
        composer = self.by_hand(patients)
        composer.action_send()
        self.rows(patients)[0].state = "sent"
        action = composer.action_undo()
        self.assertIn("Already sent: 1", action["params"]["message"])
        self.assertFalse(action["params"]["wizard"])

    def test_second_click_on_send_sends_nothing_more(self):
        composer = self.by_hand(self.patient)
        composer.action_send()
        composer.action_send()
        self.assertEqual(len(self.rows(self.patient)), 1)


@tagged("post_install", "-at_install")
class TestUndoOfAnswers(SandboxCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receptionist = staff_user(cls, "receptionist")

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, f"Soru {MARKER}")
        self.process()
        self.received = self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in"), ("channel_id", "=", self.channel.id)]
        )
        wizards = self.env["whatsapp.clinic.message.reply"].with_context(
            **{BY_HAND: True}
        )
        self.wizard = wizards.with_user(self.receptionist).create(
            {"message_id": self.received.id, "body": f"Cevap {MARKER}"}
        )

    def test_answer_leaves_when_its_time_to_undo_is_over(self):
        self.wizard.action_send()
        self.dispatch(1)
        self.assertEqual(self.wizard.answer_id.state, "queued")
        self.later(seconds=6)
        self.dispatch(1)
        self.assertEqual(self.wizard.answer_id.state, "sent")

    def test_lane_does_not_sleep_for_what_can_still_be_undone(self):
        self.wizard.action_send()
        self.env.flush_all()
        with (
            self.enter_registry_test_mode(),
            patch.object(lanes.time, "sleep") as sleep,
        ):
            self.env["whatsapp.clinic.dispatcher"]._cron_dispatch()
        sleep.assert_not_called()

    def test_answer_is_taken_back_and_shown_again(self):
        self.wizard.action_send()
        answer = self.wizard.answer_id
        action = self.wizard.action_undo()
        self.assertEqual(answer.state, "cancelled")
        self.assertEqual(action["params"]["wizard"]["id"], self.wizard.id)
        self.wizard.action_send()
        self.assertNotEqual(self.wizard.answer_id, answer)

    def test_answer_that_left_is_not_taken_back(self):
        self.wizard.action_send()
        self.later(seconds=6)
        self.dispatch(1)
        action = self.wizard.action_undo()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertFalse(action["params"]["wizard"])

    def test_second_click_answers_once(self):
        self.wizard.action_send()
        self.wizard.action_send()
        sent = self.env["whatsapp.clinic.message"].search_count(
            [("reply_to_id", "=", self.received.id)]
        )
        self.assertEqual(sent, 1)
