"""Who waits for an answer: noticed at once, and until somebody has answered."""

import json
from datetime import timedelta, timezone

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.intake.event_news import News
from ...models.message.message import BY_HAND
from ...models.message.message_answer import TOLD_LATER
from ...models.whatsapp.provider import WHATSAPP
from ...tools import clock
from ..common import (
    AYSE_PHONE,
    AYSE_WA_ID,
    ClinicCase,
    SandboxCase,
    staff_user,
)
from ..intake.test_webhook import envelope


@tagged("post_install", "-at_install")
class TestUnanswered(SandboxCase):
    def setUp(self):
        super().setUp()
        self.receptionist = staff_user(self, "receptionist")
        self.patient = self.make_patient()
        self.sandbox.add_patient(AYSE_PHONE)

    def patient_writes(self, text):
        return self.sandbox.act(
            AYSE_WA_ID,
            "messages",
            text=text,
            phone_number_id=self.channel.phone_number_id,
        )

    def hear(self, text="Hello KUMQUAT"):
        found = self.patient_writes(text)
        self.process()
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", found["id"])]
        )

    def test_reply_to_a_known_patient_is_titled_by_name(self):
        message = self.hear().with_user(self.receptionist)
        self.assertEqual(message.action_reply()["name"], "Reply to Ayşe KUMQUAT")

    def answer(self, message, body="See you KUMQUAT"):
        wizard = (
            self.env["whatsapp.clinic.message.reply"]
            .with_user(self.receptionist)
            .with_context(**{BY_HAND: True})
            .create({"message_id": message.id, "body": body})
        )
        wizard.action_send()
        return wizard

    def told(self, kind):
        """Payloads of the bus's notifications of a kind."""
        self.env.cr.precommit.run()
        found = self.env["bus.bus"].sudo().search([("message", "ilike", kind)])
        return [json.loads(one.message)["payload"] for one in found]

    def test_message_of_a_patient_waits_for_an_answer(self):
        message = self.hear()
        self.assertTrue(message.awaits_answer)
        self.assertIn({"is_new": True}, self.told("whatsapp_clinic/unanswered"))

    def test_open_screens_are_told_once_of_all_that_came_together(self):
        for text in ("Hello KUMQUAT", "Are you there? KUMQUAT", "Hello? KUMQUAT"):
            self.patient_writes(text)
        self.process()
        told = self.told("whatsapp_clinic/unanswered")
        self.assertEqual(told, [{"is_new": True}])

    def test_list_reads_no_more_of_a_long_text_than_it_shows(self):
        message = self.hear("\n  Hello KUMQUAT " + "and more " * 400)
        self.env.invalidate_all()
        self.assertTrue(message.display_name.startswith("Hello KUMQUAT and more"))
        self.assertEqual(len(message.display_name), 58)
        body = message._fields["body"]
        self.assertNotIn(message.id, body._get_cache(message.env))

    def test_name_of_a_document_with_words_about_it_looks_for_no_file(self):
        message = self.hear("The report KUMQUAT")
        message.kind = "document"
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(message.display_name, "Document: The report KUMQUAT")
        files = message._fields["media_ids"]
        self.assertNotIn(message.id, files._get_cache(message.env))

    def test_open_screens_are_told_again_only_after_a_while(self):
        messages = self.env["whatsapp.clinic.message"].with_context(
            **{TOLD_LATER: True}
        )
        with self.enter_registry_test_mode(), self.env.registry.cursor() as cr:
            messages = messages.with_env(messages.env(cr=cr))
            news = News(cr)
            for is_last, times in ((False, 1), (False, 1), (True, 2)):
                messages._tell_staff(is_new=True)
                news.take(messages.env)
                news.tell(is_last)
                told = self.told("whatsapp_clinic/unanswered")
                self.assertEqual(len(told), times)

    def test_answer_of_a_person_ends_the_wait_for_all_that_came_before(self):
        first, second = self.hear(), self.hear("And on Friday? KUMQUAT")
        self.answer(second)
        self.assertFalse((first | second).filtered("awaits_answer"))
        self.assertTrue(first.answered_at)
        self.assertTrue(self.hear("Thank you KUMQUAT").awaits_answer)

    def in_app(self, what, **body):
        """Somebody of the clinic does something in the WhatsApp Business app."""
        number = f"phone_numbers/{self.channel.phone_number_id}"
        self.sandbox.call("PATCH", number, {"coexistence": True})
        self.addCleanup(self.sandbox.call, "PATCH", number, {"coexistence": False})
        self.later(seconds=10)
        self.sandbox.move_clock(10)
        self.addCleanup(self.sandbox.move_clock, 0)
        done = self.sandbox.act(AYSE_WA_ID, what, **body)
        self.process()
        return done

    def test_answer_in_the_app_ends_the_wait(self):
        message = self.hear()
        number = self.channel.phone_number_id
        self.in_app("app_messages", phone_number_id=number, text="At ten KUMQUAT")
        self.assertFalse(message.awaits_answer)
        self.assertTrue(message.answered_at)

    def test_answer_that_is_deleted_in_the_app_opens_the_question_again(self):
        message = self.hear()
        number = self.channel.phone_number_id
        said = self.in_app("app_messages", phone_number_id=number, text="KUMQUAT")
        self.in_app("app_deletions", message_id=said["id"])
        self.assertTrue(message.awaits_answer)
        self.assertFalse(message.answered_at)

    def test_answer_that_is_taken_back_opens_the_question_again(self):
        message = self.hear()
        self.answer(message).action_undo()
        self.assertTrue(message.awaits_answer)
        self.assertFalse(message.answered_at)

    def send_answer(self, message):
        """Answer and let it leave; returns the answer."""
        row = self.answer(message).answer_id
        self.assertFalse(message.awaits_answer)
        self.later(seconds=10)
        self.dispatch()
        return row

    def assert_open_again(self, message, answer, state):
        self.assertEqual(answer.state, state)
        self.assertTrue(message.awaits_answer)
        self.assertFalse(message.answered_at)
        told = self.told("whatsapp_clinic/unanswered")
        self.assertIn({"is_new": False}, told)

    def test_answer_that_whatsapp_does_not_take_opens_the_question_again(self):
        message = self.hear()
        self.sandbox.fault("error", code=131009, count=1)
        self.assert_open_again(message, self.send_answer(message), "failed")

    def test_answer_that_fails_later_opens_the_question_again(self):
        message = self.hear()
        self.sandbox.set_patient(AYSE_WA_ID, on_whatsapp=False)
        self.addCleanup(self.sandbox.set_patient, AYSE_WA_ID, on_whatsapp=True)
        answer = self.send_answer(message)
        self.process()
        self.assert_open_again(message, answer, "failed")

    def test_answer_that_the_gate_refuses_opens_the_question_again(self):
        message = self.hear()
        answer = self.answer(message).answer_id
        self.patient.whatsapp_identity_ids.blocked_at = clock.now()
        self.later(seconds=10)
        self.dispatch()
        self.assert_open_again(message, answer, "refused")

    def test_answer_that_arrived_after_all_ends_the_wait(self):
        message = self.hear()
        self.sandbox.set_patient(AYSE_WA_ID, on_whatsapp=False)
        self.addCleanup(self.sandbox.set_patient, AYSE_WA_ID, on_whatsapp=True)
        answer = self.send_answer(message)
        self.process()
        status = {
            "id": answer.sudo().message_id,
            "status": "delivered",
            "timestamp": str(int(clock.now().replace(tzinfo=timezone.utc).timestamp())),
            "recipient_id": AYSE_WA_ID,
        }
        statuses = WHATSAPP.parse(json.dumps(envelope({"statuses": [status]})).encode())
        self.env["whatsapp.clinic.inbound"]._handle_statuses(list(statuses))
        self.assertEqual(answer.state, "delivered")
        self.assertFalse(message.awaits_answer)

    def test_what_is_sent_by_itself_answers_nothing(self):
        message = self.hear()
        message._reply("We are closed KUMQUAT")
        self.assertTrue(message.awaits_answer)

    def test_word_that_is_obeyed_waits_for_nobody(self):
        self.assertFalse(self.hear("STOP").awaits_answer)

    def test_what_needs_no_answer_is_taken_off_the_list(self):
        message = self.hear("Thank you KUMQUAT")
        message.with_user(self.receptionist).action_no_answer_needed()
        self.assertFalse(message.awaits_answer or message.answered_at)
        self.answer(message)
        self.assertFalse(message.awaits_answer)

    def test_privacy_officer_takes_nothing_off_the_list(self):
        message = self.hear()
        officer = staff_user(self, "privacy_officer")
        with self.assertRaises(AccessError):
            message.with_user(officer).action_no_answer_needed()

    def test_stranger_is_named_and_can_become_a_patient(self):
        self.patient.unlink()
        message = self.hear().with_user(self.receptionist)
        self.assertIn(message.identity_id.phone, message.who)
        self.assertTrue(message.can_be_linked)
        action = message.action_new_patient()
        self.assertEqual(action["context"]["default_phone"], AYSE_PHONE)
        form = self.env["ir.ui.view"].browse(action["views"][0][0])
        self.assertIn("clinic_first_consent", form.arch)
        self.make_patient()
        message.invalidate_recordset()
        self.assertFalse(message.can_be_linked)

    def test_sender_is_told_when_the_state_of_an_answer_changes(self):
        row = self.answer(self.hear()).answer_id
        self.later(seconds=10)
        self.dispatch()
        self.assertIn({"ids": row.ids}, self.told("whatsapp_clinic/changed"))


@tagged("post_install", "-at_install")
class TestWhatAsksAndAnswers(ClinicCase):
    """What puts a question, what settles it, and what puts it again."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.receptionist = staff_user(self, "receptionist")
        self.seconds = 0

    def take_in(self, kind, message_id, field="messages", **content):
        """What a webhook brings, ten seconds later; returns the row."""
        self.seconds += 10
        at = clock.now() + timedelta(seconds=self.seconds - 600)
        item = {
            "id": message_id,
            "timestamp": str(int(at.replace(tzinfo=timezone.utc).timestamp())),
            "type": kind,
            **content,
        }
        if field == "messages":
            value = {"messages": [{"from": AYSE_WA_ID, **item}]}
        else:
            people = {"from": "905550000001", "to": AYSE_WA_ID}
            value = {"message_echoes": [{**people, **item}]}
        for event in WHATSAPP.parse(json.dumps(envelope(value, field=field)).encode()):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        self.env.flush_all()
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", message_id)]
        )

    def hear(self, message_id="wamid.question", body="It hurts KUMQUAT"):
        return self.take_in("text", message_id, text={"body": body})

    def echo(self, kind, message_id="wamid.echo", **content):
        return self.take_in(kind, message_id, "smb_message_echoes", **content)

    def correct(self, message_id, body, edit_id="wamid.edit"):
        new = {"type": "text", "text": {"body": body}}
        edit = {"original_message_id": message_id, "message": new}
        return self.take_in("edit", edit_id, edit=edit)

    def test_what_says_nothing_to_the_patient_answers_nothing(self):
        older = self.hear("wamid.older")
        self.echo("text", "wamid.answer", text={"body": "At ten KUMQUAT"})
        asked = self.hear()
        silent = (
            ("reaction", {"message_id": "wamid.question", "emoji": "❤️"}),
            ("reaction", {"message_id": "wamid.older", "emoji": "❤️"}),
            ("reaction", {"message_id": "wamid.question"}),
            ("system", {"body": "KUMQUAT"}),
            ("unsupported", {"type": "unknown"}),
            ("ephemeral", {}),
            ("hologram", {"depth": 3}),
            ("edit", {"original_message_id": "wamid.answer", "text": {"body": "x"}}),
            ("revoke", {"original_message_id": "wamid.other"}),
        )
        for number, (kind, content) in enumerate(silent):
            with self.subTest(kind, content=content):
                self.echo(kind, f"wamid.silent-{number}", **{kind: content})
                self.assertTrue(asked.awaits_answer)
                self.assertFalse(asked.answered_at)
        self.assertFalse(older.awaits_answer)

    def test_what_says_something_to_the_patient_answers(self):
        said = (
            ("text", {"body": "At ten KUMQUAT"}),
            ("image", {"id": "5", "mime_type": "image/jpeg"}),
            ("location", {"latitude": 41.0, "longitude": 29.0}),
        )
        for number, (kind, content) in enumerate(said):
            with self.subTest(kind):
                asked = self.hear(f"wamid.question-{number}")
                self.echo(kind, f"wamid.said-{number}", **{kind: content})
                self.assertFalse(asked.awaits_answer)

    def test_reaction_from_here_answers_nothing(self):
        asked = self.hear()
        asked.with_context(**{BY_HAND: True})._reply("👍", kind="reaction")
        self.assertTrue(asked.awaits_answer)

    def test_correction_of_what_was_answered_waits_again_until_it_is_answered(self):
        asked = self.hear(body="Fine KUMQUAT")
        self.echo("text", "wamid.answer", text={"body": "See you KUMQUAT"})
        self.assertFalse(asked.awaits_answer)
        edit = self.correct("wamid.question", "Not fine, please call KUMQUAT")
        self.assertTrue(asked.awaits_answer)
        self.assertFalse(asked.answered_at or edit.awaits_answer)
        self.echo("reaction", reaction={"message_id": "wamid.question", "emoji": "x"})
        self.assertTrue(asked.awaits_answer)
        self.echo("text", "wamid.second", text={"body": "At once KUMQUAT"})
        self.assertFalse(asked.awaits_answer)

    def test_correction_of_what_was_put_away_waits(self):
        asked = self.hear(body="Fine KUMQUAT")
        asked.with_user(self.receptionist).action_no_answer_needed()
        self.correct("wamid.question", "Not fine KUMQUAT")
        self.assertTrue(asked.awaits_answer)

    def test_correction_waits_itself_until_what_it_corrects_is_there(self):
        edit = self.correct("wamid.question", "Please call KUMQUAT")
        self.assertTrue(edit.awaits_answer)
        asked = self.hear()
        self.assertTrue(asked.awaits_answer)
        self.assertFalse(edit.awaits_answer)

    def test_correction_to_a_word_that_is_obeyed_ends_the_wait(self):
        asked = self.hear(body="Sto")
        edit = self.correct("wamid.question", "STOP")
        self.assertEqual(edit.taken_as, "stop")
        self.assertFalse(asked.awaits_answer)

    def test_what_was_corrected_to_such_a_word_before_it_came_does_not_wait(self):
        self.correct("wamid.question", "STOP")
        self.assertFalse(self.hear(body="Sto").awaits_answer)

    def test_correction_of_what_somebody_else_wrote_waits_itself(self):
        self.echo("text", "wamid.answer", text={"body": "See you KUMQUAT"})
        self.assertTrue(self.correct("wamid.answer", "KUMQUAT").awaits_answer)

    def call(self, call_id="wacid.1", **told):
        call = {"id": call_id, "from": AYSE_WA_ID, "timestamp": "1795000000", **told}
        body = json.dumps(envelope({"calls": [call]}, field="calls")).encode()
        for event in WHATSAPP.parse(body):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", call_id)]
        )

    def test_missed_call_waits_and_one_that_was_answered_does_not(self):
        missed = self.call("wacid.missed", event="terminate", status="FAILED")
        self.assertTrue(missed.awaits_answer)
        spoken = self.call(event="connect", direction="user_initiated")
        self.assertTrue(spoken.awaits_answer)
        ended = {"event": "terminate", "status": "COMPLETED", "duration": 90}
        self.assertEqual(self.call(**ended), spoken)
        self.assertFalse(spoken.awaits_answer)
        self.assertFalse(self.call("wacid.other", **ended).awaits_answer)

    def test_what_whatsapp_does_not_pass_on_waits_and_says_what_to_do(self):
        error = {"code": 131060, "title": "This message is currently unavailable."}
        row = self.take_in(
            "unsupported",
            "wamid.lost",
            errors=[error],
            unsupported={"type": "unknown"},
        )
        self.assertTrue(row.awaits_answer)
        self.assertIn("ask the patient to send it again", row.bubble_html)
