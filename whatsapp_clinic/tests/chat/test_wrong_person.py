from datetime import datetime, timedelta, timezone

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.identity.identity import _LEFT
from ...models.provider.events import AddressChanged, Person
from ...tools import clock
from ..common import AYSE_WA_ID, PHONE_NUMBER_ID, staff_notes, staff_user, tomorrow
from .chat_case import ChatCase


@tagged("post_install", "-at_install")
class TestWrongPerson(ChatCase):
    """A number that is not, or no longer, the patient's."""

    def setUp(self):
        super().setUp()
        self.appointment = self.book(self.patient, tomorrow(72))
        self.introduction = self.make_template(
            "introduction", "The clinic writes to its patient.", "Ben değilim"
        )

    def introduce(self):
        self.send_reminder(self.appointment, template_id=self.introduction.id)
        return self.shown()[-1]

    def assertDisowned(self):
        self.assertFalse(self.identity.partner_ids)
        self.assertEqual(self.identity.former_partner_ids, self.patient)
        self.assertEqual(self.identity.block_source, "wrong_person")

    def test_not_me_unlinks_the_number_and_nothing_more_is_sent(self):
        later = self.send_reminder(
            self.appointment, due_at=clock.now() + timedelta(hours=3)
        )
        bubble = self.introduce()
        tap = self.tap(bubble, "Ben değilim")
        self.assertEqual(tap.taken_as, "wrong_person")
        self.assertDisowned()
        self.assertEqual((later.state, later.reason), ("cancelled", "wrong_person"))
        self.assertEqual(len(self.shown()), 1)
        refused = self.send_reminder(self.appointment)
        self.assertEqual((refused.state, refused.reason), ("refused", "wrong_person"))

    def test_not_me_flags_the_coming_appointments(self):
        past = self.book(self.patient, clock.now() - timedelta(days=2))
        self.tap(self.introduce(), "Ben değilim")
        self.assertEqual(self.appointment.activity_ids.user_id, self.receptionist)
        self.assertTrue(self.appointment.has_left_number)
        self.assertFalse(past.activity_ids)

    def test_not_me_is_told_in_the_language_of_the_clinic(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.company.partner_id.lang = self.receptionist.lang = "tr_TR"
        self.tap(self.introduce(), "Ben değilim")
        turkish = self.env(context={"lang": "tr_TR"})
        left = _LEFT["wrong_person"]
        self.assertIn(turkish._(left), staff_notes(self.patient)[0].body)
        self.assertNotIn("Whoever", staff_notes(self.patient)[0].body)
        self.assertNotIn("please", self.appointment.activity_ids.summary)

    def test_not_me_on_a_family_phone_unlinks_everybody(self):
        sibling = self.make_patient(name="Can KUMQUAT")
        theirs = self.book(sibling, self.appointment.start + timedelta(days=1))
        self.tap(self.introduce(), "Ben değilim")
        self.assertFalse(self.identity.partner_ids)
        self.assertTrue(theirs.activity_ids)

    def test_appointments_of_a_guardians_children_are_flagged_too(self):
        child = self.make_patient(phone=False, name="Can KUMQUAT")
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": child.id, "guardian_id": self.patient.id}
        )
        theirs = self.book(child, self.appointment.start + timedelta(days=1))
        self.tap(self.introduce(), "Ben değilim")
        self.assertTrue(theirs.activity_ids)

    def test_stranger_cannot_lift_it_by_writing_start(self):
        self.tap(self.introduce(), "Ben değilim")
        self.say("START")
        self.assertDisowned()
        self.assertEqual(len(self.shown()), 1)

    def test_stranger_who_stops_and_starts_gets_no_answer_and_lifts_nothing(self):
        self.tap(self.introduce(), "Ben değilim")
        stop = self.say("STOP")
        self.say("START")
        self.assertDisowned()
        self.assertEqual(len(self.shown()), 1)
        answer = stop._reply("Stopped KUMQUAT", confirms_stop=True)
        self.assertEqual((answer.state, answer.reason), ("refused", "wrong_person"))

    def test_number_entered_anew_is_the_patients_again(self):
        rule = self.rule()
        reminder = self.env["whatsapp.clinic.message"].search(
            [("rule_id", "=", rule.id), *self.appointment._messages_domain()]
        )
        self.tap(self.introduce(), "Ben değilim")
        self.assertEqual(reminder.state, "cancelled")
        self.patient.phone = "0532 111 00 01"
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertFalse(self.appointment.has_left_number)
        self.assertEqual(reminder.state, "queued")

    def confirm(self, user):
        return self.patient.with_user(user).action_confirm_number()

    def test_number_confirmed_with_the_patient_is_theirs_again(self):
        reminder = self.appointment.whatsapp_message_ids | self.send_rule()
        self.tap(self.introduce(), "Ben değilim")
        self.assertTrue(self.patient.clinic_has_left_number)
        self.confirm(self.receptionist)
        self.assertFalse(self.patient.clinic_has_left_number)
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertEqual(reminder.state, "queued")
        note = staff_notes(self.patient)[0]
        self.assertIn("confirmed with the patient", note.body)
        self.assertEqual(note.author_id, self.receptionist.partner_id)

    def send_rule(self):
        rule = self.rule()
        return self.appointment.whatsapp_message_ids.filtered(
            lambda one: one.rule_id == rule
        )

    def test_confirming_a_number_twice_is_noted_once(self):
        self.tap(self.introduce(), "Ben değilim")
        self.confirm(self.receptionist)
        notes = staff_notes(self.patient)
        self.confirm(self.receptionist)
        self.assertEqual(staff_notes(self.patient), notes)

    def test_who_only_treats_patients_confirms_no_number(self):
        self.tap(self.introduce(), "Ben değilim")
        with self.assertRaises(AccessError):
            self.confirm(staff_user(self, "practitioner"))
        self.assertDisowned()

    def test_number_that_is_somebody_elses_is_confirmed_where_that_is_told(self):
        self.tap(self.introduce(), "Ben değilim")
        patient = self.patient.with_user(self.receptionist)
        self.assertEqual(patient.whatsapp_objection, "wrong_person")
        self.assertEqual(patient.whatsapp_remedy, "Correct or Confirm Number")
        action = patient.action_fix_objection()
        view = self.env.ref("whatsapp_clinic.patient_view_form_phone")
        self.assertEqual(action["views"], [(view.id, "form")])
        self.assertIn("action_confirm_number", view.arch)

    def test_stop_from_before_outlasts_a_confirmed_number(self):
        self.say("STOP")
        self.identity._unlink_patients("number_changed")
        self.confirm(self.receptionist)
        self.assertEqual(self.identity.block_source, "stop_word")

    def test_stop_of_who_answered_outlasts_a_confirmed_number(self):
        self.tap(self.introduce(), "Ben değilim")
        self.say("STOP")
        self.confirm(self.receptionist)
        self.assertEqual(self.identity.block_source, "stop_word")

    def test_stop_of_the_former_holder_does_not_bind_the_next(self):
        self.say("STOP")
        self.pass_time()
        self.identity._unlink_patients("number_changed")
        self.make_patient(name="Next KUMQUAT")
        self.assertFalse(self.identity.blocked_at)

    def test_change_of_a_number_that_is_told_again_changes_nothing(self):
        event = AddressChanged(
            external_id=PHONE_NUMBER_ID,
            remote_id="wamid.change",
            at=datetime.now(timezone.utc),
            former=Person(wa_id=AYSE_WA_ID),
            is_new_number=True,
            new_wa_id="905321119999",
        )
        inbound = self.env["whatsapp.clinic.inbound"]
        inbound._handle(event)
        self.assertDisowned()
        self.confirm(self.receptionist)
        inbound._handle(event)
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertFalse(self.identity.blocked_at)

    def test_right_number_gets_what_was_planned(self):
        rule = self.rule()
        reminder = self.env["whatsapp.clinic.message"].search(
            [("rule_id", "=", rule.id), *self.appointment._messages_domain()]
        )
        self.tap(self.introduce(), "Ben değilim")
        self.patient.phone = "+905321110005"
        self.assertTrue(self.identity.blocked_at)
        self.assertEqual(reminder.state, "queued")
        self.assertEqual(reminder.identity_id.phone, "+905321110005")
        self.assertFalse(reminder.objection)

    def test_other_change_of_the_patient_does_not_bring_the_number_back(self):
        self.tap(self.introduce(), "Ben değilim")
        self.patient.write({"name": "Ayşe K. KUMQUAT", "clinic_branch_id": False})
        self.patient.clinic_branch_id = self.branch
        self.assertDisowned()

    def test_announced_new_number_unlinks_the_old_one(self):
        reminder = self.send_reminder(
            self.appointment, due_at=clock.now() + timedelta(hours=3)
        )
        self.sandbox.change_number(AYSE_WA_ID, PHONE_NUMBER_ID, "+905321119999")
        self.process()
        self.assertDisowned()
        self.assertEqual(
            (reminder.state, reminder.reason), ("cancelled", "number_changed")
        )
        self.assertTrue(self.appointment.activity_ids)

    def test_announced_user_id_is_the_same_person(self):
        self.say("Merhaba")
        self.sandbox.call(
            "POST",
            f"patients/{AYSE_WA_ID}/change_user_id",
            {"phone_number_id": PHONE_NUMBER_ID, "new_user_id": "TR.rotated"},
        )
        self.process()
        self.say("Yine ben")
        self.assertEqual(self.identity.user_id, "TR.rotated")
        self.assertEqual(self.identity.partner_ids, self.patient)

    def test_user_id_that_is_announced_in_words_only_is_the_same_person(self):
        self.sandbox.switch(user_ids_in_body_only=True)
        self.say("Merhaba")
        self.sandbox.call(
            "POST",
            f"patients/{AYSE_WA_ID}/change_user_id",
            {"phone_number_id": PHONE_NUMBER_ID, "new_user_id": "TR.4711rotated"},
        )
        self.process()
        self.assertEqual(self.identity.user_id, "TR.4711rotated")
        self.assertEqual(self.identity.partner_ids, self.patient)

    def test_number_with_an_unannounced_new_user_has_changed_hands(self):
        self.say("Merhaba")
        self.sandbox.set_patient(AYSE_WA_ID, user_id="TR.stranger")
        stranger = self.say("Kim bu?")
        self.assertDisowned()
        self.assertEqual(stranger.identity_id, self.identity)
        self.assertFalse(stranger.partner_id)
        self.assertEqual(self.identity.user_id, "TR.stranger")
        self.assertTrue(self.appointment.activity_ids)

    def sender(self, user_id, at, portfolio=None, wa_id=AYSE_WA_ID):
        return self.env["whatsapp.clinic.identity"]._for_sender(
            Person(wa_id=wa_id, user_id=user_id),
            portfolio or self.channel.portfolio_id,
            at,
        )

    def test_late_message_of_the_former_user_id_changes_nothing(self):
        self.say("Merhaba")
        self.identity.user_id = "TR.new"
        at = clock.now() - timedelta(hours=2)
        self.assertEqual(self.sender("TR.old", at), self.identity)
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertEqual(self.identity.user_id, "TR.new")

    def test_user_id_of_another_portfolio_says_nothing(self):
        self.say("Merhaba")
        other = self.channel.portfolio_id.copy({"name": "Other"})
        at = clock.now() + timedelta(hours=2)
        self.assertEqual(self.sender("TR.theirs", at, other), self.identity)
        self.assertEqual(self.identity.partner_ids, self.patient)

    def test_known_user_with_another_number_has_left_the_old_one(self):
        self.say("Merhaba")
        at = clock.now() + timedelta(hours=2)
        found = self.sender(self.identity.user_id, at, wa_id="905321119998")
        self.assertNotEqual(found, self.identity)
        self.assertEqual(found.phone, "+905321119998")
        self.assertDisowned()
