from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.tests import tagged

from ...models.gate.remedy import Remedies
from ...models.vocabulary.reasons import REASONS
from ...tools import clock
from ..common import ClinicCase, staff_user


@tagged("post_install", "-at_install")
class TestObjection(ClinicCase):
    """Why can't I write? One sentence, and the button that fixes it."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.receptionist = staff_user(self, "receptionist")
        self.manager = staff_user(self, "manager")

    def why(self, user=None, patient=None, **options):
        gate = self.env["whatsapp.clinic.gate"].with_user(user or self.receptionist)
        return gate._why_not(
            (patient or self.patient).with_user(gate.env.user), **options
        )

    def reason(self, **options):
        objection = self.why(**options)
        return objection and objection.reason

    def fix(self, user=None):
        return self.patient.with_user(user or self.receptionist).action_fix_objection()

    def test_every_remedy_can_be_done(self):
        remedies = [one.remedy for one in REASONS.values() if one.remedy]
        self.assertTrue(remedies)
        for remedy in remedies:
            self.assertTrue(hasattr(Remedies, remedy.method))

    def test_patient_who_agreed_may_be_written_to(self):
        self.consent(self.patient)
        self.assertIsNone(self.why())
        self.assertFalse(self.patient.whatsapp_objection)
        self.assertEqual(self.patient.whatsapp_consent_state, "ready")

    def test_without_consent_the_button_asks_for_it(self):
        objection = self.why()
        self.assertEqual(objection.reason, "no_consent")
        self.assertEqual(
            objection.sentence, "The patient has not agreed to these messages."
        )
        self.assertEqual(objection.label, "Ask for Consent")
        action = self.fix()
        self.assertEqual(action["res_model"], "whatsapp.clinic.consent.ask")
        self.assertEqual(action["context"]["default_partner_id"], self.patient.id)

    def test_after_a_refusal_or_withdrawal_the_button_records_a_decision(self):
        long_ago = clock.now() - timedelta(days=2)
        for decisions, reason in (
            (["withdrawn"], "consent_refused"),
            (["given", "withdrawn"], "consent_withdrawn"),
        ):
            for days, decision in enumerate(decisions):
                self.consent(self.patient, decision, long_ago + timedelta(days=days))
            self.assertEqual(self.reason(), reason)
            opened = self.fix()["res_model"]
            self.assertEqual(opened, "whatsapp.clinic.consent.record")

    def test_without_a_number_the_button_enters_one(self):
        self.consent(self.patient)
        self.patient.phone = False
        self.assertEqual(self.reason(), "no_number")
        action = self.fix()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", self.patient.id)
        )

    def test_a_number_that_left_is_taken_back(self):
        self.consent(self.patient)
        self.patient.whatsapp_identity_ids.write(
            {
                "former_partner_ids": [(4, self.patient.id)],
                "partner_ids": [(5,)],
            }
        )
        self.assertEqual(self.reason(), "number_unlinked")
        self.fix()
        self.assertIsNone(self.why())

    def test_stop_is_shown_to_who_may_lift_it_only(self):
        self.consent(self.patient)
        self.patient.whatsapp_identity_ids._stop("stop_word")
        self.assertIsNone(self.why().label)
        self.assertIs(self.fix(), True)
        self.assertTrue(self.patient.whatsapp_identity_ids.blocked_at)
        self.assertTrue(self.why(self.manager).label)
        action = self.fix(self.manager)
        self.assertEqual(action["res_model"], "whatsapp.clinic.identity")

    def test_blacklisted_number_is_taken_off_the_blacklist(self):
        self.consent(self.patient)
        self.env["phone.blacklist"].sudo()._add([self.patient._whatsapp_phone()])
        self.assertEqual(self.reason(), "phone_blacklisted")
        self.fix(self.manager)
        self.assertIsNone(self.why())

    def test_archived_patient_is_restored(self):
        self.consent(self.patient)
        self.patient.action_archive()
        self.assertEqual(self.reason(), "patient_archived")
        self.fix()
        self.assertTrue(self.patient.active)

    def test_bar_is_lifted_by_a_manager_only(self):
        self.consent(self.patient)
        self.patient.clinic_barred = True
        self.fix()
        self.assertTrue(self.patient.clinic_barred)
        self.fix(self.manager)
        self.assertFalse(self.patient.clinic_barred)

    def test_for_the_dead_there_is_no_button(self):
        self.consent(self.patient)
        self.patient.clinic_deceased_on = "2026-01-01"
        objection = self.why(self.manager)
        self.assertEqual(
            (objection.reason, objection.label), ("patient_deceased", None)
        )
        self.assertEqual(self.patient.whatsapp_consent_state, "not_written_to")

    def test_channel_is_told_after_what_the_patient_can_mend(self):
        self.channel.account_id.sudo().access_token = False
        self.assertEqual(self.reason(), "no_consent")
        self.consent(self.patient)
        self.assertEqual(self.reason(), "channel_incomplete")
        administrator = staff_user(self, "administrator")
        action = self.fix(administrator)
        self.assertEqual(action["res_id"], self.channel.id)

    def test_another_purpose_has_its_own_answer(self):
        self.consent(self.patient)
        marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.assertEqual(self.reason(purpose=marketing), "no_consent")

    def test_answers_need_an_open_window(self):
        self.assertEqual(self.reason(purpose=self.conversation), "window_closed")

    def test_a_number_never_written_to_is_no_objection(self):
        contact = self.env["res.partner"].create(
            {"name": "New KUMQUAT", "phone": "+905321110077"}
        )
        self.consent(contact)
        self.assertIsNone(self.why(patient=contact))
        found = self.env["whatsapp.clinic.identity"].search(
            [("wa_id", "=", "905321110077")]
        )
        self.assertFalse(found)

    def test_patient_known_by_a_user_id_alone_may_be_written_to(self):
        hidden = self.make_patient(False, "Hidden KUMQUAT")
        self.consent(hidden)
        self.assertEqual(self.reason(patient=hidden), "no_number")
        identity = self.env["whatsapp.clinic.identity"].create(
            {
                "user_id": "TR.hidden",
                "user_portfolio_id": self.channel.portfolio_id.id,
                "partner_ids": [(4, hidden.id)],
            }
        )
        self.assertIsNone(self.why(patient=hidden))
        identity._stop("stop_word")
        self.assertEqual(self.reason(patient=hidden), "identity_blocked")

    def test_guardians_number_is_what_counts_for_a_ward(self):
        guardian = self.make_patient("+905321110009", "Mother KUMQUAT")
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": guardian.id}
        )
        self.consent(self.patient)
        self.patient.phone = False
        self.assertIsNone(self.why())
        guardian.phone = False
        self.assertEqual(self.reason(), "no_number")
        self.assertEqual(self.fix()["res_id"], guardian.id)

    def test_appointment_asks_with_the_channel_of_its_branch(self):
        self.consent(self.patient)
        self.patient.clinic_branch_id = False
        appointment = self.book(self.patient).with_user(self.receptionist)
        self.assertFalse(appointment.whatsapp_objection)
        self.channel.account_id.sudo().access_token = False
        appointment.invalidate_recordset()
        self.assertEqual(appointment.whatsapp_objection, "channel_incomplete")

    def test_patients_are_found_by_what_their_consent_needs(self):
        survey = self.env.ref("whatsapp_clinic.purpose_survey")
        expiring = self.make_patient("+905321110008", "Expiring KUMQUAT")
        given = clock.now() - relativedelta(months=24) + relativedelta(days=10)
        self.consent(expiring, at=given, purpose=survey)
        self.consent(expiring)
        ours = ("id", "in", (self.patient | expiring).ids)
        partners = self.env["res.partner"].with_user(self.receptionist)
        without = partners.search([ours, ("whatsapp_consent_state", "=", "no_consent")])
        self.assertEqual(without.ids, self.patient.ids)
        soon = partners.search([ours, ("clinic_consent_expires_soon", "=", True)])
        self.assertEqual(soon.ids, expiring.ids)
        self.assertTrue(soon.clinic_consent_expires_soon)

    def test_form_lists_the_present_state_of_each_purpose(self):
        survey = self.env.ref("whatsapp_clinic.purpose_survey")
        self.consent(self.patient, at=clock.now() - relativedelta(days=5))
        self.consent(self.patient, "withdrawn", at=clock.now() - relativedelta(days=2))
        self.consent(
            self.patient, at=clock.now() - relativedelta(years=3), purpose=survey
        )
        seen = self.patient.with_user(self.receptionist)
        self.assertEqual(
            {
                one.purpose_id.code: one.present_state
                for one in seen.clinic_present_consent_ids
            },
            {"appointment": "withdrawn", "survey": "expired"},
        )
        self.assertIn("replaced", seen.consent_ids.mapped("present_state"))
        self.assertNotIn(survey, seen.clinic_undecided_purpose_ids)
        self.assertNotIn(self.conversation, seen.clinic_undecided_purpose_ids)


@tagged("post_install", "-at_install")
class TestEnded(ClinicCase):
    """Who died, was barred or archived gets nothing, unless it was a mistake."""

    ENDINGS = {
        "patient_deceased": {"clinic_deceased_on": "2026-01-01"},
        "patient_barred": {"clinic_barred": True},
        "patient_archived": {"active": False},
    }

    def test_planned_rows_are_cancelled_and_come_back_with_the_patient(self):
        for number, (reason, values) in enumerate(self.ENDINGS.items()):
            with self.subTest(reason):
                patient = self.make_patient(f"+90532111002{number}")
                self.consent(patient)
                self.rule(name=reason)
                appointment = self.book(patient, f"2099-03-0{number + 1} 10:00:00")
                rows = appointment.whatsapp_message_ids
                self.assertEqual(set(rows.mapped("state")), {"queued"})
                patient.write(values)
                self.assertEqual(set(rows.mapped("state")), {"cancelled"})
                self.assertEqual(set(rows.mapped("reason")), {reason})
                patient.write(
                    {
                        "active": True,
                        "clinic_barred": False,
                        "clinic_deceased_on": False,
                    }
                )
                self.assertEqual(set(rows.mapped("state")), {"queued"})
