import json
from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.outbox.dispatcher import ChannelRun
from ...models.whatsapp.provider import WHATSAPP
from ...tools import clock
from ..common import (
    ACCESS_TOKEN,
    APP_SECRET,
    AYSE_WA_ID,
    BUSINESS_ACCOUNT,
    MARKER,
    OTHER_PHONE_NUMBER_ID,
    PHONE_NUMBER_ID,
    SandboxCase,
    staff_user,
    tomorrow,
)
from ..intake.test_webhook import envelope

# 23:30 in Istanbul, 15:30 in New York.
NIGHT = datetime(2026, 11, 24, 20, 30)


@tagged("post_install", "-at_install")
class TestLimits(SandboxCase):
    """How much leaves: limits of WhatsApp and of the clinic, against the sandbox."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def patients(self, count):
        found = self.env["res.partner"]
        for number in range(count):
            found |= self.make_patient(f"+9053222200{number:02}", f"P{number} {MARKER}")
        for patient in found:
            self.consent(patient)
        return found

    def remind_each(self, patients, **values):
        rows = self.env["whatsapp.clinic.message"]
        for place, patient in enumerate(patients):
            appointment = self.book(patient, tomorrow(30 + place))
            rows |= self.send_reminder(appointment, **values)
        return rows

    def refused_by_whatsapp(self):
        return self.sandbox.stats()["rejected_by_code"]

    def reasons(self, rows):
        return [(row.state, row.reason) for row in rows]

    def allow(self, limit):
        self.channel.portfolio_id.messaging_limit = limit
        for portfolio in self.sandbox.limits():
            self.sandbox.set_messaging_limit(portfolio["portfolio"], limit)

    def used(self):
        return sum(portfolio["used"] for portfolio in self.sandbox.limits())

    def test_one_patient_gets_a_burst_of_45_and_the_rest_later(self):
        rows = self.env["whatsapp.clinic.message"]
        for _number in range(46):
            rows |= self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(rows.mapped("state").count("sent"), 45)
        self.assertEqual(self.reasons(rows[-1]), [("held", "pair_limit")])
        self.assertFalse(self.refused_by_whatsapp())
        waits = rows[-1].due_at - clock.now()
        self.assertAlmostEqual(waits.total_seconds(), 45 * 6, delta=10)

    def test_refused_pair_holds_all_messages_of_the_recipient(self):
        self.sandbox.fault("error", code=131056, count=1)
        first = self.send_reminder(self.appointment)
        self.dispatch(0.5)
        second = self.send_reminder(self.appointment)
        self.dispatch(0.5)
        self.assertEqual(first.state, "queued")
        self.assertEqual(self.reasons(second), [("held", "pair_limit")])
        self.assertEqual(self.sandbox.stats()["requests"], 1)
        self.later(minutes=1)
        self.dispatch()
        self.assertEqual({first.state, second.state}, {"sent"})

    def test_pair_waits_four_times_longer_each_time(self):
        self.sandbox.fault("error", code=131056, count=2)
        message = self.send_reminder(self.appointment)
        waits = []
        for _refusal in range(2):
            self.dispatch(0.5)
            waits.append((message.due_at - clock.now()).total_seconds())
            self.later(seconds=waits[-1] + 2)
        self.assertGreater(waits[1], 2.5 * waits[0])

    def automatic(self, occurrence):
        return self.send_reminder(
            self.appointment,
            rule_id=self.rule_once.id,
            is_automatic=True,
            occurrence=occurrence,
        )

    def test_automatic_messages_are_capped_for_an_hour_and_those_of_staff_are_not(self):
        self.channel.automatic_per_hour = 2
        self.rule_once = self.rule(offset=1)
        rows = self.automatic("a") | self.automatic("b") | self.automatic("c")
        self.dispatch()
        self.assertEqual(
            self.reasons(rows),
            [("sent", False), ("sent", False), ("held", "automatic_limit")],
        )
        by_staff = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(by_staff.state, "sent")
        self.later(minutes=61)
        self.dispatch()
        self.assertEqual(rows[2].state, "sent")

    def test_messaging_limit_is_never_exceeded_and_the_rest_waits(self):
        self.allow(2)
        rows = self.remind_each(self.patients(4))
        self.dispatch()
        self.assertEqual(rows.mapped("state").count("sent"), 2)
        held = rows.filtered(lambda row: row.state == "held")
        self.assertEqual(set(held.mapped("reason")), {"messaging_limit"})
        self.assertEqual(self.used(), 2)
        self.later(hours=25)
        self.dispatch()
        self.assertEqual(rows.mapped("state").count("sent"), 4)

    def test_where_the_day_is_too_short_the_sooner_appointment_goes_first(self):
        self.allow(1)
        late, soon = self.patients(2)
        rows = self.send_reminder(
            self.book(late, tomorrow(40)), expires_at=tomorrow(40)
        )
        rows |= self.send_reminder(self.book(soon, tomorrow(3)), expires_at=tomorrow(3))
        self.dispatch()
        self.assertEqual(
            self.reasons(rows), [("held", "messaging_limit"), ("sent", False)]
        )

    def test_message_that_would_wait_past_its_expiry_says_so_at_once(self):
        self.allow(1)
        rows = self.env["whatsapp.clinic.message"]
        for hours, patient in zip((2, 3), self.patients(2), strict=True):
            rows |= self.send_reminder(
                self.book(patient, tomorrow(hours)), expires_at=tomorrow(hours)
            )
        self.dispatch()
        self.assertEqual(
            self.reasons(rows), [("sent", False), ("refused", "messaging_limit")]
        )
        self.assertIn("Call", rows[1].next_step)

    def test_patient_counts_once_and_who_wrote_does_not_count(self):
        self.allow(1)
        self.send_reminder(self.appointment)
        self.dispatch()
        again = self.send_reminder(self.appointment)
        writer = self.patients(1)
        self.sandbox.add_patient(writer.phone_sanitized)
        self.sandbox.write("905322220000", PHONE_NUMBER_ID, MARKER)
        self.process()
        answer = self.remind_each(writer)
        self.dispatch()
        self.assertEqual((again | answer).mapped("state"), ["sent", "sent"])
        self.assertEqual(self.used(), 1)

    def test_refused_message_does_not_count(self):
        self.allow(1)
        self.sandbox.fault("error", code=132001, count=1)
        refused, sent = self.remind_each(self.patients(2))
        self.dispatch()
        self.later(minutes=16)
        self.dispatch()
        self.assertEqual((refused.state, sent.state), ("failed", "sent"))

    def test_channels_of_a_portfolio_share_the_limit(self):
        self.allow(1)
        sister = self.channel.create(
            {
                "name": "Sister",
                "phone_number_id": OTHER_PHONE_NUMBER_ID,
                "business_account_id": BUSINESS_ACCOUNT,
                "base_url": self.sandbox.url,
            }
        )
        sister._set_credentials(
            {"access_token": ACCESS_TOKEN, "app_secret": APP_SECRET}
        )
        self.assertEqual(sister.portfolio_id, self.channel.portfolio_id)
        first, second = self.patients(2)
        rows = self.remind_each(first)
        rows |= self.send_reminder(
            self.book(second, tomorrow(40)), channel_id=sister.id
        )
        self.dispatch()
        self.assertEqual(sorted(rows.mapped("state")), ["held", "sent"])

    def test_campaign_leaves_room_for_planned_appointment_messages(self):
        self.allow(2)
        ill, target = self.patients(2)
        self.send_reminder(self.appointment)
        self.dispatch()
        planned = self.send_reminder(
            self.book(ill, tomorrow(40)), due_at=clock.now() + timedelta(hours=2)
        )
        campaign = self.remind_each(target, priority=2)
        self.dispatch()
        self.assertEqual(self.reasons(campaign), [("held", "messaging_limit")])
        self.later(hours=3)
        self.dispatch()
        self.assertEqual(planned.state, "sent")

    def test_limit_is_loaded_with_the_templates(self):
        portfolio = self.channel.portfolio_id
        for given, limit in ((250, 250), (2000, 2000), (100_000, 100_000), (None, 0)):
            with self.subTest(given):
                self.sandbox.set_messaging_limit(
                    self.sandbox.limits()[0]["portfolio"], given
                )
                self.load_templates()
                self.assertEqual(portfolio.messaging_limit, limit)

    def test_limit_follows_whatsapps_webhook(self):
        self.sandbox.set_messaging_limit(self.sandbox.limits()[0]["portfolio"], 2000)
        self.process()
        self.assertEqual(self.channel.portfolio_id.messaging_limit, 2000)

    def test_number_that_is_also_in_the_app_sends_20_a_second_at_most(self):
        with self.assertRaises(Exception) as refused, self.env.cr.savepoint():
            self.channel.write({"is_coexistence": True, "rate": 80})
            self.env.flush_all()
        self.assertIn("coexistence_rate", str(refused.exception))


@tagged("post_install", "-at_install")
class TestLateFailures(SandboxCase):
    """WhatsApp accepts, and says later by webhook that it did not deliver."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)

    def fail_with(self, code):
        self.sandbox.fault("failed_status", code=code, count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.process()
        return message

    def test_passing_failure_is_repeated_and_131049_never_before_a_day(self):
        message = self.fail_with(131049)
        self.assertEqual((message.state, message.error_code), ("queued", 131049))
        self.assertGreaterEqual(message.due_at, clock.now() + timedelta(hours=24))
        self.later(hours=23)
        self.dispatch()
        self.assertEqual(len(self.sandbox.accepted()), 1)
        self.later(hours=14)
        self.dispatch()
        self.process()
        self.assertEqual(message.state, "delivered")

    def test_no_advertising_leaves_for_a_day_after_131049_whoever_asks(self):
        self.purpose.write({"is_commercial": True, "use_marketing": True})
        self.template.approval_ids.category = "MARKETING"
        self.template.expected_category = "MARKETING"
        message = self.fail_with(131049)
        self.assertEqual(message.send_objection, "marketing_limit")
        message.action_send_again()
        another = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual({message.state, another.state}, {"held"})
        self.assertEqual(len(self.sandbox.accepted()), 1)
        self.later(hours=24, minutes=1)
        self.dispatch()
        self.assertEqual({message.state, another.state}, {"sent"})

    def test_repeated_failure_is_final(self):
        self.fail_with(131049)
        self.later(hours=40)
        self.sandbox.fault("failed_status", code=131049, count=1)
        self.dispatch()
        self.process()
        message = self.env["whatsapp.clinic.message"].search(
            [*self.appointment._messages_domain(), ("direction", "=", "out")]
        )
        self.assertEqual((message.state, message.error_code), ("failed", 131049))
        self.assertIn("marketing", message.next_step)

    def test_statuses_of_the_failed_attempt_change_nothing_when_they_come_late(self):
        message = self.fail_with(131049)
        due_at = message.due_at
        self.sandbox.call("POST", "webhooks/replay", {"count": 10, "shuffle": True})
        self.process()
        self.assertEqual((message.state, message.due_at), ("queued", due_at))
        self.assertEqual(message.refusals, 1)

    def test_trouble_of_the_account_holds_the_channel_and_keeps_the_message(self):
        message = self.fail_with(131042)
        self.assertEqual((message.state, message.refusals), ("queued", 0))
        self.assertEqual(self.channel.state, "held")
        self.assertIn("payment", self.channel.state_reason)
        self.channel.action_release_hold()
        self.dispatch()
        self.process()
        self.assertEqual(message.state, "delivered")

    def test_objection_to_marketing_is_noted(self):
        self.fail_with(131050)
        identity = self.patient.whatsapp_identity_ids
        self.assertEqual(identity.marketing_block_source, "error")

    def test_what_whatsapp_says_in_turkish(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        message = self.fail_with(131026)
        turkish = message.with_context(lang="tr_TR").next_step
        self.assertNotEqual(turkish, message.next_step)

    def test_unknown_code_is_shown_raw_and_final(self):
        message = self.fail_with(199_999)
        self.assertEqual((message.state, message.error_code), ("failed", 199_999))
        self.assertIn("Unknown error:", message.detail)

    def test_holds_of_the_channel_burn_no_attempts(self):
        self.sandbox.fault("error", code=190, http_status=401, count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual((message.state, message.refusals), ("queued", 0))
        self.assertEqual(self.channel.hold_count, 1)
        self.later(hours=2)
        self.dispatch()
        self.assertEqual(message.state, "sent")
        self.assertEqual(self.channel.hold_count, 0)

    def test_time_that_whatsapp_names_is_honoured(self):
        self.sandbox.fault(
            "error", code=80007, count=1, estimated_time_to_regain_access=90
        )
        self.send_reminder(self.appointment)
        self.dispatch()
        waits = self.channel.hold_until - clock.now()
        self.assertGreaterEqual(waits, timedelta(minutes=89))

    def lose_webhooks(self):
        self.sandbox.switch(webhooks_enabled=False)
        self.addCleanup(self.sandbox.switch, webhooks_enabled=True)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.later(hours=2)
        return message

    def reconcile(self):
        self.env["whatsapp.clinic.reconciliation"]._cron_reconcile()
        self.work_off_requests()

    def test_missing_statuses_are_looked_up_where_whatsapp_offers_it(self):
        self.sandbox.switch(message_history=True)
        message = self.lose_webhooks()
        self.reconcile()
        self.assertEqual(message.state, "delivered")
        self.assertTrue(message.delivered_at)

    def test_where_whatsapp_does_not_offer_it_nothing_happens(self):
        message = self.lose_webhooks()
        self.reconcile()
        self.assertEqual((message.state, message.reason), ("sent", False))

    def test_trouble_that_belongs_to_no_message_holds_the_channel(self):
        value = {"errors": [{"code": 0, "title": "AuthException"}]}
        for event in WHATSAPP.parse(json.dumps(envelope(value)).encode()):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        self.assertEqual(self.channel.state, "held")


@tagged("post_install", "-at_install")
class TestQuietHours(SandboxCase):
    """The night of the recipient, for what rules write."""

    def setUp(self):
        super().setUp()
        self.later(seconds=(NIGHT - clock.precise_now()).total_seconds())
        self.branch.write({"quiet_from": 21.0, "quiet_to": 8.0})
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient, NIGHT + timedelta(days=3))

    def automatic(self, **values):
        rule = self.rule(offset=1)
        return self.send_reminder(
            self.appointment, rule_id=rule.id, is_automatic=True, **values
        )

    def test_rule_waits_until_the_morning_of_the_patient(self):
        message = self.automatic()
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("held", "quiet_hours"))
        self.assertEqual(str(message.due_at), "2026-11-25 05:00:00")
        self.later(hours=9)
        self.dispatch()
        self.assertEqual(message.state, "sent")

    def test_the_patients_own_zone_counts(self):
        self.patient.tz = "America/New_York"
        message = self.automatic()
        self.dispatch()
        self.assertEqual(message.state, "sent")

    def test_the_zone_of_who_enters_a_patient_is_not_the_patients(self):
        desk = self.env["res.partner"].with_context(tz="America/New_York")
        values = {"name": "Ali KUMQUAT", "clinic_branch_id": self.branch.id}
        patient = desk.create({**values, "clinic_patient": True})
        self.assertFalse(patient.tz)
        defaults = desk.with_context(default_clinic_patient=True).default_get(["tz"])
        self.assertFalse(defaults.get("tz"))
        told = {"clinic_patient": True, "tz": "Asia/Tokyo"}
        self.assertEqual(desk.create({**values, **told}).tz, "Asia/Tokyo")

    def test_nor_is_it_that_of_a_contact_who_becomes_a_patient(self):
        self.env.user.tz = "America/New_York"
        desk = self.env["res.partner"].with_context(tz="America/New_York")
        contact, other = desk.create(
            [{"name": "Ali KUMQUAT"}, {"name": "Can KUMQUAT", "tz": "Asia/Tokyo"}]
        )
        (contact | other).clinic_patient = True
        self.assertFalse(contact.tz)
        self.assertEqual(other.tz, "Asia/Tokyo")

    def test_the_zone_of_the_guardian_counts_who_gets_it(self):
        mother = self.make_patient("+12125550123", "Fatma KUMQUAT")
        mother.tz = "America/New_York"
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": mother.id}
        )
        self.rule(offset=1, offset_unit="days")
        # Three in the afternoon here is eight there, two in the afternoon seven.
        visit = self.book(self.patient, datetime(2026, 11, 28, 12, 0))
        (row,) = visit.whatsapp_message_ids
        self.assertEqual(str(row.due_at), "2026-11-27 13:00:00")
        row.due_at = datetime(2026, 11, 27, 12, 0)
        verdict = self.env["whatsapp.clinic.gate"]._judge(row)[row.id]
        self.assertEqual(verdict.reason, "quiet_hours")
        self.assertEqual(str(verdict.until), "2026-11-27 13:00:00")

    def test_staff_may_write_at_night(self):
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(message.state, "sent")

    def test_confirmation_of_a_booking_goes_at_night(self):
        self.rule(anchor="booked", offset=0, offset_side="after")
        visit = self.book(self.patient, NIGHT + timedelta(days=4))
        self.dispatch()
        self.assertEqual(visit.whatsapp_message_ids.mapped("state"), ["sent"])
        self.assertTrue(self.thread())

    def test_message_that_would_be_too_late_in_the_morning_says_so(self):
        message = self.automatic(expires_at=NIGHT + timedelta(hours=3))
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("refused", "quiet_hours"))

    def test_reminder_is_planned_for_the_morning_or_the_evening_before(self):
        rule = self.rule(offset=2)
        messages = self.env["whatsapp.clinic.message"]

        def planned(start):
            appointment = self.book(self.patient, start)
            return str(
                messages.search(
                    [
                        ("rule_id", "=", rule.id),
                        *appointment._messages_domain(),
                    ]
                ).due_at
            )

        day = NIGHT.replace(hour=0, minute=0) + timedelta(days=5)
        # Istanbul is UTC+3: 11:00, 09:00 and 08:00 there.
        self.assertEqual(planned(day + timedelta(hours=8)), "2026-11-29 06:00:00")
        self.assertEqual(planned(day + timedelta(hours=6)), "2026-11-29 05:00:00")
        self.assertEqual(planned(day + timedelta(hours=5)), "2026-11-28 17:59:00")


@tagged("post_install", "-at_install")
class TestSendingByHand(SandboxCase):
    """Send now, cancel and reply, and what the gate says before the click."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.appointment = self.book(self.patient)
        self.receptionist = staff_user(self, "receptionist")

    def planned(self, partner=None):
        appointment = self.book(partner, tomorrow(50)) if partner else self.appointment
        return self.send_reminder(appointment, due_at=clock.now() + timedelta(hours=20))

    def ask(self, rows):
        action = rows.with_user(self.receptionist).action_ask_to_send()
        return (
            self.env[action["res_model"]]
            .with_user(self.receptionist)
            .with_context(**action["context"])
            .create({})
        )

    def test_gate_is_heard_before_the_click_and_the_rest_is_sent(self):
        nobody = self.make_patient("+905321110009", f"Nobody {MARKER}")
        ready, refused = self.planned(), self.planned(nobody)
        wizard = self.ask(ready | refused)
        self.assertEqual((wizard.ready_count, wizard.refused_count), (1, 1))
        self.assertEqual(refused.send_objection, "no_consent")
        self.assertFalse(ready.send_objection)
        wizard.action_send()
        self.dispatch()
        self.assertEqual((ready.state, refused.state), ("sent", "queued"))

    def test_failed_message_is_sent_again(self):
        self.sandbox.fault("error", code=132001, count=1)
        message = self.send_reminder(self.appointment)
        self.dispatch()
        self.assertEqual(message.state, "failed")
        self.ask(message).action_send()
        self.dispatch()
        self.assertEqual((message.state, message.attempts), ("sent", 2))

    def test_sent_message_is_not_sent_again(self):
        message = self.send_reminder(self.appointment)
        self.dispatch()
        wizard = self.ask(message)
        self.assertEqual((wizard.ready_count, wizard.refused_count), (0, 1))

    def test_many_are_cancelled_at_once(self):
        rows = self.planned() | self.planned(self.patient)
        rows.with_user(self.receptionist).action_cancel()
        self.assertEqual(set(rows.mapped("state")), {"cancelled"})

    def reply(self, received, body):
        return (
            self.env["whatsapp.clinic.message.reply"]
            .with_user(self.receptionist)
            .create({"message_id": received.id, "body": body})
        )

    def receive(self):
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, f"Soru {MARKER}")
        self.process()
        return self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in"), ("channel_id", "=", self.channel.id)]
        )

    def test_answer_reaches_who_wrote_and_quotes_the_question(self):
        received = self.receive()
        wizard = self.reply(received, f"Cevap {MARKER}")
        self.assertFalse(wizard.objection)
        wizard.action_send()
        self.dispatch()
        *_, answer = self.thread()
        self.assertEqual(answer["text"], f"Cevap {MARKER}")
        self.assertEqual(answer["context_id"], received.message_id)

    def test_answer_goes_to_the_number_that_wrote(self):
        received = self.receive()
        self.patient.phone = "+905321110077"
        self.reply(received, f"Cevap {MARKER}").action_send()
        self.dispatch()
        self.assertEqual(self.thread()[-1]["text"], f"Cevap {MARKER}")

    def test_answer_after_24_hours_says_why_not_and_sends_nothing(self):
        received = self.receive()
        self.later(hours=25)
        wizard = self.reply(received, f"Cevap {MARKER}")
        self.assertEqual(wizard.objection, "window_closed")
        with self.assertRaisesRegex(Exception, "24 hours"):
            wizard.action_send()

    def test_reply_shows_nothing_of_a_message_that_the_user_may_not_read(self):
        received = self.receive()
        elsewhere = self.branch.copy({"name": "Elsewhere", "member_ids": False})
        stranger = staff_user(self, "receptionist", elsewhere)
        replies = self.env["whatsapp.clinic.message.reply"].with_user(stranger)
        self.env.flush_all()
        self.env.invalidate_all()
        for look in ("latest_ids", "objection"):
            with self.subTest(look), self.assertRaises(AccessError):
                replies.create({"message_id": received.id})[look]
        with self.assertRaises(AccessError):
            replies.create({"message_id": received.id, "body": MARKER}).action_send()

    def test_empty_and_overlong_answers_are_refused_with_a_reason(self):
        received = self.receive()
        for body, words in (("  ", "write something"), ("x" * 4097, "refuse")):
            with (
                self.subTest(words),
                self.assertRaisesRegex(Exception, words),
                self.env.cr.savepoint(),
            ):
                self.reply(received, body).action_send()

    def test_answer_overtakes_a_reminder(self):
        received = self.receive()
        self.send_reminder(self.appointment)
        self.reply(received, f"Cevap {MARKER}").action_send()
        self.env.flush_all()
        first = ChannelRun(self.env.cr, self.channel.id, 0.0)._lock_due(1)
        self.assertEqual(first.reply_to_id, received)


@tagged("post_install", "-at_install")
class TestTimeToLive(SandboxCase):
    """WhatsApp gives up on a reminder that has lost its sense."""

    def setUp(self):
        super().setUp()
        self.load_templates()
        self.template = self.env["whatsapp.clinic.template"].search(
            [
                ("business_account_id", "=", BUSINESS_ACCOUNT),
                ("name", "=", "appointment_reminder"),
                ("language", "=", "en"),
            ]
        )
        self.rule(offset=2)

    def limit(self):
        self.template.action_limit_ttl()
        self.work_off_requests()

    def test_manager_limits_it_to_what_the_rules_leave(self):
        self.assertTrue(self.template.ttl_is_long)
        self.limit()
        self.assertEqual(self.template.ttl_seconds, 2 * 3600)
        self.assertFalse(self.template.ttl_is_long)
        self.load_templates()
        self.assertEqual(self.template.ttl_seconds, 2 * 3600)

    def test_reminder_does_not_reach_a_phone_that_comes_back_after_the_visit(self):
        self.limit()
        message = self.remind_who_comes_back_after_the_visit()
        self.assertEqual(message.state, "sent")
        self.assertFalse(self.thread())

    def test_without_a_limit_it_reaches_the_phone_after_the_visit(self):
        message = self.remind_who_comes_back_after_the_visit()
        self.assertEqual(message.state, "sent")
        self.assertTrue(self.thread())

    def remind_who_comes_back_after_the_visit(self):
        patient = self.make_patient()
        self.consent(patient)
        self.sandbox.set_patient(AYSE_WA_ID, online=False)
        self.addCleanup(self.sandbox.set_patient, AYSE_WA_ID, online=True)
        message = self.send_reminder(self.book(patient, tomorrow(2)))
        self.dispatch()
        self.sandbox.move_clock(3 * 3600)
        self.addCleanup(self.sandbox.move_clock, 0)
        self.sandbox.set_patient(AYSE_WA_ID, online=True)
        return message

    def test_refusal_is_told_with_what_to_do(self):
        self.template.approval_ids.remote_id = "1"
        self.limit()
        self.assertIn("Check the channel", self.template.ttl_error)
        self.assertTrue(self.template.ttl_is_long)
