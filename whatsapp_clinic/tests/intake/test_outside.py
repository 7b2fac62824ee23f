"""What is said outside of Odoo: to Meta's own agent, in the WhatsApp Business app, and
before the number was connected."""

import json
from datetime import timezone

from odoo.tests import tagged

from ...models.message.message import BY_HAND
from ...models.whatsapp.provider import WHATSAPP
from ...tools import clock
from ..common import (
    AYSE_WA_ID,
    MARKER,
    PHONE_NUMBER_ID,
    SandboxCase,
    staff_user,
    tomorrow,
)
from .test_webhook import envelope

HERE = {"phone_number_id": PHONE_NUMBER_ID}


class OutsideCase(SandboxCase):
    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)

    def number(self, **changes):
        self.sandbox.call("PATCH", f"phone_numbers/{PHONE_NUMBER_ID}", changes)

    def act(self, what, **body):
        answer = self.sandbox.call("POST", f"patients/{AYSE_WA_ID}/{what}", body)
        self.process()
        return answer

    def say(self, text=MARKER):
        self.act("messages", **HERE, text=text)
        return self.last()

    def last(self, **values):
        domain = [("channel_id", "=", self.channel.id)]
        domain += [(name, "=", value) for name, value in values.items()]
        messages = self.env["whatsapp.clinic.message"]
        return messages.search(domain, order="id desc", limit=1)


@tagged("post_install", "-at_install")
class TestStandby(OutsideCase):
    """Meta's own AI agent answers the patients."""

    def setUp(self):
        super().setUp()
        self.number(agent=True)

    def reminder(self):
        return self.send_reminder(self.book(self.patient, tomorrow(48)))

    def test_what_patients_write_meanwhile_is_with_their_messages(self):
        message = self.say()
        self.assertEqual((message.body, message.partner_id), (MARKER, self.patient))
        self.assertTrue(message.is_standby)
        self.assertIn("AI agent", message.bubble_html)

    def test_what_the_agent_answers_is_a_message_of_the_clinic(self):
        self.act("agent_answers", **HERE, text=MARKER)
        answer = self.last(direction="out")
        self.assertEqual((answer.body, answer.origin), (MARKER, "agent"))
        self.assertEqual(answer.partner_id, self.patient)
        self.assertEqual(answer.state, "delivered")

    def test_nothing_is_sent_by_itself(self):
        self.say()
        answer, reminder = self.send_text(self.patient), self.reminder()
        self.assertEqual((answer.state, answer.reason), ("refused", "standby"))
        self.assertEqual(reminder.objection, "standby")
        self.dispatch()
        self.assertEqual(reminder.state, "held")
        self.assertFalse(self.sandbox.call("GET", "messages")["messages"])

    def test_a_stop_is_obeyed_without_an_answer(self):
        message = self.say("STOP")
        self.assertTrue(message.identity_id.blocked_at)
        self.dispatch()
        self.assertFalse(self.sandbox.call("GET", "messages")["messages"])

    def reply_to(self, message):
        reply = (
            self.env["whatsapp.clinic.message.reply"]
            .with_user(staff_user(self, "receptionist"))
            .with_context(**{BY_HAND: True})
            .create({"message_id": message.id, "body": MARKER})
        )
        reply.action_send()

    def test_a_person_may_write_and_has_the_conversation_then(self):
        message = self.say()
        self.assertFalse(message._objection_to_reply())
        self.reply_to(message)
        self.later(seconds=10)
        self.dispatch()
        self.process()
        self.assertEqual(self.last(kind="text", direction="out").state, "delivered")
        self.assertFalse(self.say().is_standby)
        self.assertNotEqual(self.reminder().objection, "standby")

    def test_who_is_given_back_unanswered_waits_for_the_clinic(self):
        message = self.say()
        self.assertFalse(message.awaits_answer)
        self.act("handovers", **HERE, to="business")
        self.assertTrue(message.awaits_answer)

    def test_who_was_answered_by_the_agent_waits_for_nobody(self):
        message = self.say()
        self.act("agent_answers", **HERE, text=MARKER)
        self.act("handovers", **HERE, to="business")
        self.assertFalse(message.awaits_answer)

    def test_who_wants_a_person_waits_for_one_whatever_the_agent_said(self):
        message = self.say()
        self.act("agent_answers", **HERE, text=MARKER)
        self.act("handovers", **HERE, to="escalation")
        self.assertTrue(message.awaits_answer)
        self.reply_to(message)
        self.assertFalse(message.awaits_answer)

    def test_word_that_was_obeyed_does_not_wait_when_the_agent_gives_it_back(self):
        message = self.say("STOP")
        self.act("handovers", **HERE, to="escalation")
        self.assertFalse(message.awaits_answer)

    def take_in(self, field, **value):
        """What a webhook of a field brings, a little later."""
        self.later(seconds=10)
        stamp = str(int(clock.now().replace(tzinfo=timezone.utc).timestamp()))
        for items in value.values():
            items[0]["timestamp"] = stamp
        if field == "standby":
            value = {"standby": value}
        for event in WHATSAPP.parse(json.dumps(envelope(value, field=field)).encode()):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        return self.last()

    def test_call_leaves_the_conversation_with_the_agent(self):
        self.say()
        call = {"id": "wacid.1", "from": AYSE_WA_ID, "event": "connect"}
        self.assertEqual(self.take_in("calls", calls=[call]).kind, "call")
        self.assertEqual(self.reminder().objection, "standby")

    def test_notice_of_whatsapp_leaves_the_conversation_with_the_agent(self):
        self.say()
        notice = {
            "id": "wamid.notice",
            "from": AYSE_WA_ID,
            "type": "system",
            "system": {"type": "customer_identity_changed", "body": MARKER},
        }
        reminder = self.reminder()
        for field in ("standby", "messages"):
            notice["id"] += field
            found = self.take_in(field, messages=[notice])
            self.assertEqual(found.kind, "system")
            reminder.invalidate_recordset()
            self.assertEqual(reminder.objection, "standby")

    def test_who_has_the_conversation_is_noted_once(self):
        self.say()
        for owner in ("business", "business", "agent"):
            self.act("handovers", **HERE, to=owner)
        notes = self.env["whatsapp.clinic.message"].search(
            [("channel_id", "=", self.channel.id), ("kind", "=", "system")]
        )
        changes = [note.content["change"] for note in notes.sorted("id")]
        self.assertEqual(changes, ["to_clinic", "to_agent"])
        self.assertEqual(self.reminder().objection, "standby")

    def test_a_day_after_the_patients_last_word_reminders_go_again(self):
        self.say()
        self.later(hours=25)
        self.assertNotEqual(self.reminder().objection, "standby")

    def test_the_clinic_is_told(self):
        self.say()
        self.env["whatsapp.clinic.alarm"]._cron_watch()
        alarm = self.env["whatsapp.clinic.alarm"].search(
            [("kind", "=", "standby"), ("channel_id", "=", self.channel.id)]
        )
        self.assertEqual(alarm.count, 1)
        self.later(hours=25)
        self.env["whatsapp.clinic.alarm"]._cron_watch()
        self.assertTrue(alarm.closed_at)


@tagged("post_install", "-at_install")
class TestBusinessApp(OutsideCase):
    """Somebody of the clinic uses the number in the WhatsApp Business app too."""

    def setUp(self):
        super().setUp()
        self.number(coexistence=True)

    def write_in_app(self, text=MARKER):
        return self.act("app_messages", **HERE, text=text)["id"]

    def test_what_is_written_in_the_app_is_with_the_patients_messages(self):
        self.write_in_app()
        message = self.last()
        self.assertEqual(
            (message.direction, message.state, message.origin), ("out", "sent", "app")
        )
        self.assertEqual((message.body, message.partner_id), (MARKER, self.patient))
        self.assertIn("WhatsApp Business app", message.bubble_html)

    def test_an_echo_that_comes_twice_is_one_message(self):
        self.sandbox.switch(duplicate_webhooks=1)
        self.write_in_app()
        self.sandbox.switch(escaped_json=False)
        self.sandbox.call("POST", "webhooks/replay", {})
        self.process()
        domain = [("channel_id", "=", self.channel.id), ("origin", "=", "app")]
        self.assertEqual(self.env["whatsapp.clinic.message"].search_count(domain), 1)

    def test_an_echo_finds_the_patient_by_another_form_of_the_number(self):
        self.sandbox.call("POST", "patients", {"phone": "+5521987654321"})
        known = self.env["whatsapp.clinic.identity"]._for_phones(["+552187654321"])
        path = "patients/5521987654321/app_messages"
        self.sandbox.call("POST", path, {**HERE, "text": MARKER})
        self.process()
        self.assertEqual(self.last().identity_id, known["+552187654321"])

    def test_an_echo_opens_no_window_and_counts_for_no_limit(self):
        self.write_in_app()
        self.assertFalse(self.last().claimed_at)
        self.assertEqual(self.send_text(self.patient).reason, "window_closed")

    def test_a_correction_in_the_app_shows_the_new_text(self):
        message_id = self.write_in_app("First")
        message = self.last()
        self.act("app_edits", message_id=message_id, text=MARKER)
        self.env.invalidate_all()
        self.assertEqual(message.shown_body, MARKER)
        self.assertIn("Corrected by staff", message.bubble_html)
        self.assertNotIn("by the patient", message.bubble_html)

    def test_a_deletion_in_the_app_is_shown(self):
        message_id = self.write_in_app()
        message = self.last()
        self.act("app_deletions", message_id=message_id)
        self.env.invalidate_all()
        self.assertTrue(message.deleted_at)
        self.assertIn("Deleted in the WhatsApp Business app", message.bubble_html)

    def sync(self):
        self.channel._note_health({"is_on_biz_app": True}, None)
        self.work_off_requests()
        self.process()

    def test_a_number_that_is_in_the_app_is_asked_for_its_history_once(self):
        for _check in range(2):
            self.channel._note_health({"is_on_biz_app": True}, None)
        self.assertTrue(self.channel.is_coexistence)
        self.assertLessEqual(self.channel.rate, 20)
        tasks = self.channel.task_ids.filtered(lambda one: one.kind == "sync_app")
        self.assertEqual(len(tasks), 1)

    def test_the_history_is_shown_as_such(self):
        self.sandbox.set_webhook(None)
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, f"{MARKER} before")
        self.sandbox.set_webhook(f"{self.base_url()}/whatsapp_clinic/webhook")
        self.sync()
        past = self.last(is_history=True)
        self.assertEqual((past.direction, past.partner_id), ("in", self.patient))
        self.assertIn("before the number was connected", past.bubble_html)
        self.assertEqual(self.channel.history_progress, 100)

    def test_what_was_said_before_opens_no_window_and_is_not_obeyed(self):
        self.sandbox.set_webhook(None)
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, "STOP")
        self.sandbox.set_webhook(f"{self.base_url()}/whatsapp_clinic/webhook")
        self.sync()
        self.assertFalse(self.last(is_history=True).identity_id.blocked_at)
        self.assertEqual(self.send_text(self.patient).reason, "window_closed")

    def test_a_history_that_is_not_shared_is_told(self):
        self.number(shares_history=False)
        before = self.channel.message_ids
        self.sync()
        (note,) = self.channel.message_ids - before
        self.assertIn("turned off", note.body)

    def test_the_address_book_names_who_is_known_and_keeps_nobody_else(self):
        identities = self.env["whatsapp.clinic.identity"]
        known = identities._for_phones([f"+{AYSE_WA_ID}"])[f"+{AYSE_WA_ID}"]
        before = identities.search_count([])
        self.sync()
        self.assertTrue(known.profile_name)
        self.assertEqual(identities.search_count([]), before)
