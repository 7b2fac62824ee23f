"""Nothing that comes from WhatsApp is dropped without a trace, or lands unseen."""

import json
from datetime import timedelta, timezone

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.monitoring.counters import Sample
from ...models.provider import events
from ...models.whatsapp.provider import WHATSAPP
from ...tools import clock
from ..common import AYSE_WA_ID, BUSINESS_ACCOUNT, PHONE_NUMBER_ID, staff_user
from ..monitoring.test_alarm import AlarmCase
from .test_webhook import envelope, status, text_message

OTHER_ACCOUNT = "620000000000009"


class UpdateCase(AlarmCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kept = cls.env["whatsapp.clinic.unrecognised"]
        cls.kept.search([]).unlink()

    def take_in(self, value, field="messages", account=BUSINESS_ACCOUNT, metadata=True):
        body = envelope(value, field=field)
        body["entry"][0]["id"] = account
        if not metadata:
            del body["entry"][0]["changes"][0]["value"]["metadata"]
        told = WHATSAPP.parse(json.dumps(body).encode())
        statuses = [one for one in told if isinstance(one, events.Status)]
        for event in told:
            if event not in statuses:
                self.env["whatsapp.clinic.inbound"]._handle(event)
        self.env["whatsapp.clinic.inbound"]._handle_statuses(statuses)
        self.env.flush_all()

    def unknown(self, **values):
        self.take_in({"wish": "KUMQUAT", **values}, "brand_new")
        return self.kept.search([("field", "=", "brand_new")])

    def received(self):
        return self.env["whatsapp.clinic.message"].search(
            [("channel_id", "=", self.channel.id), ("direction", "=", "in")]
        )

    def history(self):
        bodies = self.channel.message_ids.mapped("body")
        return " ".join(map(str, bodies))


@tagged("post_install", "-at_install")
class TestUnrecognised(UpdateCase):
    """What this version does not understand has a watcher."""

    def test_event_that_nothing_handles_is_kept(self):
        self.env["whatsapp.clinic.inbound"]._handle(timedelta())
        self.assertEqual(self.kept.search([]).field, "timedelta")

    def test_what_was_not_understood_raises_an_alarm_that_administrators_are_told(self):
        administrator = staff_user(self, "administrator")
        kept = self.unknown()
        self.watch()
        alarm = self.alarms()
        self.assertEqual((alarm.kind, alarm.count), ("unrecognised", 1))
        self.assertEqual(alarm.since, kept.received_at)
        self.assertIn(administrator, alarm.activity_ids.user_id)
        action = alarm.with_user(administrator).action_fix()
        self.assertEqual(action["res_model"], self.kept._name)

    def test_alarm_ends_at_once_when_an_administrator_has_looked(self):
        kept = self.unknown()
        self.watch()
        alarm = self.alarms()
        kept.with_user(staff_user(self, "administrator")).action_settle()
        self.assertTrue(alarm.closed_at)
        self.assertFalse(alarm.activity_ids)

    def test_nobody_else_settles_it(self):
        kept = self.unknown()
        for role in ("receptionist", "practitioner", "manager", "privacy_officer"):
            with self.subTest(role), self.assertRaises(AccessError):
                kept.with_user(staff_user(self, role)).action_settle()

    def test_what_comes_again_is_counted_and_rings_again(self):
        kept = self.unknown()
        kept.action_settle()
        self.unknown()
        self.assertEqual((len(self.kept.search([])), kept.count), (1, 2))
        self.assertTrue(kept.is_open)

    def test_what_waits_for_a_look_is_a_figure(self):
        self.unknown()
        self.unknown(wish="another").action_settle()
        samples = self.env["whatsapp.clinic.counters"]._read()
        self.assertIn(Sample("updates_unrecognised", 0), samples)
        self.unknown()
        samples = self.env["whatsapp.clinic.counters"]._read()
        self.assertIn(Sample("updates_unrecognised", 1), samples)

    def test_equal_values_of_different_parts_are_two(self):
        self.take_in({"a": 1}, "brand_new")
        self.take_in({"a": 1}, "brand_newer")
        self.assertEqual(
            set(self.kept.search([]).mapped("field")), {"brand_new", "brand_newer"}
        )

    def test_it_goes_when_parked_webhooks_go(self):
        self.unknown()
        self.move_clock(days=31)
        self.kept._gc()
        self.assertFalse(self.kept.search([]))


@tagged("post_install", "-at_install")
class TestTraces(UpdateCase):
    """What cannot be told to anybody in particular is kept for an administrator."""

    def assert_kept(self, field):
        kept = self.kept.search([("field", "=", field), ("is_open", "=", True)])
        self.assertEqual(len(kept), 1)
        return kept

    def test_whatever_is_about_a_number_that_is_not_ours_is_noted_once(self):
        call = {"id": "wacid.1", "from": AYSE_WA_ID, "timestamp": "1795000000"}
        stop = {"value": "stop", "wa_id": AYSE_WA_ID, "timestamp": 1795000000}
        updates = {
            "messages": text_message(),
            "calls": {"calls": [{**call, "direction": "USER_INITIATED"}]},
            "user_preferences": {"user_preferences": [stop]},
        }
        stranger = {"metadata": {"phone_number_id": "9"}}
        for field, value in updates.items():
            self.take_in({**value, **stranger}, field)
        self.take_in({**status("sent", "x.1"), **stranger})
        kept = self.assert_kept("messages")
        self.assertEqual(kept.count, 4)
        self.assertIn('"9"', kept.raw)

    def test_statuses_of_messages_that_are_not_ours_are_counted_without_an_alarm(self):
        for number in range(3):
            self.take_in(status("sent", "of-another", f"wamid.other-{number}"))
        kept = self.kept.search([("field", "=", "statuses")])
        self.assertEqual((kept.count, kept.is_open), (3, False))
        self.assertNotIn("wamid", kept.raw)
        self.watch()
        self.assertFalse(self.kinds())

    def test_error_of_no_message_is_for_a_person_to_read(self):
        self.take_in({"errors": [{"code": 131000, "title": "Something went wrong"}]})
        self.assertIn("131000", self.assert_kept("errors").why)

    def test_error_beside_a_message_is_not_lost(self):
        error = {"errors": [{"code": 131000, "title": "Something went wrong"}]}
        self.take_in({**text_message(), **error})
        self.assertEqual(len(self.received()), 1)
        self.assertNotIn("KUMQUAT", self.assert_kept("errors").raw)

    def test_error_that_holds_a_channel_is_obeyed_and_no_riddle(self):
        self.take_in({"errors": [{"code": 0, "title": "AuthException"}]})
        self.assertEqual(self.channel.state, "held")
        self.assertFalse(self.kept.search([]))

    def test_news_of_an_account_that_no_channel_has_are_kept(self):
        self.take_in({"event": "ACCOUNT_DELETED"}, "account_update", OTHER_ACCOUNT)
        self.assert_kept("account_update")

    def test_news_of_a_number_that_no_channel_has_are_kept(self):
        ours = self.env["whatsapp.clinic.inbound"]._channels_of(BUSINESS_ACCOUNT)
        ours.display_phone_number = "+90 555 000 00 01"
        value = {"display_phone_number": "905550000002", "event": "FLAGGED"}
        self.take_in(value, "phone_number_quality_update", metadata=False)
        self.assert_kept("phone_number_quality_update")

    def test_news_of_a_template_of_an_account_that_no_channel_has_are_kept(self):
        value = {"message_template_id": 5, "event": "APPROVED"}
        field = "message_template_status_update"
        self.take_in(value, field, OTHER_ACCOUNT, metadata=False)
        self.assert_kept("template")


@tagged("post_install", "-at_install")
class TestNews(UpdateCase):
    """News of the account stand in the channel's history, with all that they say."""

    NEWS = {
        "account_settings_update": {
            "type": "calling",
            "calling": {"status": "ENABLED"},
        },
        "payment_configuration_update": {
            "configuration_name": "x",
            "status": "ENABLED",
        },
        "business_username_updates": {"username": "clinic", "status": "ENABLED"},
        "account_alerts": {"entity_type": "BUSINESS", "alert_status": "ENABLED"},
        "business_capability_update": {"max_daily_conversation_per_phone": "ENABLED"},
    }

    def test_news_whose_shape_is_not_known_are_told(self):
        for field, value in self.NEWS.items():
            with self.subTest(field):
                self.take_in(value, field, metadata=False)
                told = str(self.channel.message_ids[0].body)
                self.assertIn(field, told)
                self.assertIn("ENABLED", told)
        self.assertFalse(self.kept.search([]))

    def test_news_say_who_and_what(self):
        value = {
            "event": "PARTNER_ADDED",
            "waba_info": {"owner_business_id": "4711", "partner_app_id": 815},
        }
        self.take_in(value, "account_update", metadata=False)
        for words in (
            "PARTNER_ADDED",
            "owner_business_id: 4711",
            "partner_app_id: 815",
        ):
            self.assertIn(words, self.history())

    def test_news_name_no_phone_number(self):
        self.channel.display_phone_number = "+90 555 000 00 01"
        value = {"display_phone_number": "905550000001", "event": "FLAGGED"}
        self.take_in(value, "phone_number_quality_update", metadata=False)
        self.assertIn("FLAGGED", self.history())
        self.assertNotIn("905550000001", self.history())

    def test_ban_without_the_name_of_an_event_restricts(self):
        value = {"ban_info": {"waba_ban_state": "DISABLE"}}
        self.take_in(value, "account_update", metadata=False)
        self.assertIn("DISABLE", self.channel.restriction)

    def test_settings_of_one_number_are_told_to_it_alone(self):
        settings = {"phone_number_settings": {"phone_number_id": PHONE_NUMBER_ID}}
        other = self.channel.copy({"phone_number_id": "64", "name": "Other"})
        before = other.message_ids
        self.take_in(settings, "account_settings_update", metadata=False)
        self.assertIn("account_settings_update", self.history())
        self.assertEqual(other.message_ids, before)


@tagged("post_install", "-at_install")
class TestPeople(UpdateCase):
    """What is told of people whose number or user id is told in another way."""

    def stop(self, **value):
        preference = {"value": "stop", "timestamp": 1795000000, **value}
        value = {"user_preferences": [{"category": "marketing_messages", **preference}]}
        self.take_in(value, "user_preferences", metadata=False)

    def test_stop_without_a_number_of_the_clinic_is_obeyed(self):
        self.stop(wa_id=AYSE_WA_ID)
        self.assertTrue(self.patient.whatsapp_identity_ids.marketing_blocked_at)

    def system(self, kind, **values):
        system = {"type": kind, "body": "New words", **values}
        value = text_message(type="system", system=system, message_id="wamid.sys")
        self.take_in({**value, "contacts": []})
        return self.received()

    def test_change_of_a_number_not_met_before_is_kept_with_its_person(self):
        self.env["whatsapp.clinic.identity"].search(
            [("wa_id", "=", AYSE_WA_ID)]
        ).wa_id = "1"
        row = self.system("user_changed_number", wa_id="905321119999")
        self.assertEqual(row.identity_id.wa_id, AYSE_WA_ID)
        self.assertEqual(row.kind_label, "Change of Number")

    def test_new_user_id_is_no_change_of_number(self):
        ids = {"user_id": "TR.2", "previous_user_id": "TR.1"}
        row = self.system("user_changed_user_id", **ids)
        self.assertEqual(row.kind_label, "New User ID")
        self.assertEqual(row.identity_id.user_id, "TR.2")

    def test_new_telephone_stands_in_the_conversation(self):
        row = self.system("customer_identity_changed")
        self.assertEqual(row.partner_id, self.patient)
        self.assertIn("New Phone", row.kind_label)
        self.assertIn("New Phone", row.bubble_html)
        self.assertFalse(self.kept.search([]))

    def test_other_notice_of_whatsapp_is_shown_in_its_words(self):
        row = self.system("of_tomorrow")
        self.assertEqual(row.kind_label, "Notice of WhatsApp")
        self.assertIn("New words", row.bubble_html)

    def test_message_without_a_readable_time_is_shown_as_of_now(self):
        present = clock.now()
        self.patch(clock, "now", lambda: present)
        for number, written in enumerate(("soon", None, "9" * 30)):
            with self.subTest(written):
                message_id = f"wamid.UNDATED{number}"
                value = text_message("Help KUMQUAT", message_id, timestamp=written)
                self.take_in(value)
                row = self.received()[:1]
                self.assertEqual(row.message_id, message_id)
                self.assertEqual(row.body, "Help KUMQUAT")
                self.assertEqual(row.occurred_at, clock.now())
                self.assertTrue(row.awaits_answer)
                self.assertTrue(row.is_unknown_kind)
        self.assertFalse(self.kept.search([]))

    def test_clock_far_ahead_keeps_no_window_open(self):
        ahead = clock.now() + timedelta(days=365)
        self.take_in(
            text_message(
                timestamp=str(int(ahead.replace(tzinfo=timezone.utc).timestamp()))
            )
        )
        self.assertLessEqual(self.received().occurred_at, clock.now())
        self.move_clock(days=2)
        row = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.conversation.id,
                    "body": "Hello KUMQUAT",
                }
            ]
        )
        self.assertEqual(row.reason, "window_closed")
