import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ...models.provider.events import AdvertisingChoice, Failure, Person, Status
from ...models.rule.message_rule import _cancel
from ...tools import clock
from ...tools.text import fold
from ..common import (
    AYSE_WA_ID,
    PHONE_NUMBER_ID,
    ClinicCase,
    make_template,
    staff_user,
    tomorrow,
)
from .chat_case import ChatCase

AROUND = st.text(" \t\n.!?,;:\"'*_~…🛑\u200b\u200e", max_size=4)
TURKISH_UPPER = str.maketrans({"i": "İ", "ı": "I"})
TURKISH_LOWER = str.maketrans({"İ": "i", "I": "ı"})
SPELLINGS = (
    str,
    str.upper,
    str.lower,
    str.title,
    lambda text: text.lower().translate(TURKISH_UPPER).upper(),
    lambda text: text.translate(TURKISH_LOWER).lower(),
)


@tagged("post_install", "-at_install")
class TestWords(ClinicCase):
    """Which words there are, and how patients may spell them."""

    def words(self):
        return self.env["whatsapp.clinic.stop.word"].search([])

    def match(self, text):
        return self.env["whatsapp.clinic.stop.word"]._match(text)

    def test_every_effect_has_words_in_both_languages(self):
        for effect in dict(self.words()._fields["effect"].selection):
            for language in ("tr_TR", "en_US"):
                with self.subTest(effect=effect, language=language):
                    found = self.words().filtered(
                        lambda one, effect=effect: one.effect == effect
                    )
                    self.assertIn(language, found.lang_id.mapped("code"))

    def test_any_spelling_of_a_word_is_that_word(self):
        words = self.words().mapped("word")

        @settings(max_examples=200, deadline=None, database=None, derandomize=True)
        @given(
            st.sampled_from(words),
            st.sampled_from(SPELLINGS),
            AROUND,
            AROUND,
            st.sampled_from((" ", "  ", "\n")),
        )
        def check(word, spell, before, after, gap):
            text = before + spell(word).replace(" ", gap) + after
            self.assertEqual(fold(text), fold(word))

        check()

    def test_folding_twice_changes_nothing(self):
        @settings(max_examples=300, deadline=None, database=None, derandomize=True)
        @given(st.text(st.characters(max_codepoint=0x24F), max_size=30))
        def check(text):
            self.assertEqual(fold(fold(text)), fold(text))

        check()

    def test_word_in_a_sentence_is_no_word(self):
        for text in ("I stop", "dur bakalım", "iptal etmeyin", "I said no to it"):
            with self.subTest(text):
                self.assertFalse(self.match(text))

    def test_courtesy_around_a_word_changes_nothing(self):
        for text, effect in (
            ("Stop. Thank you", "stop"),
            ("STOP lütfen", "stop"),
            ("please stop", "stop"),
            ("Artık mesaj istemiyorum", "stop"),
            ("Merhaba, mesaj atmayın lütfen!", "stop"),
            ("Durdurun", "stop"),
            ("Evet, teşekkür ederim", "agree"),
            ("No, thanks", "decline"),
        ):
            with self.subTest(text):
                self.assertEqual(self.match(text).effect, effect)

    def test_courtesy_alone_is_no_word(self):
        for text in ("Thank you", "Lütfen, teşekkürler", "please"):
            with self.subTest(text):
                self.assertFalse(self.match(text))

    def test_word_of_one_language_counts_for_its_patients_and_for_strangers(self):
        match = self.env["whatsapp.clinic.stop.word"]._match
        self.assertFalse(match("Red", "en_US"))
        for lang in ("tr_TR", None):
            self.assertEqual(match("Red", lang).effect, "stop")
        for lang in ("tr_TR", "en_US", "de_DE"):
            self.assertEqual(match("STOP", lang).effect, "stop")
            self.assertEqual(match("durdur", lang).effect, "stop")

    def test_short_sentence_may_be_a_refusal(self):
        heard = self.env["whatsapp.clinic.stop.word"]._sounds_like_refusal
        for text in ("Bana bir daha yazmayın", "will you stop it", "don't text me"):
            self.assertTrue(heard(text, "en_US"), text)
        self.assertTrue(heard("Red", "en_US"))
        for text in (
            "S T O P",
            "please s.t.o.p",
            "D U R",
            "Lütfen mesaj atmayı bırakın",
            "lutfen bana yazmayi birakin",
            "Beni listeden çıkarın",
            "BENI LISTENIZDEN CIKARIN",
            "please stop texting me",
            "Take me off the list!",
            "Remove me from your list",
        ):
            self.assertTrue(heard(text, "tr_TR"), text)
        self.assertFalse(heard("I o u", "en_US"))
        for text in ("The red one", "Merhaba", "No problem", "stop " * 20):
            self.assertFalse(heard(text, "en_US"), text)

    def test_words_that_other_programs_taught_stop_in_every_language(self):
        for text in (
            "STOPALL",
            "Quit",
            "end.",
            "Revoke",
            "OptOut",
            "opt-out",
            "OPT OUT",
        ):
            for lang in ("tr_TR", "en_US", "de_DE", None):
                with self.subTest(text, lang=lang):
                    word = self.env["whatsapp.clinic.stop.word"]._match(text, lang)
                    self.assertEqual(word.effect, "stop")

    def test_common_words_inside_a_sentence_ask_for_nothing(self):
        heard = self.env["whatsapp.clinic.stop.word"]._sounds_like_refusal
        for text in ("At the end of May", "I quit smoking", "Is it in Baja?"):
            with self.subTest(text):
                self.assertFalse(heard(text, "tr_TR"))

    def test_stop_in_a_language_that_is_not_answered_may_be_a_refusal(self):
        heard = self.env["whatsapp.clinic.stop.word"]._sounds_like_refusal
        for text in ("STOPP!", "СТОП", "توقف", "baja", "Abmelden", "Arrêt", "ARRET"):
            with self.subTest(text):
                self.assertTrue(heard(text, "tr_TR"))
                self.assertNotEqual(self.match(text).effect, "stop")

    def test_word_that_a_clinic_adds_counts_at_once(self):
        self.assertFalse(self.match("basta"))
        word = self.env["whatsapp.clinic.stop.word"].create({"word": "BASTA"})
        self.assertEqual(self.match("Basta!"), word)
        word.active = False
        self.assertFalse(self.match("basta"))

    def test_word_with_any_amount_around_it_is_that_word(self):
        for text in (f"DUR{'!' * 90}", f"stop{' ' * 90}", f"{'🛑' * 90}\nRET 1️⃣"[:-4]):
            with self.subTest(text):
                self.assertEqual(self.match(text).effect, "stop")

    def test_message_without_letters_is_no_word(self):
        for text in ("", " ", "👍", "...", "!" * 70):
            with self.subTest(text):
                self.assertFalse(self.match(text))

    def test_cancel_never_stops(self):
        for text in ("iptal", "İPTAL", "IPTAL", "iptal et", "Cancel", "i̇ptal"):
            with self.subTest(text):
                self.assertEqual(self.match(text).effect, "cancel")

    def test_two_spellings_of_one_word_are_one(self):
        words = self.env["whatsapp.clinic.stop.word"]
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            words.create({"word": "Durdur!", "effect": "start"})

    def test_word_needs_letters(self):
        words = self.env["whatsapp.clinic.stop.word"]
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            words.create({"word": "🛑"})

    def test_archived_word_does_nothing(self):
        self.match("RET").active = False
        self.assertFalse(self.match("ret"))

    def test_every_answer_is_there_in_both_languages(self):
        texts = self.env["whatsapp.clinic.answer.text"]
        for code in dict(texts._fields["code"].selection):
            with self.subTest(code):
                self.assertTrue(texts._text(code, "tr_TR"))
                self.assertNotEqual(
                    texts._text(code, "tr_TR"), texts._text(code, "en_US")
                )

    def test_answer_in_an_unknown_language_is_english(self):
        texts = self.env["whatsapp.clinic.answer.text"]
        self.assertEqual(texts._text("agreed", "ja_JP"), texts._text("agreed", "en_GB"))

    def test_title_too_long_for_a_button_is_refused(self):
        title = self.env.ref("whatsapp_clinic.answer_text_button_stop_tr")
        with self.assertRaises(ValidationError):
            title.body = "Bütün mesajları durdur"

    def test_question_without_its_purpose_or_the_notice_is_refused(self):
        text = self.env.ref("whatsapp_clinic.answer_text_question_en")
        for body in ("Do you agree to {purpose}?", "Do you agree? {notice}"):
            with self.subTest(body), self.assertRaises(ValidationError):
                text.body = body

    def test_placeholder_that_nobody_fills_is_refused(self):
        text = self.env.ref("whatsapp_clinic.answer_text_agreed_en")
        with self.assertRaises(ValidationError):
            text.body = "Thank you, {patient}"


@tagged("post_install", "-at_install")
class TestStop(ChatCase):
    """Withdrawing with a word, as the patient's phone and the records show it."""

    def test_stop_withdraws_what_was_agreed_to_and_says_so_once(self):
        stop = self.say("Dur!")
        self.assertEqual(self.identity.block_source, "stop_word")
        self.assertEqual(stop.taken_as, "stop")
        for purpose in (self.purpose, self.marketing):
            self.assertEqual(self.state(purpose), "withdrawn")
        rows = self.patient.consent_ids.filtered(lambda one: one.message_id == stop)
        self.assertEqual(set(rows.mapped("decision")), {"withdrawn"})
        self.assertEqual(set(rows.mapped("act_at")), {stop.occurred_at})
        self.assertEqual(len(self.shown()), 1)
        self.say("STOP")
        (bubble,) = self.shown()
        self.assertIn("BAŞLAT", bubble["text"])

    def test_answer_is_in_the_patients_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.patient.lang = "tr_TR"
        self.say("stop")
        (bubble,) = self.shown()
        self.assertIn("BAŞLAT", bubble["text"])

    def test_word_is_answered_in_its_own_language(self):
        self.patient.lang = "en_US"
        self.say("DUR")
        (bubble,) = self.shown()
        self.assertIn("BAŞLAT", bubble["text"])

    def test_short_refusal_calls_reception_once_and_stops_nothing(self):
        for text in ("Bana bir daha yazmayın", "lütfen artık yazmayın"):
            self.say(text)
        self.assertFalse(self.identity.blocked_at)
        activity = self.env["mail.activity"].search(
            [("summary", "like", "may want no more messages")]
        )
        self.assertEqual(activity.user_id, self.receptionist)

    def test_refusal_that_answers_nothing_calls_reception(self):
        for text in ("İSTEMİYORUM", "istemiyorum, teşekkürler"):
            with self.subTest(text):
                message = self.say(text)
                self.assertTrue(message.awaits_answer)
                (activity,) = self.identity.activity_ids
                self.assertIn("may want no more messages", activity.summary)

    def test_stop_in_another_language_calls_reception(self):
        self.say("Abmelden")
        self.assertFalse(self.identity.blocked_at)
        self.assertIn("no more messages", self.identity.activity_ids.summary)

    def test_letters_that_stand_apart_call_reception(self):
        self.say("S T O P")
        self.assertFalse(self.identity.blocked_at)
        self.assertIn("no more messages", self.identity.activity_ids.summary)

    def test_the_same_is_not_answered_again_within_the_hour(self):
        for _turn in range(4):
            self.say("iptal", "905321110006")
        self.assertEqual(len(self.shown("905321110006")), 1)
        self.pass_time(3600)
        self.say("iptal", "905321110006")
        self.assertEqual(len(self.shown("905321110006")), 2)

    def test_stop_and_start_in_turns_are_answered_once_each(self):
        for word in ("STOP", "START", "STOP", "START"):
            self.say(word)
        self.assertEqual(len(self.shown()), 2)
        self.assertFalse(self.identity.blocked_at)

    def test_answers_count_for_the_cap_but_a_stop_is_confirmed(self):
        self.channel.automatic_per_hour = 1
        self.say("iptal")
        self.assertEqual(len(self.shown()), 1)
        self.say("STOP ADS")
        self.assertEqual(len(self.shown()), 1)
        self.say("STOP")
        self.assertEqual(len(self.shown()), 2)

    def test_answer_that_was_not_sent_keeps_none_from_being_sent(self):
        self.channel.automatic_per_hour = 1
        word = self.say("iptal")
        answer = word.search([("reply_to_id", "=", word.id)])
        answer.write({"state": "refused", "reason": "window_closed"})
        self.say("iptal")
        self.assertEqual(len(self.shown()), 1)

    def test_cancel_that_is_not_answered_again_is_left_to_reception(self):
        appointment = self.book(self.patient)
        self.say("iptal")
        self.assertFalse(appointment.activity_ids)
        self.say("iptal")
        self.assertEqual(len(appointment.activity_ids), 1)

    def test_reception_is_called_and_not_the_practitioner(self):
        doctor = staff_user(self, "practitioner")
        doctor.name = "Aa, first of all by name"
        self.env.invalidate_all()
        self.assertEqual(self.branch.member_ids[0], doctor)
        appointment = self.book(self.patient)
        appointment._ask_reception("number_missing", "KUMQUAT")
        self.book(self.patient, appointment.start + timedelta(days=1))
        self.say("iptal")
        self.assertEqual(appointment.activity_ids.user_id, self.receptionist)

    def test_stranger_is_answered_in_the_language_of_the_word(self):
        stranger = "905321110006"
        self.say("durdur", stranger)
        (bubble,) = self.shown(stranger)
        self.assertIn("BAŞLAT", bubble["text"])

    def test_stop_cancels_what_is_queued(self):
        reminder = self.send_reminder(
            self.book(self.patient), due_at=clock.now() + timedelta(hours=3)
        )
        self.say("RET")
        self.assertEqual(
            (reminder.state, reminder.reason), ("cancelled", "identity_blocked")
        )

    def test_stop_of_a_family_stops_the_number_and_withdraws_nothing(self):
        sibling = self.make_patient(name="Can KUMQUAT")
        self.consent(sibling, at=self.ago(1))
        self.say("STOP")
        self.assertTrue(self.identity.blocked_at)
        self.assertEqual(self.state(), "given")
        self.assertEqual(self.state(partner=sibling), "given")

    def test_stop_to_one_number_of_the_clinic_stops_the_others_too(self):
        other = self.channel.copy(
            {"name": "Other", "phone_number_id": "640000000000099"}
        )
        reminder = self.send_reminder(
            self.book(self.patient),
            channel_id=other.id,
            due_at=clock.now() + timedelta(hours=3),
        )
        self.say("STOP")
        self.assertEqual(
            (reminder.state, reminder.reason), ("cancelled", "identity_blocked")
        )

    def test_stop_of_who_hides_the_number_stops_and_is_confirmed(self):
        hidden = self.make_patient(False, "Hidden KUMQUAT")
        self.consent(hidden, at=self.ago(1))
        identity = self.env["whatsapp.clinic.identity"].create(
            {
                "user_id": "TR.hidden",
                "user_portfolio_id": self.channel.portfolio_id.id,
                "partner_ids": [(4, hidden.id)],
            }
        )
        self.identity = identity
        stop = self.hear("Dur.", minutes=59)
        self.assertTrue(identity.blocked_at)
        self.assertEqual(self.state(partner=hidden), "withdrawn")
        answer = stop.search([("reply_to_id", "=", stop.id)])
        self.assertEqual((answer.state, answer.identity_id), ("queued", identity))

    def test_stop_of_a_guardian_stops_the_number_and_withdraws_nothing(self):
        child = self.make_patient(phone=False, name="Can KUMQUAT")
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": child.id, "guardian_id": self.patient.id}
        )
        self.say("STOP")
        self.assertTrue(self.identity.blocked_at)
        self.assertEqual(self.state(), "given")

    def test_stopped_advertising_leaves_the_rest(self):
        offer = self.send_offer(due_at=clock.now() + timedelta(hours=3))
        reminder = self.send_reminder(
            self.book(self.patient), due_at=clock.now() + timedelta(hours=3)
        )
        self.say("reklam istemiyorum")
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.identity.marketing_block_source, "stop_word")
        self.assertEqual(self.state(self.marketing), "withdrawn")
        self.assertEqual(self.state(), "given")
        self.assertEqual(offer.state, "cancelled")
        self.assertEqual(reminder.state, "queued")
        self.say("STOP ADS")
        (bubble,) = self.shown()
        self.assertIn("reklam göndermeyecek", bubble["text"])

    def send_offer(self, **values):
        template = make_template(
            self,
            "offer",
            category="MARKETING",
            components=[{"type": "BODY", "text": "Offer of {{clinic_name}}"}],
        )
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.marketing.id,
                    "template_id": template.id,
                    **values,
                }
            ]
        )

    def test_start_gives_back_what_the_stop_took_but_no_advertising(self):
        self.say("STOP")
        start = self.say("START")
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.state(), "given")
        self.assertEqual(self.state(self.marketing), "withdrawn")
        restored = self.patient.consent_ids.filtered(
            lambda one: one.message_id == start
        )
        self.assertEqual(restored.purpose_id, self.purpose)
        texts = [bubble["text"] for bubble in self.shown()]
        self.assertEqual(len([one for one in texts if "again, but no" in one]), 1)

    def plan_reminder(self, patient=None, **values):
        """The row that a rule planned for a coming appointment."""
        rule = self.rule(**values)
        appointment = self.book(patient or self.patient, tomorrow(72))
        return appointment.whatsapp_message_ids.filtered(
            lambda one: one.rule_id == rule
        )

    def test_start_plans_again_what_the_stop_cancelled(self):
        reminder = self.plan_reminder()
        due_at = reminder.due_at
        self.say("STOP")
        self.assertEqual(reminder.state, "cancelled")
        self.say("START")
        self.say("START")
        self.assertEqual((reminder.state, reminder.due_at), ("queued", due_at))
        self.assertFalse(reminder.objection)
        self.assertEqual(reminder._subject.whatsapp_message_ids, reminder)

    def test_reminder_that_start_planned_again_leaves_once_and_in_time(self):
        reminder = self.plan_reminder()
        for word in ("STOP", "START", "STOP", "START"):
            self.say(word)
        self.shown()
        self.assertEqual(self.times_left(reminder), 0)
        self.pass_time(48 * 3600)
        self.shown()
        self.shown()
        self.assertEqual(self.times_left(reminder), 1)

    def times_left(self, row):
        sent = (one["biz_opaque_callback_data"] for one in self.sandbox.accepted())
        return sum(one.startswith(row.key) for one in sent)

    def test_start_of_a_family_plans_again_for_everybody(self):
        sibling = self.make_patient(name="Can KUMQUAT")
        self.consent(sibling, at=self.ago(1))
        reminder = self.plan_reminder(sibling)
        self.say("STOP")
        self.assertEqual(reminder.state, "cancelled")
        self.say("START")
        self.assertEqual(reminder.state, "queued")

    def test_start_brings_back_nothing_whose_time_is_over(self):
        reminder = self.plan_reminder()
        self.say("STOP")
        self.pass_time(49 * 3600)
        self.say("START")
        self.assertEqual(reminder.state, "cancelled")

    def test_start_brings_back_nothing_that_staff_cancelled(self):
        reminder = self.plan_reminder()
        reminder.with_user(self.receptionist).action_cancel()
        self.say("STOP")
        self.say("START")
        self.assertEqual(
            (reminder.state, reminder.reason), ("cancelled", "cancelled_by_user")
        )

    def test_start_brings_back_no_advertising(self):
        reminder = self.plan_reminder(purpose_id=self.marketing.id)
        self.say("STOP")
        self.say("START")
        self.assertEqual(reminder.state, "cancelled")

    def test_new_consent_plans_again_what_the_withdrawal_cancelled(self):
        reminder = self.plan_reminder()
        self.consent(self.patient, "withdrawn", at=self.ago(1))
        self.assertEqual(
            (reminder.state, reminder.reason), ("cancelled", "consent_withdrawn")
        )
        self.consent(self.patient)
        self.assertEqual(reminder.state, "queued")
        self.assertFalse(reminder.objection)

    def test_new_consent_to_another_purpose_plans_nothing_again(self):
        reminder = self.plan_reminder()
        self.consent(self.patient, "withdrawn", at=self.ago(1))
        self.consent(self.patient, purpose=self.marketing)
        self.assertEqual(reminder.state, "cancelled")

    def test_new_consent_does_not_lift_a_stop(self):
        reminder = self.plan_reminder()
        self.say("STOP")
        self.consent(self.patient)
        self.assertEqual(reminder.state, "cancelled")

    def test_changed_appointment_brings_back_nothing_that_is_stopped(self):
        reminder = self.plan_reminder()
        self.say("STOP")
        reminder._subject.action_confirm()
        self.assertEqual(reminder.state, "cancelled")

    def test_start_does_not_give_what_the_patient_had_withdrawn_otherwise(self):
        self.consent(self.patient, "withdrawn", at=self.ago(1))
        self.say("STOP")
        self.say("START")
        self.assertEqual(self.state(), "withdrawn")

    def test_start_without_a_stop_is_not_answered(self):
        self.say("START")
        self.assertEqual(self.shown(), [])

    def test_family_gets_no_advertising_after_start_either(self):
        self.make_patient(name="Can KUMQUAT")
        self.say("STOP")
        self.say("START")
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.send_offer().reason, "marketing_blocked")

    def test_late_stop_does_not_undo_a_later_start(self):
        reminder = self.send_reminder(
            self.book(self.patient), due_at=clock.now() + timedelta(hours=3)
        )
        self.hear("START", minutes=10)
        self.hear("STOP", minutes=5)
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.state(), "given")
        self.assertEqual(self.state(self.marketing), "withdrawn")
        self.assertEqual(reminder.state, "queued")

    def test_late_start_does_not_lift_a_later_stop(self):
        self.hear("STOP", minutes=10)
        self.hear("START", minutes=5)
        self.assertTrue(self.identity.blocked_at)
        self.assertEqual(self.state(), "withdrawn")

    def test_start_between_two_stops_lifts_neither_when_it_comes_last(self):
        for text, minutes in (("STOP", 1), ("STOP", 10), ("START", 5)):
            self.hear(text, minutes=minutes)
        self.assertTrue(self.identity.blocked_at)
        self.assertEqual(self.state(), "withdrawn")

    def test_any_order_of_webhooks_ends_the_same(self):
        acts = [("STOP", 1), ("START", 2), ("STOP ADS", 3), ("STOP", 4), ("START", 5)]
        for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 0, 3, 1)):
            with self.subTest(order), self.env.cr.savepoint() as savepoint:
                for place in order:
                    text, minutes = acts[place]
                    self.hear(text, minutes=minutes)
                self.assertFalse(self.identity.blocked_at)
                self.assertTrue(self.identity.marketing_blocked_at)
                self.assertEqual(self.state(), "given")
                self.assertEqual(self.state(self.marketing), "withdrawn")
                savepoint.rollback()
                self.env.invalidate_all()

    def hear(self, text, minutes):
        """A message that was written so many minutes after the test began."""
        if not hasattr(self, "began"):
            self.began = clock.now() - timedelta(hours=1)
        row = self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": self.identity.id,
                "body": text,
                "occurred_at": self.began + timedelta(minutes=minutes),
            }
        )
        self.env["whatsapp.clinic.chat.answers"]._obey_word(row)
        return row

    def test_late_stop_is_confirmed_no_more_when_the_window_is_closed(self):
        self.began = clock.now() - timedelta(days=2)
        stop = self.hear("STOP", minutes=0)
        self.assertEqual(self.state(), "withdrawn")
        confirmation = self.env["whatsapp.clinic.message"].search(
            [("reply_to_id", "=", stop.id)]
        )
        self.assertEqual(
            (confirmation.state, confirmation.reason), ("refused", "window_closed")
        )

    def test_stop_from_a_clock_far_ahead_still_counts(self):
        self.hear("STOP", minutes=60 * 24 * 30)
        self.assertEqual(self.state(), "withdrawn")
        self.assertLessEqual(self.identity.blocked_at, clock.now())

    def test_stop_button_of_a_message_to_another_number_stops_who_tapped(self):
        self.say("cancel")
        row = self.env["whatsapp.clinic.message"].search([("buttons", "!=", False)])
        (bubble,) = self.shown()
        other = self.env["whatsapp.clinic.identity"]._for_phones(["+905321110099"])
        row.identity_id = other["+905321110099"]
        self.tap(bubble, "Stop messages")
        self.assertTrue(self.identity.blocked_at)
        self.assertFalse(row.identity_id.blocked_at)

    def test_stop_button_stops_again_after_a_start(self):
        self.say("cancel")
        question = self.shown()[-1]
        self.tap(question, "Stop messages")
        self.say("START")
        self.tap(question, "Stop messages")
        self.assertTrue(self.identity.blocked_at)

    def test_cancel_offers_the_only_appointment_and_its_button_cancels_it(self):
        appointment = self.book(self.patient)
        word = self.say("CANCEL")
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual((word.taken_as, self.state()), ("cancel", "given"))
        (bubble,) = self.shown()
        self.assertEqual(
            [one["title"] for one in bubble["buttons"]],
            ["Cancel appointment", "Stop messages"],
        )
        self.assertRegex(bubble["text"], re.escape(str(appointment._local_start().day)))
        self.tap(bubble, "Cancel appointment")
        self.assertEqual(appointment.state, "cancelled")

    def test_cancel_button_of_a_moved_appointment_changes_nothing(self):
        appointment = self.book(self.patient)
        self.say("cancel")
        (bubble,) = self.shown()
        appointment.start += timedelta(days=1)
        self.tap(bubble, "Cancel appointment")
        self.assertEqual(appointment.state, "booked")
        self.assertIn("outdated", appointment.activity_ids[-1:].summary)

    def test_cancel_with_several_appointments_is_left_to_reception(self):
        first = self.book(self.patient)
        self.book(self.patient, first.start + timedelta(days=1))
        self.say("cancel appointment")
        self.say("cancel")
        self.assertEqual(len(first.activity_ids), 1)
        self.assertEqual(first.activity_ids.user_id, self.receptionist)
        bubble = self.shown()[0]
        self.assertIn("call you", bubble["text"])
        self.assertEqual([one["title"] for one in bubble["buttons"]], ["Stop messages"])

    def test_cancel_without_an_appointment_is_left_to_reception(self):
        self.say("cancel")
        self.assertEqual(len(self.identity.activity_ids), 1)

    def test_cancel_of_a_family_names_nobodys_appointment(self):
        self.make_patient(name="Can KUMQUAT")
        self.book(self.patient)
        self.say("cancel")
        self.assertEqual(len(self.identity.activity_ids), 1)
        (bubble,) = self.shown()
        self.assertEqual([one["title"] for one in bubble["buttons"]], ["Stop messages"])

    def test_whatsapps_own_controls_in_any_order_end_the_same(self):
        """By the times told, which are whole seconds: stop, resume, stop, resume."""
        an_hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
        began = an_hour_ago.replace(microsecond=0)
        for order in itertools.permutations(range(4)):
            with self.subTest(order=order), self.env.cr.savepoint() as savepoint:
                for place in order:
                    value = "resume" if place % 2 else "stop"
                    self.tell_preference(value, began + timedelta(seconds=place))
                self.assertFalse(self.identity.marketing_blocked_at)
                self.assertEqual(self.state(self.marketing), "withdrawn")
                savepoint.rollback()
                self.env.invalidate_all()

    def tell_preference(self, value, at):
        self.env["whatsapp.clinic.inbound"]._handle(
            AdvertisingChoice(
                external_id=PHONE_NUMBER_ID,
                at=at,
                sender=Person(wa_id=AYSE_WA_ID),
                is_stop=value == "stop",
                evidence="user_preferences",
            )
        )

    def prefer(self, value):
        self.pass_time()
        self.sandbox.prefer(AYSE_WA_ID, PHONE_NUMBER_ID, value)
        self.process()

    def test_whatsapps_own_stop_is_about_advertising_only(self):
        offer = self.send_offer(due_at=clock.now() + timedelta(hours=3))
        self.prefer("stop")
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.identity.marketing_block_source, "preference")
        self.assertEqual(
            (offer.state, offer.reason), ("cancelled", "marketing_blocked")
        )
        self.assertEqual(self.state(self.marketing), "withdrawn")
        self.assertEqual(self.state(), "given")
        proof = self.patient.consent_ids.sorted("act_at")[-1]
        self.assertIn("user_preferences", proof.evidence)

    def test_manager_may_allow_advertising_again_and_reception_may_not(self):
        self.identity._stop("stop_word", "advertising")
        with self.assertRaises(AccessError):
            self.identity.with_user(self.receptionist).action_allow_marketing()
        manager = staff_user(self, "manager")
        self.identity.with_user(manager).action_allow_marketing()
        self.assertFalse(self.identity.marketing_blocked_at)

    def test_whatsapps_own_resume_lifts_what_its_stop_stopped(self):
        self.prefer("stop")
        self.prefer("resume")
        self.assertFalse(self.identity.marketing_blocked_at)
        self.assertEqual(self.state(self.marketing), "withdrawn")

    def test_whatsapps_own_resume_does_not_lift_a_word(self):
        self.prefer("stop")
        self.say("STOP ADS")
        self.prefer("resume")
        self.assertTrue(self.identity.marketing_blocked_at)

    def test_opt_out_that_an_error_reports_is_a_withdrawal_with_proof(self):
        self.sandbox.fault("error", code=131050, count=1)
        offer = self.send_offer()
        self.dispatch(0.5)
        self.assertEqual(offer.state, "failed")
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.identity.marketing_block_source, "error")
        self.assertEqual(self.state(self.marketing), "withdrawn")
        self.assertIn(offer, self.patient.consent_ids.message_id)

    def test_opt_out_that_comes_late_does_not_undo_a_later_consent(self):
        offer = self.send_offer()
        offer.write({"state": "sent", "attempts": 1})
        now = datetime.now(timezone.utc).replace(microsecond=0)
        yesterday = now - timedelta(days=1)
        status = Status(
            PHONE_NUMBER_ID,
            "wamid.offer",
            "failed",
            yesterday,
            f"{offer.key}.1",
            Failure(131050, "Opted out"),
        )
        self.consent(self.patient, purpose=self.marketing)
        self.env["whatsapp.clinic.message"]._apply_statuses([(self.channel, status)])
        self.assertEqual(offer.state, "failed")
        self.assertEqual(self.state(self.marketing), "given")
        self.assertEqual(
            self.identity.marketing_blocked_at, yesterday.replace(tzinfo=None)
        )

    def test_withdrawal_stops_what_a_dispatcher_had_claimed_before_it_is_repeated(self):
        reminder = self.send_reminder(self.book(self.patient))
        reminder.write({"state": "sending", "attempts": 1})
        self.say("STOP")
        self.assertEqual(reminder.state, "sending")
        reminder.write({"state": "queued", "due_at": clock.now()})
        texts = [bubble["text"] for bubble in self.shown()]
        self.assertEqual(
            (reminder.state, reminder.reason), ("refused", "identity_blocked")
        )
        self.assertEqual(len(texts), 1)

    def test_withdrawal_stops_what_is_queued_and_due(self):
        reminder = self.send_reminder(self.book(self.patient))
        self.consent(self.patient, "withdrawn")
        self.assertEqual(self.shown(), [])
        self.assertEqual(
            (reminder.state, reminder.reason), ("cancelled", "consent_withdrawn")
        )


@tagged("post_install", "-at_install")
class TestRace(TransactionCase):
    """A stop and a claim at the same moment, on connections of their own."""

    INSERT = """
        INSERT INTO whatsapp_clinic_message
            (company_id, direction, state, kind, key, priority, due_at)
        VALUES (%s, 'out', 'queued', 'text', 'key of TestRace', 1, '2999-01-01')
        RETURNING id
    """

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            cr.execute(self.INSERT, [self.env.company.id])
            (self.row_id,) = cr.fetchone()
        self.addCleanup(self.remove)

    def remove(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "DELETE FROM whatsapp_clinic_message WHERE id = %s", [self.row_id]
            )

    def stop(self):
        with self.registry.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["whatsapp.clinic.message"]._cancel_open(
                [("id", "=", self.row_id)], "identity_blocked"
            )

    def wait_until_somebody_waits_for(self, cr):
        deadline = time.monotonic() + 90
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = %s"
        )
        cr.execute("SELECT txid_current()")
        (own,) = cr.fetchone()
        count = 0
        while not count:
            self.assertLess(time.monotonic(), deadline, "nobody waits")
            cr.execute(waiting, [str(own % 2**32)])
            (count,) = cr.fetchone()

    def cancel_as_rule(self):
        with self.registry.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            env = api.Environment(cr, SUPERUSER_ID, {})
            row = env["whatsapp.clinic.message"].browse(self.row_id)
            row.fetch(["state"])
            _cancel([row])

    def test_rule_leaves_what_was_claimed_at_that_moment_as_it_is(self):
        self.assertKeepsItsState(self.cancel_as_rule)

    def test_stop_leaves_what_was_claimed_at_that_moment_as_it_is(self):
        self.assertKeepsItsState(self.stop)

    def assertKeepsItsState(self, cancel):
        with ThreadPoolExecutor(1) as pool, self.registry.cursor() as claim:
            claim.execute(
                "UPDATE whatsapp_clinic_message SET state = 'sending' WHERE id = %s",
                [self.row_id],
            )
            cancelled = pool.submit(cancel)
            self.wait_until_somebody_waits_for(claim)
            claim.commit()
            cancelled.result(timeout=90)
            claim.execute(
                "SELECT state FROM whatsapp_clinic_message WHERE id = %s", [self.row_id]
            )
            self.assertEqual(claim.fetchone(), ("sending",))
