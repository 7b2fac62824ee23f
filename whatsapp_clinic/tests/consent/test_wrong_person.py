from datetime import timedelta

from odoo.tests import tagged

from ...cloud_api.webhooks import Sender
from ...tools import clock
from ..common import AYSE_WA_ID, PHONE_NUMBER_ID, tomorrow
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
        self.assertEqual((refused.state, refused.reason), ("failed", "wrong_person"))

    def test_not_me_flags_the_coming_appointments(self):
        past = self.book(self.patient, clock.now() - timedelta(days=2))
        self.tap(self.introduce(), "Ben değilim")
        self.assertEqual(self.appointment.activity_ids.user_id, self.receptionist)
        self.assertTrue(self.appointment.has_left_number)
        self.assertFalse(past.activity_ids)

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
        self.assertEqual((answer.state, answer.reason), ("failed", "wrong_person"))

    def test_number_entered_anew_is_the_patients_again(self):
        rule = self.rule()
        reminder = self.env["whatsapp.clinic.message"].search(
            [("rule_id", "=", rule.id), ("appointment_id", "=", self.appointment.id)]
        )
        self.tap(self.introduce(), "Ben değilim")
        self.assertEqual(reminder.state, "cancelled")
        self.patient.phone = "0532 111 00 01"
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertFalse(self.appointment.has_left_number)
        self.assertEqual(reminder.state, "queued")

    def test_right_number_gets_what_was_planned(self):
        rule = self.rule()
        reminder = self.env["whatsapp.clinic.message"].search(
            [("rule_id", "=", rule.id), ("appointment_id", "=", self.appointment.id)]
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
            Sender(wa_id=wa_id, user_id=user_id),
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
