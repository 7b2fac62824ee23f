import psycopg2.errors

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ...tools import clock
from ..common import ClinicCase, staff_notes, tomorrow


@tagged("post_install", "-at_install")
class TestMergeConsent(ClinicCase):
    """Merges, removed users and changed companies leave the evidence whole."""

    def setUp(self):
        super().setUp()
        self.kept = self.make_patient("+905321110001", "Ayşe KUMQUAT")
        self.twin = self.make_patient("+905321110002", "Ayse KUMQUAT")
        self.other = self.make_patient("+905321110003", "Child KUMQUAT")

    def merge(self, kept=None, twin=None):
        kept, twin = kept or self.kept, twin or self.twin
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((kept | twin).ids, kept, extra_checks=False)
        people = "whatsapp_clinic_consent_people"
        self.env.cr.execute(f"SET CONSTRAINTS {people} IMMEDIATE")
        self.env.cr.execute(f"SET CONSTRAINTS {people} DEFERRED")
        self.env.invalidate_all()

    def guard(self, patient, guardian, **values):
        return self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": patient.id, "guardian_id": guardian.id, **values}
        )

    def signed(self, patient, guardian=None):
        proof = self.env["whatsapp.clinic.consent.proof"]._seal(
            {"partner_id": patient.id}, {"act": "paper"}
        )
        consent = self.env["whatsapp.clinic.consent"].create(
            {
                "partner_id": patient.id,
                "guardian_id": guardian.id if guardian else False,
                "purpose_id": self.purpose.id,
                "decision": "given",
                "method": "paper",
                "proof_id": proof.id,
            }
        )
        return proof, consent

    def test_staff_reads_whose_acts_came_along(self):
        self.consent(self.twin)
        self.merge()
        note = staff_notes(self.kept)[:1].body
        for told in ("Ayse KUMQUAT", self.purpose.name):
            self.assertIn(told, note)

    def test_nothing_is_noted_where_nothing_came_along(self):
        self.consent(self.kept)
        self.merge()
        self.assertFalse(staff_notes(self.kept))

    def test_merge_tells_staff_alone_that_it_is_for_good(self):
        for groups, is_told in (
            ("whatsapp_clinic.group_receptionist,base.group_partner_manager", True),
            ("base.group_user,base.group_partner_manager", False),
        ):
            user = new_test_user(self.env, f"merges-{is_told}", groups)
            wizard = self.env["base.partner.merge.automatic.wizard"].with_user(user)
            view = wizard.get_view(view_type="form")["arch"]
            with self.subTest(groups=groups):
                self.assertEqual("o_clinic_merge_warning" in view, is_told)

    def test_guardianships_of_a_patient_come_along(self):
        one = self.guard(self.twin, self.other)
        self.merge()
        self.assertEqual(one.patient_id, self.kept)
        self.assertEqual(self.kept.guardianship_ids, one)

    def test_wards_of_a_guardian_come_along(self):
        one = self.guard(self.other, self.twin)
        _proof, consent = self.signed(self.other, self.twin)
        self.merge()
        self.assertEqual(one.guardian_id, self.kept)
        self.assertEqual(consent.guardian_id, self.kept)
        self.assertEqual(consent.guardian_name, "Ayse KUMQUAT")
        self.assertEqual(self.other.whatsapp_consent_state, "ready")

    def test_patient_merged_with_the_own_guardian_is_asked_anew(self):
        for kept, twin in ((self.kept, self.twin), (self.twin, self.kept)):
            with self.subTest(kept=kept.name), self.env.cr.savepoint() as point:
                self.guard(twin, kept)
                others = self.guard(self.other, kept)
                self.signed(twin, kept)
                self.merge(kept, twin)
                self.assertFalse(kept.guardianship_ids)
                self.assertTrue(others.exists())
                self.assertEqual(kept.whatsapp_consent_state, "guardianship_ended")
                self.assertEqual(len(kept.consent_ids), 1)
                point.rollback()
                self.env.invalidate_all()

    def test_what_waits_goes_to_the_patient_who_was_the_own_guardian(self):
        self.guard(self.twin, self.kept)
        self.consent(self.twin)
        self.rule()
        waiting = self.book(self.twin, tomorrow(72)).whatsapp_message_ids
        self.assertEqual(waiting.guardian_id, self.kept)
        self.merge()
        self.assertEqual(waiting.partner_id, self.kept)
        self.assertFalse(waiting.guardian_id)

    def test_same_guardianship_of_both_stays_one(self):
        self.guard(self.kept, self.other)
        self.guard(self.twin, self.other)
        self.merge()
        self.assertEqual(len(self.kept.guardianship_ids), 1)

    def test_proof_and_request_come_along_and_stay_whole(self):
        proof, consent = self.signed(self.twin)
        request = self.env["whatsapp.clinic.consent.request"].create(
            {"partner_id": self.twin.id, "guardian_id": self.other.id}
        )
        before = (proof.document, proof.sha256)
        self.merge()
        self.assertEqual(proof.partner_id, self.kept)
        self.assertEqual((proof.document, proof.sha256), before)
        self.assertEqual(consent.patient_name, "Ayse KUMQUAT")
        self.assertEqual(request.partner_id, self.kept)
        self.assertEqual(consent.proof_id, proof)

    def test_bar_and_death_of_either_hold_for_both(self):
        self.twin.write({"clinic_barred": True, "clinic_deceased_on": "2026-01-01"})
        self.merge()
        self.assertTrue(self.kept.clinic_barred)
        self.assertTrue(self.kept.clinic_deceased_on)

    def test_date_of_birth_of_the_other_ends_guardianship_at_majority(self):
        one = self.guard(self.twin, self.other)
        self.assertFalse(one.end_date)
        self.kept.clinic_birthdate = "2020-05-05"
        self.merge()
        self.assertEqual(str(one.end_date), "2038-05-04")

    def test_consents_of_both_with_references_survive(self):
        consents = self.env["whatsapp.clinic.consent"]
        values = {
            "purpose_id": self.purpose.id,
            "decision": "given",
            "act_at": clock.now(),
            "method": "import",
            "evidence": "Old system",
        }
        consents.create(
            [
                {**values, "partner_id": self.kept.id, "reference": "a"},
                {**values, "partner_id": self.twin.id, "reference": "b"},
            ]
        )
        self.merge()
        self.assertEqual(len(self.kept.consent_ids), 2)

    def test_removal_of_a_user_keeps_what_was_recorded(self):
        user = new_test_user(
            self.env,
            "desk-x",
            groups="base.group_user,whatsapp_clinic.group_receptionist",
        )
        self.branch.member_ids |= user
        consent = (
            self.env["whatsapp.clinic.consent"]
            .with_user(user)
            ._record(
                [(self.purpose, "given")], partner_id=self.kept.id, method="verbal"
            )
        )
        name, consent = user.name, consent.with_env(self.env)
        user.unlink()
        self.env.invalidate_all()
        self.assertEqual(consent.recorded_by, name)
        self.assertEqual(consent.heard_by, name)

    def test_change_of_company_moves_evidence(self):
        proof, consent = self.signed(self.kept)
        company = self.env["res.company"].create({"name": "New owner"})
        for record in (proof, consent):
            record.sudo().company_id = company
        self.env.flush_all()
        self.assertEqual(consent.company_id, company)

    def test_patient_with_evidence_cannot_be_deleted(self):
        self.signed(self.kept)
        with (
            self.assertRaises(psycopg2.errors.ForeignKeyViolation),
            mute_logger("odoo.sql_db"),
        ):
            self.kept.unlink()
