"""An app speaks truly for its own number; others' patients are not its business."""

import json

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.whatsapp.provider import WHATSAPP
from ..common import AYSE_WA_ID, ClinicCase, tomorrow
from ..intake.test_webhook import envelope, text_message
from .foreign_clinic import ForeignClinic

# WhatsApp's times of the acts, in their order.
FIRST, SECOND, THIRD = 1795000000, 1795000060, 1795000120


class AppsOfTwoCompanies(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = ForeignClinic(cls)
        cls.foreign.patient.phone = False
        cls.patient = cls.make_patient(cls)
        cls.consent(cls, cls.patient)
        cls.identity = cls.patient.whatsapp_identity_ids
        cls.identity.write({"user_id": "TR.own", "user_portfolio_id": False})
        cls.identity.user_portfolio_id = cls.channel.portfolio_id
        reminder = cls.rule(cls)
        cls.book(cls, cls.patient)
        cls.queued = cls.env["whatsapp.clinic.message"].search(
            [("rule_id", "=", reminder.id), ("partner_id", "=", cls.patient.id)]
        )

    def told(self, channel, value, at=FIRST, field="messages"):
        """A webhook about a channel's number, as its app signs it."""
        body = envelope(value, field=field)
        change = body["entry"][0]["changes"][0]["value"]
        change["metadata"]["phone_number_id"] = channel.phone_number_id
        for message in change.get("messages", ()):
            message["timestamp"] = str(at)
        for event in WHATSAPP.parse(json.dumps(body).encode()):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        self.env.flush_all()

    def say(self, channel, text, at=FIRST):
        message_id = f"wamid.{text}-{at}-{channel.id}"
        self.told(channel, text_message(text, message_id), at)

    def prefer(self, channel, value, at=FIRST):
        preference = {
            "wa_id": AYSE_WA_ID,
            "category": "marketing_messages",
            "value": value,
            "timestamp": at,
        }
        self.told(channel, {"user_preferences": [preference]}, field="user_preferences")

    def share(self):
        """The number is a patient's of the other company as well."""
        self.foreign.patient.phone = self.patient.phone
        self.assertEqual(self.identity.partner_ids, self.patient | self.foreign.patient)

    def assertUntouched(self):
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertFalse(self.identity.former_partner_ids)
        self.assertFalse(self.identity.blocked_at)
        self.assertFalse(self.identity.marketing_blocked_at)
        self.assertEqual(self.identity.wa_id, AYSE_WA_ID)
        self.assertEqual(self.identity.user_id, "TR.own")
        self.assertEqual(self.queued.mapped("state"), ["queued"])


@tagged("post_install", "-at_install")
class TestPatientOfAnotherCompany(AppsOfTwoCompanies):
    """Nothing changes for a patient of whom the signer's company has none."""

    def test_own_app_stops(self):
        self.say(self.channel, "STOP")
        self.assertTrue(self.identity.blocked_at)
        self.assertEqual(self.queued.state, "cancelled")

    def test_stop(self):
        self.say(self.foreign.channel, "STOP")
        self.assertUntouched()

    def test_stop_counts_in_the_company_to_which_it_was_said(self):
        self.say(self.foreign.channel, "STOP")
        here, there = self.company, self.foreign.company
        consents = self.env["whatsapp.clinic.consent"]
        key = (self.patient.id, self.purpose.id)
        states = consents._states(self.patient, self.purpose, here | there)
        self.assertEqual(states.of(here).get(key), "given")
        self.assertNotEqual(states.of(there).get(key), "given")

    def test_stop_of_advertising(self):
        self.prefer(self.foreign.channel, "stop")
        self.assertUntouched()

    def test_start_lifts_no_stop_said_elsewhere(self):
        self.say(self.channel, "STOP")
        self.say(self.foreign.channel, "START", SECOND)
        self.assertTrue(self.identity.blocked_at)
        self.say(self.channel, "START", THIRD)
        self.assertFalse(self.identity.blocked_at)

    def test_resumed_advertising_lifts_no_stop_said_elsewhere(self):
        self.prefer(self.channel, "stop")
        self.prefer(self.foreign.channel, "resume", SECOND)
        self.assertTrue(self.identity.marketing_blocked_at)
        self.prefer(self.channel, "resume", THIRD)
        self.assertFalse(self.identity.marketing_blocked_at)

    def test_wrong_person(self):
        chat = self.env["whatsapp.clinic.chat.answers"]
        self.say(self.foreign.channel, "Hi")
        message = self.identity.whatsapp_message_ids.filtered("body")[:1]
        self.assertEqual(message.company_id, self.foreign.company)
        chat._obey(message, "wrong_person")
        self.assertUntouched()

    def change(self, channel, **system):
        self.told(
            channel,
            text_message(
                message_id=f"wamid.s-{channel.id}",
                type="system",
                system={"body": "x", **system},
            ),
        )

    def test_changed_number(self):
        changed = {"type": "user_changed_number", "wa_id": "905321119999"}
        self.change(self.foreign.channel, **changed)
        self.assertUntouched()
        self.change(self.channel, **changed)
        self.assertFalse(self.identity.partner_ids)

    def test_changed_user_id(self):
        self.change(
            self.foreign.channel, type="user_changed_user_id", user_id="TR.taken"
        )
        self.assertUntouched()

    def write_as(self, channel, wa_id, user_id):
        value = text_message("Hi", f"wamid.as-{wa_id}-{user_id}", wa_id)
        value["messages"][0]["from_user_id"] = user_id
        value["contacts"][0]["user_id"] = user_id
        self.told(channel, value, SECOND)

    def test_user_id_with_another_number(self):
        self.write_as(self.foreign.channel, "905321118888", "TR.own")
        self.assertUntouched()

    def test_number_with_other_user_ids(self):
        self.write_as(self.foreign.channel, AYSE_WA_ID, "TR.one")
        self.write_as(self.foreign.channel, AYSE_WA_ID, "TR.two")
        self.assertUntouched()

    def test_stop_of_a_stranger_who_turns_out_to_have_the_number(self):
        stranger = {**text_message("STOP", "wamid.stranger")}
        stranger["messages"][0].pop("from")
        stranger["messages"][0]["from_user_id"] = "TR.stranger"
        stranger["contacts"] = [{"user_id": "TR.stranger", "profile": {"name": "X"}}]
        self.told(self.foreign.channel, stranger)
        found = self.identity._find(
            {"user_id": "TR.stranger", "wa_id": None}, "whatsapp"
        )
        self.assertTrue(found.blocked_at)
        self.write_as(self.foreign.channel, AYSE_WA_ID, "TR.stranger")
        self.assertUntouched()

    def test_guardian_is_of_the_company_of_the_ward(self):
        self.patient.clinic_branch_id = False
        self.patient.appointment_ids.unlink()
        child = self.make_patient(False, "Can KUMQUAT")
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": child.id, "guardian_id": self.patient.id}
        )
        self.say(self.foreign.channel, "STOP")
        self.assertFalse(self.identity.blocked_at)


@tagged("post_install", "-at_install")
class TestNumberOfPatientsOfTwoCompanies(AppsOfTwoCompanies):
    """A number that both companies have: stops are strict, and each lifts its own."""

    def setUp(self):
        super().setUp()
        self.share()

    def test_stop_said_to_either_stops(self):
        self.say(self.foreign.channel, "STOP")
        self.assertTrue(self.identity.blocked_at)

    def test_start_lifts_what_was_said_to_the_same_company(self):
        self.say(self.foreign.channel, "STOP")
        self.say(self.channel, "START", SECOND)
        self.assertTrue(self.identity.blocked_at)
        self.say(self.foreign.channel, "START", THIRD)
        self.assertFalse(self.identity.blocked_at)

    def test_start_that_lifts_nothing_is_told_to_reception(self):
        self.say(self.foreign.channel, "STOP")
        self.say(self.channel, "START", SECOND)
        self.assertIn("wants messages again", self.identity.activity_ids.summary)

    def test_stop_said_to_both_is_lifted_by_neither_alone(self):
        self.say(self.foreign.channel, "STOP")
        self.say(self.channel, "STOP", SECOND)
        self.say(self.channel, "START", THIRD)
        self.assertTrue(self.identity.blocked_at)
        self.assertEqual(self.identity.block_company_id, self.foreign.company)
        self.say(self.foreign.channel, "START", THIRD)
        self.assertFalse(self.identity.blocked_at)

    def test_staff_lifts_what_both_were_told(self):
        self.say(self.channel, "STOP")
        self.say(self.foreign.channel, "STOP", SECOND)
        self.identity.action_unblock()
        self.assertFalse(self.identity.blocked_at)

    def test_stop_holds_though_the_patient_it_was_said_for_has_left_the_number(self):
        self.say(self.channel, "STOP")
        self.say(self.foreign.channel, "STOP", SECOND)
        self.patient.phone = "+905321117777"
        self.say(self.foreign.channel, "START", THIRD)
        self.assertTrue(self.identity.blocked_at)

    def test_late_stop_counts_though_another_company_was_told_start_meanwhile(self):
        self.say(self.foreign.channel, "START", SECOND)
        self.say(self.channel, "STOP", FIRST)
        self.assertTrue(self.identity.blocked_at)

    def test_late_stop_of_advertising_counts_though_others_were_told_to_resume(self):
        self.prefer(self.foreign.channel, "resume", SECOND)
        self.prefer(self.channel, "stop", FIRST)
        self.assertTrue(self.identity.marketing_blocked_at)

    def test_late_stop_is_outdated_where_the_same_company_was_told_start(self):
        self.say(self.channel, "START", SECOND)
        self.say(self.channel, "STOP", FIRST)
        self.assertFalse(self.identity.blocked_at)

    def test_number_that_is_taken_back_keeps_each_companys_last_word(self):
        self.say(self.channel, "STOP")
        self.say(self.foreign.channel, "START", SECOND)
        self.identity._unlink_patients("wrong_person")
        self.foreign.patient.phone = False
        self.patient.action_confirm_number()
        self.assertEqual(self.identity.block_source, "stop_word")
        self.assertEqual(self.identity.block_company_id, self.company)

    def test_staff_lifts_no_stop_that_another_company_alone_was_told(self):
        self.say(self.channel, "STOP")
        self.patient.phone = "+905321117777"
        there = self.identity.with_user(self.foreign.user)
        there = there.with_context(allowed_company_ids=self.foreign.company.ids)
        with self.assertRaisesRegex(AccessError, "another company"):
            there.action_unblock()
        with self.assertRaisesRegex(AccessError, "another company"):
            there.action_allow_marketing()
        self.assertTrue(self.identity.blocked_at)

    def test_resume_lifts_what_was_said_to_the_same_company(self):
        self.prefer(self.channel, "stop")
        self.prefer(self.foreign.channel, "resume", SECOND)
        self.assertTrue(self.identity.marketing_blocked_at)
        self.prefer(self.channel, "resume", THIRD)
        self.assertFalse(self.identity.marketing_blocked_at)

    def test_not_the_patient_is_about_the_patients_of_that_company(self):
        self.identity._unlink_patients("wrong_person", self.foreign.company)
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertEqual(self.identity.former_partner_ids, self.foreign.patient)
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.queued.state, "queued")

    def test_visit_makes_a_patient_of_both_companies(self):
        self.foreign.patient.phone = False
        self.foreign.appointment.partner_id = self.patient
        self.say(self.foreign.channel, "STOP")
        self.assertTrue(self.identity.blocked_at)


@tagged("post_install", "-at_install")
class TestNotThePatientOfOneCompany(AppsOfTwoCompanies):
    """ "Not me" said to one company stays said there, whoever else has the number."""

    def setUp(self):
        super().setUp()
        self.say(self.channel, "Hi")
        self.identity._unlink_patients("wrong_person", self.company)
        self.foreign.patient.phone = self.identity.phone

    def reason_for(self, patient, channel):
        objection = self.env["whatsapp.clinic.gate"]._why_not(
            patient, self.conversation, channel
        )
        return objection and objection.reason

    def test_number_is_linked_to_the_other_companys_patient_who_is_written_to(self):
        self.assertEqual(self.identity.partner_ids, self.foreign.patient)
        reason = self.reason_for(self.foreign.patient, self.foreign.channel)
        self.assertNotIn(reason, ("wrong_person", "identity_blocked"))

    def test_the_company_that_was_told_writes_nothing_there(self):
        (row,) = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "identity_id": self.identity.id,
                    "purpose_id": self.conversation.id,
                    "body": "Hello KUMQUAT",
                }
            ]
        )
        self.assertEqual(row.reason, "wrong_person")

    def test_newcomer_of_the_company_that_was_told_does_not_get_the_number(self):
        newcomer = self.env["res.partner"].create(
            {"name": "New KUMQUAT", "phone": self.identity.phone}
        )
        self.book(newcomer, tomorrow(30))
        self.assertNotIn(newcomer, self.identity.partner_ids)

    def test_staff_of_that_company_enters_it_anew(self):
        self.patient.action_confirm_number()
        self.assertEqual(self.identity.partner_ids, self.patient | self.foreign.patient)
        reason = self.reason_for(self.patient, self.channel)
        self.assertNotIn(reason, ("wrong_person", "identity_blocked"))

    def test_the_other_companys_patient_stops_and_starts(self):
        self.say(self.foreign.channel, "STOP", SECOND)
        self.assertEqual(self.identity.block_source, "stop_word")
        self.say(self.foreign.channel, "START", THIRD)
        self.assertFalse(self.identity.blocked_at)
        self.assertEqual(self.identity.sudo().denied_company_ids, self.company.root_id)

    def test_it_stays_said_where_two_numbers_turn_out_to_be_one(self):
        other = self.env["whatsapp.clinic.identity"].create({"user_id": "TR.same"})
        other._merge(self.identity)
        self.assertEqual(other.sudo().denied_company_ids, self.company.root_id)

    def test_of_a_shared_number_it_holds_as_well(self):
        self.patient.action_confirm_number()
        self.identity._unlink_patients("wrong_person", self.company)
        self.assertEqual(self.identity.partner_ids, self.foreign.patient)
        newcomer = self.env["res.partner"].create(
            {"name": "New KUMQUAT", "phone": self.identity.phone}
        )
        self.book(newcomer, tomorrow(30))
        self.assertNotIn(newcomer, self.identity.partner_ids)
