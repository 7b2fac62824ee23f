from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ...cloud_api import errors
from ...models.outbox.dispatcher import ChannelRun, lanes
from ...models.outbox.dispatcher.outcome import Call, Outcome
from ...models.whatsapp.number.clients import channel_client
from ...tools import clock
from ..common import AYSE_PHONE, AYSE_WA_ID, MARKER, SandboxCase, make_template


@tagged("post_install", "-at_install")
class TestDispatcher(SandboxCase):
    """The outbox against the sandbox, over HTTP."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def wait_out_lease(self, message):
        message.claimed_at = clock.now() - timedelta(minutes=10)

    def test_what_is_due_later_waits(self):
        message = self.send_reminder(
            self.appointment, due_at=clock.now() + timedelta(hours=1)
        )
        self.dispatch()
        self.assertEqual(message.state, "queued")
        self.later(hours=2)
        self.dispatch()
        self.assertEqual(message.state, "sent")

    def test_priority_goes_first_then_the_older(self):
        rows = self.send_reminder(self.appointment, priority=2)
        rows |= self.send_reminder(self.appointment, priority=1)
        rows |= self.send_reminder(self.appointment, priority=0)
        run = self.channel_run()
        self.env.flush_all()
        self.assertEqual(run._lock_due(2).ids, [rows[2].id, rows[1].id])

    def channel_run(self):
        run = ChannelRun(self.env.cr, self.channel.id, 0.0)
        return run

    def test_consent_withdrawn_after_queueing_stops_at_the_claim(self):
        message = self.send_reminder(self.appointment)
        self.env.cr.execute(
            "INSERT INTO whatsapp_clinic_consent (partner_id, company_id, purpose_id, "
            "decision, act_at, method, create_date) VALUES (%s, %s, %s, 'withdrawn', "
            "%s, 'paper', %s)",
            [
                self.patient.id,
                self.company.id,
                self.purpose.id,
                clock.now() + timedelta(seconds=1),
                clock.now(),
            ],
        )
        self.dispatch()
        self.assertEqual(
            (message.state, message.reason), ("refused", "consent_withdrawn")
        )
        self.assertFalse(self.sandbox.accepted())

    def test_held_channel_keeps_its_messages(self):
        self.channel._hold(errors.policy(190), 190)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(message.state, "queued")
        self.assertEqual(self.channel.state, "held")
        self.channel.action_release_hold()
        self.dispatch()
        self.assertEqual(message.state, "sent")

    def test_dead_token_holds_the_channel_and_burns_nothing(self):
        self.channel._set_credentials({"access_token": "expired"})
        messages = self.send_reminder(self.appointment)
        messages |= self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(set(messages.mapped("state")), {"queued"})
        self.assertEqual(self.channel.state, "held")
        self.assertIn("190", self.channel.state_reason)
        self.assertFalse(self.sandbox.accepted())
        self.channel._set_credentials({"access_token": "sandbox-access-token"})
        self.later(days=1)
        self.dispatch()
        self.assertEqual(set(messages.mapped("state")), {"sent"})

    def test_permanent_error_fails_with_its_code_and_a_reason(self):
        self.sandbox.fault("error", code=131026, count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(message.state, "failed")
        self.assertEqual(message.error_code, 131026)
        self.assertEqual(message.reason, "error")
        self.assertTrue(message.detail)

    def test_passing_error_is_tried_again_later(self):
        self.sandbox.fault("error", code=131016, count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch(0.5)
        self.assertEqual((message.state, message.attempts), ("queued", 1))
        self.assertGreater(message.due_at, clock.now())
        self.later(minutes=10)
        self.dispatch()
        self.assertEqual((message.state, message.attempts), ("sent", 2))

    def test_opt_out_error_stops_advertising_to_the_identity(self):
        self.sandbox.fault("error", code=131050, count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(message.state, "failed")
        identity = self.patient.whatsapp_identity_ids
        self.assertEqual(identity.marketing_block_source, "error")
        self.assertFalse(identity.blocked_at)

    def test_failed_status_tells_why(self):
        self.sandbox.set_patient(AYSE_WA_ID, on_whatsapp=False)
        self.addCleanup(self.sandbox.set_patient, AYSE_WA_ID, on_whatsapp=True)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.process()
        self.assertEqual((message.state, message.error_code), ("failed", 131026))

    def test_lost_answer_is_unknown_and_its_status_settles_it(self):
        self.sandbox.switch(webhooks_enabled=False)
        self.sandbox.fault("reset_after_accept", count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("unknown", "no_answer"))
        self.sandbox.switch(webhooks_enabled=True)
        self.process()
        self.assertEqual(message.state, "delivered")
        self.assertTrue(message.message_id)
        self.later(hours=1)
        self.dispatch()
        self.assertEqual(len(self.sandbox.accepted()), 1)

    def test_row_of_a_dead_dispatcher_becomes_unknown_after_the_lease(self):
        message = self.send_reminder(self.appointment)
        message.write({"state": "sending", "attempts": 1})
        message.claimed_at = clock.now()
        self.dispatch()
        self.assertEqual(message.state, "sending")
        self.later(minutes=2)
        self.dispatch()
        self.assertEqual(message.state, "unknown")

    def lose(self, claimed=60, lost=59):
        """A message claimed and given up so many minutes ago."""
        message = self.send_reminder(self.appointment)
        message.write(
            {
                "state": "unknown",
                "attempts": 1,
                "claimed_at": clock.now() - timedelta(minutes=claimed),
                "unknown_at": clock.now() - timedelta(minutes=lost),
            }
        )
        self.tried(message, "unknown")
        return message

    def tried(self, message, state):
        """Note that the present try of a message is in a state."""
        return self.env["whatsapp.clinic.message.attempt"].create(
            {
                "message_id": message.id,
                "number": message.attempts,
                "state": state,
                "claimed_at": message.claimed_at or clock.now(),
            }
        )

    def tries(self, message):
        return [(one.number, one.state) for one in message.attempt_ids]

    def test_a_row_that_was_lost_for_long_waits_twice_as_long(self):
        lost = self.lose(claimed=90, lost=59)
        self.send_reminder(self.appointment)
        self.dispatch()
        self.process()
        self.dispatch()
        self.assertEqual((lost.state, lost.attempts), ("unknown", 1))
        self.later(minutes=4)
        self.dispatch()
        self.assertEqual((lost.state, lost.attempts), ("sent", 2))

    def test_unknown_row_is_not_sent_again_without_a_later_status(self):
        lost = self.lose()
        self.dispatch()
        self.assertEqual(lost.state, "unknown")
        self.sandbox.switch(webhooks_enabled=False)
        self.send_reminder(self.appointment)
        self.dispatch()
        self.dispatch()
        self.assertEqual(lost.state, "unknown")
        self.sandbox.switch(webhooks_enabled=True)
        self.process()

    def test_unknown_row_is_sent_again_once_after_a_later_status(self):
        lost = self.lose()
        self.send_reminder(self.appointment)
        self.dispatch()
        self.process()
        self.dispatch()
        self.assertEqual((lost.state, lost.attempts), ("sent", 2))
        self.process()
        lost.write({"state": "unknown", "unknown_at": clock.now() - timedelta(hours=1)})
        self.later(hours=1)
        self.send_reminder(self.appointment)
        self.dispatch()
        self.process()
        self.dispatch()
        self.assertEqual(lost.state, "unknown")

    def test_after_an_outage_an_unknown_row_waits_for_webhooks_to_come_again(self):
        lost = self.lose()
        self.send_reminder(self.appointment)
        self.dispatch()
        lost.write({"state": "unknown", "unknown_at": clock.now() - timedelta(hours=1)})
        self.process()
        self.env.cr.execute(
            "UPDATE ir_cron SET lastcall = %s WHERE id = ANY(%s)",
            [
                clock.now() - timedelta(hours=1),
                [self.env.ref(f"whatsapp_clinic.{lane}").id for lane in lanes.LANES],
            ],
        )
        self.dispatch()
        self.assertEqual(lost.state, "unknown")
        self.assertAlmostEqual(
            lost.unknown_at, clock.now(), delta=timedelta(seconds=30)
        )

    def test_unknown_row_waits_while_a_webhook_waits(self):
        lost = self.lose()
        self.send_reminder(self.appointment)
        self.dispatch()
        self.process()
        self.env.cr.execute(
            "INSERT INTO whatsapp_clinic_webhook_event "
            "(provider, sha256, received_at, state, attempts) "
            "VALUES ('whatsapp', 'x', now(), 'pending', 0)"
        )
        self.dispatch()
        self.assertEqual(lost.state, "unknown")

    def test_late_status_of_the_first_attempt_settles_a_queued_resend(self):
        self.sandbox.switch(webhooks_enabled=False)
        self.sandbox.fault("reset_after_accept", count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        message.state = "queued"
        self.sandbox.switch(webhooks_enabled=True)
        self.process()
        self.dispatch()
        self.assertEqual(message.state, "delivered")
        self.assertEqual(len(self.sandbox.accepted()), 1)

    def test_each_try_is_noted_with_its_outcome(self):
        message = self.send_reminder(self.appointment)
        self.sandbox.fault("error", code=131016, http_status=500, count=1)
        self.dispatch()
        self.later(minutes=10)
        self.dispatch()
        self.process()
        self.assertEqual(self.tries(message), [(1, "refused"), (2, "accepted")])
        refused, accepted = message.attempt_ids
        self.assertEqual((refused.error_code, refused.remote_id), (131016, False))
        self.assertEqual(accepted.sudo().remote_id, message.message_id)
        self.assertTrue(refused.detail and refused.ended_at and accepted.ended_at)

    def test_call_that_reached_nobody_is_noted_as_such(self):
        message = self.send_reminder(self.appointment)
        self.channel.base_url = "http://127.0.0.1:9"
        self.dispatch()
        self.assertEqual({state for _n, state in self.tries(message)}, {"unreachable"})

    def test_try_of_a_dead_dispatcher_is_unknown_and_a_status_tells_of_it(self):
        self.sandbox.switch(webhooks_enabled=False)
        self.sandbox.fault("reset_after_accept", count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(self.tries(message), [(1, "unknown")])
        self.sandbox.switch(webhooks_enabled=True)
        self.process()
        self.assertEqual(self.tries(message), [(1, "accepted")])
        self.assertFalse(message.came_twice)

    def test_message_that_came_twice_is_told(self):
        self.sandbox.switch(webhooks_enabled=False)
        self.sandbox.fault("reset_after_accept", count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        message.state = "queued"
        self.dispatch()
        self.assertEqual(self.tries(message), [(1, "unknown"), (2, "accepted")])
        self.sandbox.switch(webhooks_enabled=True)
        self.process()
        self.assertEqual(message.state, "delivered")
        self.assertEqual(len(self.sandbox.accepted()), 2)
        self.assertTrue(message.attempt_ids[0].delivered_at)
        self.assertTrue(message.came_twice)

    def test_status_that_came_before_the_write_back_is_not_undone(self):
        message = self.send_reminder(self.appointment)
        message.write({"state": "sending", "attempts": 1})
        self.env.flush_all()
        run = self.channel_run()
        now = clock.precise_now()
        run.outcomes.append(
            Outcome(
                Call(message.id, 1, 0),
                "sent",
                "accepted",
                now,
                {"message_id": "x", "sent_at": now},
            )
        )
        message.write({"state": "delivered", "message_id": "early"})
        self.env.flush_all()
        run._write_back()
        self.assertEqual((message.state, message.message_id), ("delivered", "early"))

    def test_answer_comes_to_the_row_whose_identity_was_merged_meanwhile(self):
        message = self.send_reminder(self.appointment)
        gone = message.identity_id
        identity = gone.create({"user_id": "TR.AYSE1"})
        message.write({"state": "sending", "attempts": 1})
        self.env.flush_all()
        run = self.channel_run()
        now = clock.precise_now()
        run.outcomes.append(
            Outcome(
                Call(message.id, 1, 0),
                "sent",
                "accepted",
                now,
                {"message_id": "x", "sent_at": now},
                other_address="905321119999",
            )
        )
        identity._merge(gone)
        self.env.flush_all()
        run._write_back()
        self.assertEqual((message.state, message.message_id), ("sent", "x"))
        self.assertEqual(message.identity_id, identity)
        self.assertIn("905321119999", identity.address_ids.mapped("value"))

    def test_answer_of_an_earlier_attempt_is_not_taken_for_this_one(self):
        message = self.send_reminder(self.appointment)
        message.write({"state": "sending", "attempts": 2})
        self.env.flush_all()
        run = self.channel_run()
        run.outcomes.append(
            Outcome(
                Call(message.id, 1, 0),
                "failed",
                "refused",
                clock.precise_now(),
                {"reason": "error"},
            )
        )
        run._write_back()
        self.assertEqual(message.state, "sending")

    def test_variable_that_is_empty_is_refused_before_the_call(self):
        self.branch.partner_id = self.env["res.partner"].create({"name": "No phone"})
        variable = self.template.variable_ids.filtered(
            lambda one: one.name == "clinic_name"
        )
        variable.builtin = "clinic_phone"
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("refused", "value_missing"))
        self.assertEqual(message.detail, "clinic_name")
        self.assertFalse(self.sandbox.stats()["requests"])

    def test_one_message_that_cannot_be_rendered_does_not_stop_the_others(self):
        messages = self.send_reminder(self.appointment)
        messages |= self.send_reminder(self.appointment)
        render = type(messages)._render

        def broken(message, attempts):
            if message == messages[0]:
                raise ZeroDivisionError(MARKER)
            return render(message, attempts)

        logger = "odoo.addons.whatsapp_clinic.models.outbox.dispatcher.channel_run"
        with (
            patch.object(type(messages), "_render", broken),
            self.assertLogs(logger, "ERROR") as logs,
        ):
            self.dispatch()
        self.assertNotIn(MARKER, str(logs.output))
        self.assertEqual(messages.mapped("state"), ["refused", "sent"])
        self.assertEqual(messages[0].reason, "not_rendered")

    def test_text_within_the_window_reaches_the_phone(self):
        self.sandbox.write(AYSE_WA_ID, self.channel.phone_number_id, f"Hi {MARKER}")
        self.process()
        message = self.send_text(self.patient, f"Yes 👍 {MARKER}\nçğıöşü")
        self.dispatch()
        self.assertEqual(message.state, "sent", (message.reason, message.detail))
        bubble = self.thread()[-1]
        self.assertEqual(bubble["text"], f"Yes 👍 {MARKER}\nçğıöşü")

    def test_too_long_text_is_refused_with_the_limit(self):
        self.sandbox.write(AYSE_WA_ID, self.channel.phone_number_id, f"Hi {MARKER}")
        self.process()
        message = self.send_text(self.patient, "x" * 4097)
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("refused", "not_allowed"))
        self.assertIn("4,096", message.detail)

    def test_patient_is_addressed_in_the_own_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        text = "Sayın {{patient_name}}, {{appointment_date}} günü bekliyoruz."
        turkish = make_template(
            self, language="tr", components=[{"type": "BODY", "text": text}]
        )
        self.appointment.start = "2099-03-05 10:00:00"
        values = turkish._values(self.appointment)
        self.assertEqual(values["body", "appointment_date"], "5 Mart 2099 Perşembe")
        message = self.send_reminder(self.appointment)
        self.patient.lang = "tr_TR"
        self.dispatch()
        self.assertEqual(message.template_id, turkish)
        self.assertIn("5 Mart 2099 Perşembe", message.body)

    def test_pace_of_the_channel_is_kept(self):
        """After a quarter of a second's rate at once; by the clock of who sends."""
        self.channel.rate = 20
        messages = self.env["whatsapp.clinic.message"].concat(
            *(self.send_reminder(self.appointment) for _ in range(30))
        )
        self.sandbox.switch(pair_limit=False)
        started = clock.precise_now()
        self.dispatch()
        times = [one.claimed_at for one in messages if one.claimed_at]
        self.assertGreater(len(times), 10)
        elapsed = max(times) - started
        self.assertGreaterEqual(elapsed.total_seconds(), (len(times) - 5) / 20)

    def test_unreachable_whatsapp_holds_the_channel_and_burns_nothing(self):
        self.channel.base_url = "http://127.0.0.1:9"
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(message.state, "queued")
        self.assertEqual(self.channel.state, "held")
        self.assertIn("cannot be reached", self.channel.state_reason)

    def test_only_loopback_is_called_under_test(self):
        self.channel.base_url = "https://graph.facebook.com"
        with self.assertRaises(ValueError):
            channel_client(self.channel)

    def test_cancelled_message_is_not_sent_and_can_be_sent_again(self):
        message = self.send_reminder(self.appointment)
        message.action_cancel()
        self.dispatch()
        self.assertEqual(
            (message.state, message.reason), ("cancelled", "cancelled_by_user")
        )
        message.action_send_again()
        self.dispatch()
        self.assertEqual(message.state, "sent")
        self.assertEqual(len(self.sandbox.accepted(to=AYSE_PHONE.lstrip("+"))), 1)
