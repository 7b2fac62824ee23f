import hashlib
import json
from datetime import datetime, timedelta

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ...models.intake.event_batch import EventBatch
from ...tools import clock
from ..common import AYSE_WA_ID, BUSINESS_ACCOUNT, PHONE_NUMBER_ID, tomorrow
from .chat_case import ChatCase

EPOCH = datetime(1970, 1, 1)

QUESTION = (
    "May the clinic ask whether you were satisfied? Our privacy notice is at "
    "{{notice_link}} for you to read."
)


@tagged("post_install", "-at_install")
class TestChatConsent(ChatCase):
    """Asked and answered in the chat: the patient's message is the proof."""

    def setUp(self):
        super().setUp()
        self.survey = self.env.ref("whatsapp_clinic.purpose_survey")
        self.notice = self.publish()

    def ask(self, partner=None, purpose=None, **values):
        return self.env["whatsapp.clinic.consent.question"]._ask_consent(
            partner or self.patient, purpose or self.survey, self.channel, **values
        )

    def question(self, **values):
        """A question on the patient's phone: its row and its bubble."""
        self.say("Merhaba")
        row = self.ask(**values)
        asked = [one for one in self.shown() if row.body == one["text"]]
        return row, asked[-1]

    def test_question_names_the_purpose_and_the_notice(self):
        row, bubble = self.question()
        self.assertIn(self.survey.name, bubble["text"])
        self.assertIn(self.notice._url(), bubble["text"])
        self.assertEqual(
            [one["title"] for one in bubble["buttons"]], ["I agree", "I do not agree"]
        )
        self.assertEqual(row.purpose_id, self.conversation)

    def test_tap_on_yes_is_a_consent_with_its_proof(self):
        row, bubble = self.question()
        tap = self.tap(bubble, "I agree")
        self.assertEqual(self.state(self.survey), "given")
        consent = self.patient.consent_ids.filtered(
            lambda one: one.purpose_id == self.survey
        )
        self.assertEqual(consent.message_id, tap)
        self.assertEqual(tap.reply_to_id, row)
        self.assertEqual(consent.act_at, tap.occurred_at)
        self.assertEqual(consent.method, "chat")
        self.assertEqual(consent.notice_id, self.notice)

    def test_consent_keeps_the_words_whatever_becomes_of_the_messages(self):
        row, bubble = self.question()
        asked = row.body
        tap = self.tap(bubble, "I agree")
        (row | tap).write({"body": "Something else"})
        consent = self.patient.consent_ids.filtered("message_id")
        self.assertEqual(consent.evidence, f"{asked}\n→ I agree")
        stop = self.say("Stop")
        withdrawn = self.patient.consent_ids.filtered(
            lambda one: one.message_id == stop
        )
        self.assertEqual(set(withdrawn.mapped("evidence")), {"→ Stop"})

    def test_notice_of_the_consent_is_the_one_that_was_shown(self):
        _row, bubble = self.question()
        self.publish()
        self.tap(bubble, "I agree")
        consent = self.patient.consent_ids.filtered(
            lambda one: one.purpose_id == self.survey
        )
        self.assertEqual(consent.notice_id, self.notice)

    def test_later_tap_overrides_and_thanks_come_once(self):
        _row, bubble = self.question()
        self.tap(bubble, "I agree")
        self.tap(bubble, "I do not agree")
        self.assertEqual(self.state(self.survey), "withdrawn")
        self.tap(bubble, "I agree")
        self.assertEqual(self.state(self.survey), "given")
        thanks = [one for one in self.shown() if "Thank you" in one["text"]]
        self.assertEqual(len(thanks), 1)

    def test_late_yes_does_not_override_a_later_no(self):
        row, bubble = self.question()
        self.tap(bubble, "I do not agree")
        self.answer(row, "agree", ago=timedelta(seconds=90))
        self.assertEqual(self.state(self.survey), "withdrawn")

    def test_yes_from_before_a_stop_is_withdrawn_by_it(self):
        row, _bubble = self.question()
        self.say("STOP")
        self.answer(row, "agree", ago=timedelta(seconds=90))
        self.assertEqual(self.state(self.survey), "withdrawn")

    def answer(self, row, action, ago):
        """An answer that was tapped so long ago and comes only now."""
        message = self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "kind": "interactive",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": self.identity.id,
                "occurred_at": clock.now() - ago,
            }
        )
        message._act_on_tap(f"{action}:{row.key}")
        return message

    def test_tap_from_another_number_does_nothing_and_waits_for_somebody(self):
        row, _bubble = self.question()
        self.identity = self.make_patient("+905321110002", "X").whatsapp_identity_ids
        message = self.answer(row, "agree", ago=timedelta())
        self.assertFalse(self.state(self.survey))
        self.assertTrue(message.awaits_answer)

    def test_tap_on_what_asked_nothing_does_nothing_and_waits_for_somebody(self):
        self.say("Merhaba")
        row = self.send_text(self.patient, identity_id=self.identity.id)
        self.shown()
        message = self.answer(row, "agree", ago=timedelta())
        self.assertFalse(row.tapped)
        self.assertTrue(message.awaits_answer)

    def test_yes_as_next_message_answers(self):
        for word, state in (("Evet.", "given"), ("HAYIR", "withdrawn")):
            with self.subTest(word):
                self.question()
                message = self.say(word)
                self.assertEqual(self.state(self.survey), state)
                self.assertIn(message, self.patient.consent_ids.message_id)

    def test_yes_after_another_message_answers_nothing(self):
        self.question()
        self.say("Saat kaçta açıksınız?")
        self.say("evet")
        self.assertFalse(self.state(self.survey))

    def test_yes_answers_what_the_clinic_said_since_and_not_the_question(self):
        for word in ("Evet", "HAYIR"):
            with self.subTest(word):
                self.question()
                self.send_text(self.patient, "Shall we call you? KUMQUAT")
                self.shown()
                self.assertFalse(self.say(word).taken_as)
                self.assertFalse(self.state(self.survey))

    def test_yes_after_another_number_of_the_clinic_wrote_answers_nothing(self):
        self.question()
        row = self.send_text(self.patient, "KUMQUAT")
        row.sudo().write(
            {
                "channel_id": self.channel.copy({"phone_number_id": "other"}).id,
                "state": "sent",
                "claimed_at": clock.now(),
            }
        )
        self.assertFalse(self.say("Evet").taken_as)

    def said_elsewhere(self, origin):
        """The clinic writes in the WhatsApp Business app, or Meta's agent does."""
        number = f"phone_numbers/{PHONE_NUMBER_ID}"
        switch, what = {
            "app": ("coexistence", "app_messages"),
            "agent": ("agent", "agent_answers"),
        }[origin]
        self.sandbox.call("PATCH", number, {switch: True})
        self.pass_time()
        self.sandbox.act(
            AYSE_WA_ID,
            what,
            text="Shall we move it? KUMQUAT",
            phone_number_id=PHONE_NUMBER_ID,
        )
        self.process()
        self.sandbox.call("PATCH", number, {switch: False})

    def test_yes_answers_what_was_said_outside_of_odoo_and_not_the_question(self):
        for origin in ("app", "agent"):
            for word in ("Evet", "HAYIR", "kabul ediyorum"):
                with self.subTest(origin=origin, word=word):
                    self.question()
                    self.said_elsewhere(origin)
                    self.assertFalse(self.say(word).taken_as)
                    self.assertFalse(self.state(self.survey))

    def test_yes_answers_what_was_said_outside_of_odoo_and_not_the_reminder(self):
        for word in ("Evet", "Onaylıyorum"):
            with self.subTest(word):
                appointment = self.reminded()
                self.said_elsewhere("app")
                message = self.say(word)
                self.assertEqual(appointment.patient_status, "needs_action")
                self.assertTrue(message.awaits_answer)
                appointment.state = "cancelled"

    def test_yes_answers_a_question_that_came_after_what_was_said_in_the_app(self):
        self.said_elsewhere("app")
        self.question()
        self.say("Evet")
        self.assertEqual(self.state(self.survey), "given")

    def test_question_is_answered_by_a_tap_whatever_was_said_since(self):
        _row, bubble = self.question()
        self.send_text(self.patient, "Shall we call you? KUMQUAT")
        self.shown()
        self.tap(bubble, "I agree")
        self.assertEqual(self.state(self.survey), "given")

    def reminded(self):
        """An open question, and then a reminder on the patient's phone."""
        self.question()
        appointment = self.book(self.patient)
        self.send_reminder(appointment)
        self.shown()
        return appointment

    def test_yes_to_a_reminder_confirms_the_visit(self):
        appointment = self.reminded()
        word = self.say("Evet, teşekkürler")
        self.assertEqual(appointment.patient_status, "accepted")
        self.assertEqual(word._subject, appointment)
        self.assertFalse(self.state(self.survey))

    def test_no_to_a_reminder_cancels_nothing_and_is_left_to_reception(self):
        appointment = self.reminded()
        self.say("Hayır")
        self.assertEqual(appointment.state, "booked")
        self.assertEqual(len(appointment.activity_ids), 1)
        self.assertFalse(self.state(self.survey))

    def test_confirming_words_confirm_the_visit_that_was_reminded_of(self):
        for word in ("Onaylıyorum", "I confirm", "Geleceğim.", "I'll be there!"):
            with self.subTest(word):
                appointment = self.reminded()
                self.say(word)
                self.assertEqual(appointment.patient_status, "accepted")
                appointment.state = "cancelled"

    def test_who_cannot_come_cancels_nothing_and_reception_is_asked_to_call(self):
        for word in ("Gelemeyeceğim", "GELEMEYECEGIM", "I can’t come, thank you"):
            with self.subTest(word):
                appointment = self.reminded()
                earlier = self.book(self.patient, tomorrow(3))
                message = self.say(word)
                self.assertEqual(appointment.state, "booked")
                self.assertIn("cannot come", appointment.activity_ids.summary)
                self.assertFalse(earlier.activity_ids)
                self.assertTrue(message.awaits_answer)
                (appointment | earlier).write({"state": "cancelled"})

    def test_who_cannot_come_is_heard_without_a_reminder(self):
        appointment = self.book(self.patient)
        self.say("Gelemeyeceğim")
        self.assertIn("cannot come", appointment.activity_ids.summary)

    def test_coming_or_not_is_no_answer_to_a_question_for_consent(self):
        for word in ("Geleceğim", "I can't come"):
            with self.subTest(word):
                self.question()
                self.assertFalse(self.say(word).taken_as)
                self.assertFalse(self.state(self.survey))

    def test_coming_or_not_inside_a_sentence_is_not_guessed(self):
        for text in ("Salı gelemeyeceğim ama çarşamba olur", "I confirm nothing yet"):
            with self.subTest(text):
                appointment = self.reminded()
                self.say(text)
                self.assertEqual(appointment.patient_status, "needs_action")
                self.assertFalse(appointment.activity_ids)
                appointment.state = "cancelled"

    def offered(self):
        """A visit that the patient was reminded of, with titles of its own."""
        self.say("Merhaba")
        template = self.make_template(
            "visit_titles",
            "Your visit KUMQUAT",
            "Uyar ✅",
            "Başka gün",
            "Beni arayın",
        )
        for button, action in zip(
            template.button_ids, ("confirm", "reschedule", "none"), strict=True
        ):
            button.action = action
        appointment = self.book(self.patient)
        row = self.send_reminder(appointment, template_id=template.id)
        self.shown()
        return appointment, row

    def written(self, title):
        """What is known of the visit when somebody has written a title."""
        appointment, row = self.offered()
        message = self.say(title)
        self.assertEqual(message.reply_to_id, row)
        self.assertFalse(message.awaits_answer)
        return appointment.patient_status

    def test_title_that_is_written_confirms_as_the_tap_does(self):
        self.assertEqual(self.written("uyar"), "accepted")

    def test_title_that_is_written_asks_for_another_time_as_the_tap_does(self):
        self.assertEqual(self.written("BAŞKA GÜN."), "tentative")

    def test_title_in_a_tap_that_does_not_say_on_what_does_the_same(self):
        appointment, _row = self.offered()
        self.pass_time()
        tap = {"type": "button", "button": {"payload": "Uyar ✅", "text": "Uyar ✅"}}
        self.sandbox.act(
            AYSE_WA_ID, "raw", message=tap, phone_number_id=PHONE_NUMBER_ID
        )
        self.process()
        self.assertEqual(appointment.patient_status, "accepted")

    def test_title_of_a_button_that_does_nothing_waits_for_somebody(self):
        appointment, _row = self.offered()
        self.assertTrue(self.say("Beni arayın").awaits_answer)
        self.assertEqual(appointment.patient_status, "needs_action")

    def test_title_is_nothing_where_something_else_was_said_since(self):
        appointment, _row = self.offered()
        self.send_text(self.patient, "Shall we call you? KUMQUAT")
        self.shown()
        self.assertTrue(self.say("Uyar").awaits_answer)
        self.assertEqual(appointment.patient_status, "needs_action")

    def test_title_that_quotes_what_offered_it_counts_whatever_was_said_since(self):
        appointment, row = self.offered()
        self.send_text(self.patient, "Shall we call you? KUMQUAT")
        self.shown()
        self.pass_time()
        quoting = {
            "type": "text",
            "text": {"body": "Uyar"},
            "context": {"id": row.message_id},
        }
        self.sandbox.act(
            AYSE_WA_ID, "raw", message=quoting, phone_number_id=PHONE_NUMBER_ID
        )
        self.process()
        self.assertEqual(appointment.patient_status, "accepted")

    def test_no_title_narrows_a_stop(self):
        template = self.make_template("stop_titles", "News KUMQUAT", "Stop")
        template.button_ids.action = "stop_marketing"
        self.send_reminder(self.book(self.patient), template_id=template.id)
        self.shown()
        self.assertEqual(self.say("STOP").taken_as, "stop")

    def test_cancel_asks_what_is_meant_also_where_a_button_is_called_so(self):
        template = self.make_template("cancel_titles", "Visit KUMQUAT", "Cancel")
        template.button_ids.action = "cancel"
        appointment = self.book(self.patient)
        self.send_reminder(appointment, template_id=template.id)
        self.shown()
        self.assertEqual(self.say("Cancel").taken_as, "cancel")
        self.assertEqual(appointment.state, "booked")

    def test_yes_after_a_day_answers_nothing(self):
        self.question()
        self.pass_time(24 * 3600)
        self.say("evet")
        self.assertFalse(self.state(self.survey))

    def test_yes_as_reply_answers_also_after_a_day(self):
        _row, bubble = self.question()
        self.pass_time(24 * 3600)
        self.say("Saat kaçta açıksınız?")
        self.pass_time()
        self.sandbox.call(
            "POST",
            f"patients/{AYSE_WA_ID}/messages",
            {
                "phone_number_id": PHONE_NUMBER_ID,
                "text": "kabul ediyorum",
                "context_id": bubble["id"],
            },
        )
        self.process()
        self.assertEqual(self.state(self.survey), "given")

    def test_yes_to_what_is_not_known_here_answers_nothing(self):
        self.question()
        self.pass_time()
        word = {
            "id": "wamid.yes",
            "from": AYSE_WA_ID,
            "timestamp": _seconds(clock.now()),
            "type": "text",
            "text": {"body": "evet"},
            "context": {"id": "wamid.of the telephone"},
        }
        self.hear("messages", messages=[word])
        self.assertFalse(self.state(self.survey))

    def test_yes_without_a_question_is_just_a_word(self):
        message = self.say("evet")
        self.assertFalse(message.taken_as)
        self.assertEqual(self.shown(), [])

    def test_on_a_family_phone_the_answer_is_for_who_was_asked_about(self):
        sibling = self.make_patient(name="Can KUMQUAT")
        _row, bubble = self.question(partner=sibling)
        self.tap(bubble, "I agree")
        self.assertEqual(self.state(self.survey, sibling), "given")
        self.assertFalse(self.state(self.survey))

    def guardianship(self, **values):
        child = self.make_patient(phone=False, name="Can KUMQUAT")
        return self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": child.id, "guardian_id": self.patient.id, **values}
        )

    def test_guardian_answers_for_the_patient(self):
        guardianship = self.guardianship()
        child = guardianship.patient_id
        _row, bubble = self.question(partner=child)
        self.tap(bubble, "I agree")
        self.assertEqual(self.state(self.survey, child), "given")
        self.assertEqual(child.consent_ids.guardian_id, self.patient)

    def test_guardian_reads_about_which_ward_the_question_and_the_thanks_are(self):
        can, naz = (self.guardianship().patient_id for _ward in range(2))
        naz.name = "Naz KUMQUAT"
        asked = [self.question(partner=one)[1] for one in (can, naz)]
        self.assertIn("For Can:", asked[0]["text"])
        self.assertIn("For Naz:", asked[1]["text"])
        self.assertNotIn("KUMQUAT", asked[0]["text"])
        for bubble in asked:
            self.tap(bubble, "I agree")
        thanks = {one["text"].split(":")[0] for one in self.shown()[-2:]}
        self.assertEqual(thanks, {"For Can", "For Naz"})

    def test_wards_of_one_first_name_are_told_apart(self):
        can, other = (self.guardianship().patient_id for _ward in range(2))
        can.name, other.name = "Can Ali KUMQUAT", "Can Efe KUMQUAT"
        question = self.env["whatsapp.clinic.consent.question"]
        named = question._name_between(can, self.patient, self.identity)
        self.assertEqual(named, "Can Ali")

    def test_question_to_a_number_of_one_patient_names_nobody(self):
        _row, bubble = self.question()
        self.assertNotIn("For ", bubble["text"])

    def test_question_to_a_family_s_number_names_the_patient(self):
        sibling = self.make_patient(name="Can KUMQUAT")
        _row, bubble = self.question(partner=sibling)
        self.assertIn("For Can:", bubble["text"])

    def test_former_guardian_answers_for_nobody(self):
        guardianship = self.guardianship(start_date=clock.now().date())
        child = guardianship.patient_id
        _row, bubble = self.question(partner=child)
        guardianship.write(
            {
                "start_date": clock.now().date() - timedelta(days=9),
                "end_date": clock.now().date() - timedelta(days=1),
            }
        )
        self.tap(bubble, "I agree")
        self.assertFalse(self.state(self.survey, child))
        self.assertTrue(self.patient.whatsapp_identity_ids.activity_ids)

    def test_guardian_is_not_asked_what_they_may_not_decide(self):
        guardianship = self.guardianship(purpose_ids=[(6, 0, self.conversation.ids)])
        with self.assertRaises(UserError):
            self.ask(guardianship.patient_id)

    def test_minor_does_not_agree_alone_but_declines(self):
        self.patient.clinic_birthdate = clock.now().date() - timedelta(days=3000)
        self.send_text(
            self.patient,
            purpose_id=self.purpose.id,
            template_id=self.make_question(QUESTION).id,
        )
        (bubble,) = self.shown()
        self.tap(bubble, "Kabul ediyorum")
        self.assertFalse(self.state(self.survey))
        activity = self.patient.whatsapp_identity_ids.activity_ids
        self.assertIn("guardian", activity.summary)
        self.tap(bubble, "Kabul etmiyorum")
        self.assertEqual(self.state(self.survey), "refused")

    def test_minor_who_agrees_again_and_again_calls_reception_once(self):
        self.patient.clinic_birthdate = clock.now().date() - timedelta(days=3000)
        self.send_text(
            self.patient,
            purpose_id=self.purpose.id,
            template_id=self.make_question(QUESTION).id,
        )
        (bubble,) = self.shown()
        for _tap in range(3):
            self.tap(bubble, "Kabul ediyorum")
        self.assertEqual(len(self.patient.whatsapp_identity_ids.activity_ids), 1)

    def test_minor_is_not_asked_alone(self):
        self.patient.clinic_birthdate = clock.now().date() - timedelta(days=3000)
        with self.assertRaisesRegex(UserError, "minor"):
            self.ask()

    def make_question(self, text, purpose=None):
        template = self.make_template(
            "consent_question", text, "Kabul ediyorum", "Kabul etmiyorum"
        )
        template.model = "res.partner"
        template.asked_purpose_id = purpose or self.survey
        template.enabled = not template.problems
        return template

    def test_template_that_asks_needs_the_address_of_the_notice(self):
        template = self.make_question("May the clinic ask whether you were satisfied?")
        self.assertFalse(template.enabled)
        self.assertIn("{{notice_link}}", template.problems)
        with self.assertRaises(ValidationError):
            template.enabled = True

    def test_button_of_a_template_in_use_cannot_begin_to_ask(self):
        with self.assertRaises(ValidationError):
            self.template.button_ids[0].action = "agree"

    def test_template_in_use_keeps_the_address_of_the_notice(self):
        template = self.make_question("May we ask? Notice: {{notice_link}} to read.")
        self.assertTrue(template.enabled)
        with self.assertRaises(ValidationError):
            template.variable_ids.write({"source": "text", "text": "On our site"})

    def test_template_with_buttons_asks_outside_of_the_window(self):
        template = self.make_question(QUESTION)
        with self.assertRaises(UserError):
            self.ask(template=template)
        self.ask(template=template, basis=self.purpose)
        (bubble,) = self.shown()
        self.assertIn(self.notice._url(), bubble["text"])
        self.tap(bubble, "Kabul ediyorum")
        self.assertEqual(self.state(self.survey), "given")

    def test_template_does_not_ask_about_another_purpose(self):
        template = self.make_question(QUESTION, purpose=self.marketing)
        with self.assertRaises(UserError):
            self.ask(template=template, basis=self.purpose)

    def test_template_that_asks_says_about_what_before_it_is_in_use(self):
        template = self.make_question(QUESTION)
        self.assertTrue(template.enabled)
        with self.assertRaises(ValidationError):
            template.asked_purpose_id = False
        template.write({"enabled": False, "asked_purpose_id": False})
        self.assertIn("which purpose", template.problems)

    def test_tap_on_a_question_that_was_sent_like_any_template_is_a_consent(self):
        self.send_text(
            self.patient,
            purpose_id=self.purpose.id,
            template_id=self.make_question(QUESTION).id,
        )
        newer = self.publish()
        (bubble,) = self.shown()
        self.tap(bubble, "Kabul ediyorum")
        self.assertEqual(self.state(self.survey), "given")
        consent = self.patient.consent_ids.filtered(
            lambda one: one.purpose_id == self.survey
        )
        self.assertEqual((consent.method, consent.notice_id), ("chat", newer))

    def desk(self, *purposes):
        """The screen on which reception asks."""
        return (
            self.env["whatsapp.clinic.consent.ask"]
            .with_user(self.receptionist)
            .create(
                {
                    "partner_id": self.patient.id,
                    "purpose_ids": [(6, 0, [one.id for one in purposes])],
                }
            )
        )

    def test_reception_asks_in_the_open_chat(self):
        self.say("Hello")
        self.desk(self.survey).action_chat()
        self.tap(self.shown()[-1], "I agree")
        self.assertEqual(self.state(self.survey), "given")

    def test_reception_asks_by_template_when_the_chat_is_closed(self):
        wizard = self.desk(self.survey)
        self.assertIn("24 hours", wizard.chat_objection)
        with self.assertRaises(UserError):
            wizard.action_chat()
        self.make_question(QUESTION)
        self.desk(self.survey).action_chat()
        self.tap(self.shown()[-1], "Kabul etmiyorum")
        self.assertEqual(self.state(self.survey), "refused")

    def test_reception_asks_one_thing_at_a_time(self):
        self.say("Hello")
        wizard = self.desk(self.survey, self.marketing)
        self.assertIn("one purpose", wizard.chat_objection)
        with self.assertRaises(UserError):
            wizard.action_chat()

    def test_template_without_both_buttons_cannot_ask(self):
        with self.assertRaises(UserError):
            self.ask(template=self.template, basis=self.purpose)

    def test_nobody_is_asked_without_a_published_notice(self):
        other = self.env["res.company"].create({"name": "Other KUMQUAT"})
        self.channel.company_id = other
        with self.assertRaises(UserError):
            self.ask()

    def test_text_question_outside_of_the_window_is_refused(self):
        row = self.ask()
        self.assertEqual((row.state, row.reason), ("refused", "window_closed"))

    def test_yes_to_advertising_lifts_the_patients_own_stop_of_it(self):
        self.say("STOP ADS")
        self.assertTrue(self.identity.marketing_blocked_at)
        _row, bubble = self.question(purpose=self.marketing)
        self.tap(bubble, "I agree")
        self.assertFalse(self.identity.marketing_blocked_at)
        self.assertEqual(self.state(self.marketing), "given")

    def test_first_automatic_answer_tells_of_the_notice_once_for_each_version(self):
        self.say("cancel")
        self.shown()
        self.say("STOP ADS")
        told = [self.notice._url() in one["text"] for one in self.shown()]
        self.assertEqual(sorted(told), [False, True])
        newer = self.publish()
        self.pass_time(3600)
        self.say("cancel")
        self.assertIn(newer._url(), self.shown()[-1]["text"])

    def call(self, at, call_id="wacid.1", **values):
        call = {
            "id": call_id,
            "from": AYSE_WA_ID,
            "event": "connect",
            "direction": "USER_INITIATED",
            "timestamp": _seconds(at),
            **values,
        }
        self.hear("calls", calls=[call])

    def hear(self, field, **value):
        """A webhook about the patient, worked off as it came."""
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": PHONE_NUMBER_ID},
            "contacts": [{"wa_id": AYSE_WA_ID, "profile": {"name": "Ayşe"}}],
            **value,
        }
        body = {
            "object": "whatsapp_business_account",
            "entry": [
                {"id": BUSINESS_ACCOUNT, "changes": [{"field": field, "value": value}]}
            ],
        }
        body = json.dumps(body).encode()
        event = self.env["whatsapp.clinic.webhook.event"].create(
            {
                "body": body,
                "sha256": hashlib.sha256(body).hexdigest(),
                "received_at": clock.now(),
                "state": "pending",
                "account_id": self.channel.account_id.id,
            }
        )
        self.env.flush_all()
        body = (event.id, event.body, 0, event.account_id.id, event.provider)
        EventBatch(self.env, set()).work_off([body])
        self.env.invalidate_all()
        self.assertEqual(event.state, "done", event.error)

    def test_call_opens_the_window_from_its_time(self):
        self.call(clock.now() - timedelta(hours=23))
        self.assertEqual(self.send_text(self.patient).state, "queued")
        self.later(hours=1)
        self.assertEqual(self.send_text(self.patient).reason, "window_closed")

    def test_call_is_stored_once(self):
        at = clock.now() - timedelta(hours=1)
        self.call(at)
        self.call(at, event="terminate")
        call = self.inbound().filtered(lambda one: one.kind == "call")
        self.assertEqual(call.partner_id, self.patient)

    def test_call_of_the_clinic_opens_nothing(self):
        self.call(clock.now(), direction="BUSINESS_INITIATED")
        self.assertEqual(self.send_text(self.patient).reason, "window_closed")


def _seconds(at) -> str:
    return str(int((at - EPOCH).total_seconds()))
