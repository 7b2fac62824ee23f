"""What the watchdog notices, whom it tells, and that it takes it back."""

import hashlib
from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors

from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ...models.provider.events import Unrecognised
from ...tools import clock
from ..common import ClinicCase, staff_user


class AlarmCase(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What is in the database must not answer for what a test made.
        cls.env.cr.execute("UPDATE whatsapp_clinic_webhook_event SET state = 'done'")
        cls.env["whatsapp.clinic.alarm"].search([]).unlink()
        cls.free_disk(cls, gigabytes=0)
        cls.manager = staff_user(cls, "manager")
        cls.patient = cls.make_patient(cls)

    def free_disk(self, gigabytes):
        """So much has to be free on the server's disk."""
        key = "whatsapp_clinic.alarm_disk_gigabytes"
        self.env["ir.config_parameter"].set_param(key, str(gigabytes))

    def watch(self):
        self.env["whatsapp.clinic.alarm"]._cron_watch()
        self.env.invalidate_all()

    def alarms(self):
        """The open alarms of the test's channel or of the whole database."""
        return self.env["whatsapp.clinic.alarm"].search(
            [("channel_id", "in", [self.channel.id, False]), ("closed_at", "=", False)]
        )

    def kinds(self):
        return self.alarms().mapped("kind")

    def message(self, **values):
        """An outgoing message in a state that the dispatcher would have made."""
        return self.env["whatsapp.clinic.message"].create(
            {
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "partner_id": self.patient.id,
                "purpose_id": self.conversation.id,
                "body": "x",
                **values,
            }
        )

    def queued(self, ago: timedelta, **values):
        return self.message(state="queued", due_at=clock.now() - ago, **values)

    def sent(self, ago: timedelta, **values):
        at = clock.now() - ago
        return self.message(state="sent", claimed_at=at, sent_at=at, **values)

    def hold(self, **delta):
        self.channel.sudo().hold_until = clock.now() + timedelta(**delta)

    def event(self, state="parked", ago=timedelta(), body=b"{}"):
        """A webhook as the controller and the processor leave it."""
        at = clock.now() - ago
        sha256 = hashlib.sha256(f"{state} {at} {body}".encode()).hexdigest()
        self.env.cr.execute(
            """
            INSERT INTO whatsapp_clinic_webhook_event
                (provider, body, sha256, size, received_at, processed_at, state,
                 attempts)
            VALUES ('whatsapp', %s, %s, %s, %s, %s, %s, 0) RETURNING id
            """,
            [body, sha256, len(body), at, at if state == "done" else None, state],
        )
        events = self.env["whatsapp.clinic.webhook.event"]
        return events.browse(self.env.cr.fetchone()[0])

    def move_clock(self, **delta):
        moved = clock.precise_now() + timedelta(**delta)
        for name in ("now", "precise_now"):
            patcher = patch.object(clock, name, lambda: moved)
            patcher.start()
            self.addCleanup(patcher.stop)


@tagged("post_install", "-at_install")
class TestCauses(AlarmCase):
    """Each kind: what raises it, and what does not."""

    def test_overdue_message_that_does_not_leave_raises_an_alarm(self):
        message = self.queued(timedelta(minutes=11))
        self.watch()
        alarm = self.alarms()
        self.assertEqual(alarm.kind, "queue")
        self.assertEqual((alarm.count, alarm.since), (1, message.due_at))

    def test_message_that_is_due_for_a_moment_raises_none(self):
        self.queued(timedelta(minutes=9))
        self.watch()
        self.assertFalse(self.kinds())

    def test_campaign_may_wait_longer_than_a_reminder(self):
        self.queued(timedelta(minutes=110), priority=2)
        self.watch()
        self.assertFalse(self.kinds())
        self.move_clock(minutes=11)
        self.watch()
        self.assertEqual(self.kinds(), ["queue"])

    def test_threshold_is_a_parameter(self):
        self.env["ir.config_parameter"].set_param(
            "whatsapp_clinic.alarm_queue_minutes", "5"
        )
        self.queued(timedelta(minutes=6))
        self.watch()
        self.assertEqual(self.kinds(), ["queue"])

    def test_copied_database_raises_none(self):
        self.queued(timedelta(hours=1))
        self.channel.sudo().fingerprint = "another database"
        self.watch()
        self.assertFalse(self.kinds())

    def test_hold_that_lasts_is_told_instead_of_the_queue_behind_it(self):
        self.queued(timedelta(hours=1))
        self.hold(hours=1)
        self.watch()
        self.assertEqual(self.kinds(), ["held"])

    def test_hold_for_want_of_payment_is_one_alarm(self):
        self.queued(timedelta(hours=1))
        self.hold(hours=1)
        self.channel.sudo().payment_missing_at = clock.now()
        self.watch()
        self.assertEqual(self.kinds(), ["payment"])

    def test_reception_is_told_in_plain_words_that_nothing_leaves(self):
        receptionist = staff_user(self, "receptionist")
        other = self.branch.copy({"name": "Another Branch", "channel_id": False})
        elsewhere = staff_user(self, "receptionist", other)
        self.hold(hours=1)
        self.watch()
        alarms = self.env["whatsapp.clinic.alarm"]
        (notice,) = alarms.with_user(receptionist).banner()
        self.assertIn("accepts nothing from Kadıköy", notice["display_name"])
        self.assertIn("Call the patients", notice["advice"])
        self.assertFalse(alarms.with_user(elsewhere).banner())
        self.assertFalse(alarms.with_user(new_test_user(self.env, "cook")).banner())

    def test_hold_of_a_moment_raises_none(self):
        self.hold(seconds=30)
        self.watch()
        self.assertFalse(self.kinds())

    def test_hold_of_a_moment_does_not_hide_the_queue(self):
        self.queued(timedelta(hours=1))
        self.hold(seconds=30)
        self.watch()
        self.assertEqual(self.kinds(), ["queue"])

    def test_channel_gets_time_to_catch_up_after_a_hold(self):
        self.queued(timedelta(hours=1))
        self.hold(minutes=2)
        self.watch()
        self.move_clock(minutes=3)
        self.watch()
        self.assertFalse(self.kinds())
        self.move_clock(minutes=11)
        self.watch()
        self.assertEqual(self.kinds(), ["queue"])

    def test_hold_between_two_attempts_goes_on_being_told(self):
        self.hold(minutes=2)
        self.channel.sudo().hold_count = 3
        self.watch()
        self.move_clock(minutes=3)
        self.watch()
        self.assertEqual(self.kinds(), ["held"])

    def test_sent_messages_without_any_status_raise_an_alarm(self):
        self.event("done")
        self.sent(timedelta(minutes=31))
        self.sent(timedelta(minutes=40))
        self.sent(timedelta(minutes=5))
        self.watch()
        alarm = self.alarms()
        self.assertEqual((alarm.kind, alarm.count), ("no_status", 2))

    def test_status_of_a_later_message_means_that_statuses_come(self):
        self.sent(timedelta(minutes=31))
        self.sent(timedelta(minutes=5), status_at=clock.now())
        self.watch()
        self.assertFalse(self.kinds())

    def test_status_of_an_earlier_message_does_not(self):
        self.sent(timedelta(minutes=50), status_at=clock.now() - timedelta(minutes=49))
        self.sent(timedelta(minutes=31))
        self.watch()
        self.assertEqual(self.kinds(), ["no_status"])

    def test_messages_of_last_month_tell_nothing(self):
        self.sent(timedelta(days=30))
        self.watch()
        self.assertFalse(self.kinds())

    def test_silence_of_whatsapp_after_something_was_sent_raises_an_alarm(self):
        self.event("done", timedelta(hours=8))
        self.sent(timedelta(hours=7))
        self.watch()
        self.assertIn("no_webhook", self.kinds())

    def test_webhook_since_then_means_that_the_door_is_open(self):
        self.sent(timedelta(hours=7))
        self.event("done")
        self.watch()
        self.assertNotIn("no_webhook", self.kinds())

    def test_silence_while_nothing_is_sent_raises_none(self):
        self.event("done", timedelta(days=3))
        self.watch()
        self.assertFalse(self.kinds())

    def test_disk_that_is_nearly_full_raises_an_alarm_until_there_is_room(self):
        self.free_disk(10**9)
        self.watch()
        alarm = self.alarms()
        self.assertEqual(alarm.kind, "disk")
        self.assertFalse(alarm.channel_id or alarm.is_fixable)
        self.free_disk(0)
        self.watch()
        self.assertFalse(self.alarms())

    def test_parked_webhook_raises_an_alarm_for_the_whole_database(self):
        event = self.event()
        self.watch()
        alarm = self.alarms()
        self.assertEqual((alarm.kind, alarm.count), ("parked", 1))
        self.assertFalse(alarm.channel_id)
        self.assertEqual(alarm.since, event.received_at)


@tagged("post_install", "-at_install")
class TestAlarm(AlarmCase):
    """From its notice to its end."""

    def activities(self, user=None):
        return self.env["mail.activity"].search(
            [
                ("user_id", "=", (user or self.manager).id),
                ("res_model", "=", "whatsapp.clinic.channel"),
                ("res_id", "=", self.channel.id),
            ]
        )

    def test_second_look_makes_no_second_alarm_and_no_second_activity(self):
        self.queued(timedelta(minutes=11))
        self.watch()
        self.queued(timedelta(minutes=12))
        self.watch()
        self.assertEqual(self.alarms().count, 2)
        self.assertEqual(len(self.activities()), 1)

    def test_database_refuses_a_second_open_alarm_of_a_kind(self):
        self.queued(timedelta(minutes=11))
        self.watch()
        for values in ({}, {"channel_id": False, "kind": "parked"}):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.UniqueViolation),
                self.cr.savepoint(),
            ):
                self.alarms()[:1].copy(values).copy()
                self.env.flush_all()

    def test_alarm_closes_with_its_activity_when_the_cause_is_gone(self):
        message = self.queued(timedelta(minutes=11))
        self.watch()
        alarm = self.alarms()
        message.state = "sent"
        self.watch()
        self.assertTrue(alarm.closed_at)
        self.assertFalse(self.activities())

    def test_alarm_that_comes_back_is_a_new_one(self):
        message = self.queued(timedelta(minutes=11))
        self.watch()
        first = self.alarms()
        message.state = "cancelled"
        self.watch()
        message.state = "queued"
        self.watch()
        self.assertTrue(self.alarms())
        self.assertNotEqual(self.alarms(), first)

    def test_done_activity_does_not_come_back_while_the_alarm_lasts(self):
        self.queued(timedelta(minutes=11))
        self.watch()
        self.activities().action_done()
        self.watch()
        self.assertFalse(self.activities())

    def test_hold_that_is_lifted_by_hand_closes_its_alarm_at_once(self):
        self.hold(hours=1)
        self.watch()
        self.assertTrue(self.activities())
        self.channel.action_release_hold()
        self.assertFalse(self.alarms())
        self.assertFalse(self.activities())

    def test_manager_reads_the_activity_in_the_own_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.env["ir.module.module"]._load_module_terms(["whatsapp_clinic"], ["tr_TR"])
        self.manager.lang = "tr_TR"
        self.queued(timedelta(minutes=11))
        self.watch()
        alarm = self.alarms()
        self.assertEqual(
            self.activities().summary, alarm.with_context(lang="tr_TR").display_name
        )

    def test_managers_of_the_branch_are_told_and_others_are_not(self):
        elsewhere = staff_user(self, "manager", branch=self.branch.browse())
        receptionist = staff_user(self, "receptionist")
        self.queued(timedelta(minutes=11))
        self.watch()
        self.assertTrue(self.activities())
        self.assertFalse(self.activities(elsewhere))
        self.assertFalse(self.activities(receptionist))

    def test_without_a_manager_at_the_branch_those_of_the_company_are_told(self):
        self.branch.member_ids = False
        company = self.env["res.company"].create({"name": "Other clinic"})
        stranger = staff_user(
            self,
            "manager",
            branch=self.branch.browse(),
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        self.queued(timedelta(minutes=11))
        self.watch()
        self.assertTrue(self.activities())
        self.assertFalse(self.activities(stranger))

    def test_administrators_are_told_about_parked_webhooks(self):
        administrator = staff_user(self, "administrator")
        self.event()
        self.watch()
        alarm = self.alarms()
        self.assertIn(administrator, alarm.activity_ids.user_id)
        self.assertNotIn(self.manager, alarm.activity_ids.user_id)

    def test_retry_of_parked_webhooks_closes_the_alarm_at_the_next_look(self):
        event = self.event()
        self.watch()
        alarm = self.alarms()
        event.action_retry()
        self.watch()
        self.assertTrue(alarm.closed_at)
        self.assertFalse(alarm.activity_ids)

    def test_alarm_leads_to_where_it_is_mended(self):
        self.queued(timedelta(minutes=11))
        self.event()
        self.watch()
        by_kind = {alarm.kind: alarm for alarm in self.alarms()}
        action = by_kind["queue"].with_user(self.manager).action_fix()
        self.assertEqual(action["res_model"], "whatsapp.clinic.channel")
        self.assertEqual(action["res_id"], self.channel.id)
        administrator = staff_user(self, "administrator")
        parked = by_kind["parked"].with_user(administrator)
        self.assertTrue(parked.is_fixable)
        self.assertEqual(
            parked.action_fix()["res_model"], "whatsapp.clinic.webhook.event"
        )
        self.assertFalse(by_kind["parked"].with_user(self.manager).is_fixable)

    def test_where_nobody_may_read_it_every_administrator_is_told(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        group = self.env.ref("whatsapp_clinic.group_administrator")
        group.all_user_ids.company_id = self.env.company
        group.all_user_ids.company_ids = self.env.company
        foreign = staff_user(
            self, "administrator", company_id=company.id, company_ids=company.ids
        )
        own = staff_user(self, "administrator")
        update = Unrecognised("messages", {"body": "KUMQUAT"}, "unknown")
        self.env["whatsapp.clinic.unrecognised"]._keep(update)
        self.watch()
        alarm = self.alarms()
        told = alarm.activity_ids
        self.assertLessEqual(own | foreign, told.user_id)
        self.assertNotIn(self.manager, told.user_id)
        for user in (own, foreign):
            asked = told.filtered(lambda one, user=user: one.user_id == user)
            with self.subTest(user=user.login):
                self.assertTrue(asked.with_user(user).read(["summary", "note"]))
                self.assertFalse(alarm.with_user(user).has_access("read"))

    def test_every_kind_says_what_to_do(self):
        kinds = [kind for kind, _label in self.alarms()._fields["kind"].selection]
        for kind in kinds:
            alarm = self.alarms().new({"kind": kind, "since": clock.now()})
            with self.subTest(kind):
                self.assertTrue(alarm.advice)

    def test_channel_shows_managers_its_alarms(self):
        self.queued(timedelta(minutes=11))
        self.watch()
        administrator = staff_user(self, "administrator")
        form = Form(self.channel.with_user(administrator))
        self.assertEqual(form.record.shown_alarm_ids, self.alarms())

    def test_alarm_of_another_company_is_not_seen(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        self.channel.branch_ids.channel_id = False
        self.channel.company_id = company
        self.queued(timedelta(minutes=11))
        self.watch()
        self.assertTrue(self.alarms())
        self.assertFalse(self.alarms().with_user(self.manager).search([]))

    def test_who_may_read_nothing_of_it_is_not_alarmed(self):
        """In another company, or without the right to look at it."""
        company = self.env["res.company"].create({"name": "Other clinic"})
        everywhere = self.env["res.company"].search([])
        administrator = staff_user(self, "administrator", company_ids=everywhere.ids)
        foreign = staff_user(
            self, "administrator", company_id=company.id, company_ids=company.ids
        )
        lonely = (foreign, self.manager)
        self.env["whatsapp.clinic.unrecognised"].search([]).unlink()
        for user in (administrator, *lonely):
            self.assertFalse(self.alarms().with_user(user).banner())
        update = Unrecognised("messages", {"body": "KUMQUAT"}, "unknown")
        self.env["whatsapp.clinic.unrecognised"]._keep(update)
        self.watch()
        alarm = self.alarms()
        self.assertEqual(alarm.kind, "unrecognised")
        self.assertEqual(alarm.with_user(administrator).banner()[0]["id"], alarm.id)
        self.assertIn(administrator, alarm.activity_ids.user_id)
        for user in lonely:
            with self.subTest(user=user.login):
                self.assertFalse(alarm.with_user(user).banner())
                self.assertFalse(alarm.with_user(user).search([]))
                self.assertNotIn(user, alarm.activity_ids.user_id)

    def test_webhook_of_another_company_alarms_nobody_else(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        users = {
            one: staff_user(
                self, "administrator", company_id=one.id, company_ids=one.ids
            )
            for one in (self.company, company)
        }
        self.event().account_id = self.channel.account_id
        self.channel.account_id.company_id = self.company
        self.watch()
        alarm = self.alarms()
        self.assertTrue(alarm.with_user(users[self.company]).banner())
        self.assertFalse(alarm.with_user(users[company]).banner())
        self.assertIn(users[self.company], alarm.activity_ids.user_id)
        self.assertNotIn(users[company], alarm.activity_ids.user_id)

    def test_watchdog_looks_every_five_minutes(self):
        cron = self.env.ref("whatsapp_clinic.watch")
        self.assertEqual((cron.interval_number, cron.interval_type), (5, "minutes"))
        self.queued(timedelta(minutes=11))
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(self.kinds(), ["queue"])
