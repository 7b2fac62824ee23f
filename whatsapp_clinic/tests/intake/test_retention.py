"""How long raw webhooks are kept."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import format_date, mute_logger

from ...models.intake import webhook_event
from ..monitoring.test_alarm import AlarmCase


@tagged("post_install", "-at_install")
class TestRetention(AlarmCase):
    def setUp(self):
        super().setUp()
        self.events = self.env["whatsapp.clinic.webhook.event"]
        self.env.cr.execute("DELETE FROM whatsapp_clinic_webhook_event")

    def vacuum(self):
        """What Odoo's daily vacuum calls."""
        with mute_logger(webhook_event.__name__):
            for name in ("processed_bodies", "parked_bodies", "processed_rows"):
                getattr(self.events, f"_gc_{name}")()
        self.env.invalidate_all()

    def assertEmptied(self, event):
        self.assertFalse(event.sudo().body or event.sender)
        self.assertTrue(event.emptied_at)

    def test_body_of_a_processed_webhook_is_gone_after_a_day(self):
        old = self.event("done", timedelta(hours=25))
        old.sender = 1
        fresh = self.event("done", timedelta(hours=23))
        self.vacuum()
        self.assertEmptied(old)
        self.assertTrue(fresh.sudo().body)
        self.assertFalse(fresh.emptied_at)

    def test_hash_stays_as_long_as_whatsapp_may_repeat(self):
        known = self.event("done", timedelta(days=7, hours=23))
        forgotten = self.event("done", timedelta(days=8, hours=1))
        self.vacuum()
        self.assertTrue(known.exists())
        self.assertFalse(forgotten.exists())

    def test_waiting_webhook_is_never_touched(self):
        event = self.event("pending", timedelta(days=60))
        self.vacuum()
        self.assertTrue(event.sudo().body)

    def test_parked_body_is_kept_for_thirty_days(self):
        old = self.event("parked", timedelta(days=31))
        young = self.event("parked", timedelta(days=29))
        self.vacuum()
        self.assertEmptied(old)
        self.assertEqual(old.state, "parked")
        self.assertTrue(young.sudo().body)

    def test_periods_are_parameters(self):
        set_param = self.env["ir.config_parameter"].set_param
        set_param("whatsapp_clinic.body_hours", "1")
        set_param("whatsapp_clinic.parked_body_days", "1")
        done = self.event("done", timedelta(hours=2))
        parked = self.event("parked", timedelta(hours=25))
        self.vacuum()
        self.assertEmptied(done)
        self.assertEmptied(parked)

    def test_emptied_webhook_cannot_be_processed_again(self):
        event = self.event("parked", timedelta(days=31))
        self.vacuum()
        with self.assertRaises(UserError):
            event.action_retry()

    def test_retry_of_many_passes_over_the_emptied_ones(self):
        gone = self.event("parked", timedelta(days=31))
        there = self.event("parked", timedelta(days=1))
        self.vacuum()
        (gone | there).action_retry()
        self.assertEqual((gone.state, there.state), ("parked", "pending"))

    def test_alarm_says_until_when_the_content_is_kept(self):
        self.event("parked", timedelta(days=1))
        self.watch()
        alarm = self.alarms()
        kept_until = alarm.since + timedelta(days=30)
        self.assertIn(format_date(self.env, kept_until.date()), alarm.advice)

    def test_removal_of_what_nobody_processed_is_logged(self):
        self.event("parked", timedelta(days=31))
        with self.assertLogs(webhook_event.__name__, "ERROR") as logs:
            self.events._gc_parked_bodies()
        self.assertIn("1 parked webhook events", logs.output[0])

    def test_alarm_ends_when_there_is_nothing_left_to_process(self):
        self.event("parked", timedelta(days=31))
        self.watch()
        self.assertEqual(self.kinds(), ["parked"])
        self.vacuum()
        self.watch()
        self.assertFalse(self.kinds())

    def test_vacuum_asks_to_come_again_while_full_batches_remain(self):
        self.patch(webhook_event, "BATCH", 2)
        for hours in (25, 26, 27):
            self.event("done", timedelta(hours=hours))
        self.assertEqual(self.events._gc_processed_bodies(), (2, 1))
        self.assertEqual(self.events._gc_processed_bodies(), (1, 0))
