import base64
from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.consent.consent import CLOCK_TOLERANCE
from ...models.consent.consent_request import LIFETIME
from ...tools import clock
from ..common import ClinicCase, staff_user
from ..security.test_access import ROLES

PDF = base64.b64encode(b"%PDF-1.4 signed")


@tagged("post_install", "-at_install")
class TestEvidence(ClinicCase):
    """What proves a consent comes from where it says, and nobody makes it by hand."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.stranger = self.make_patient("+905321110009", "Other KUMQUAT")
        self.consents = self.env["whatsapp.clinic.consent"]
        self.proofs = self.env["whatsapp.clinic.consent.proof"]
        self.requests = self.env["whatsapp.clinic.consent.request"]

    def act(self, **values):
        """Values of a consent, written as the system."""
        return {
            "partner_id": self.patient.id,
            "purpose_id": self.purpose.id,
            "decision": "given",
            "method": "import",
            "evidence": "Form in the old file",
            **values,
        }

    def seal(self, patient=None, **values):
        values = {"partner_id": (patient or self.patient).id, **values}
        return self.proofs._seal(values, {"act": "paper"})

    def said_by(self, patient, body="Evet KUMQUAT"):
        return self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "kind": "text",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": patient.whatsapp_identity_ids.id,
                "partner_id": patient.id,
                "body": body,
                "occurred_at": clock.now(),
            }
        )

    def assert_refused(self, words, **values):
        with self.assertRaisesRegex(ValidationError, words):
            self.consents.create(self.act(**values))

    def test_no_role_makes_or_copies_evidence(self):
        consent = self.consent(self.patient)
        made = (
            (consent, self.act()),
            (self.seal(), {"partner_id": self.patient.id, "document": "{}"}),
            (
                self.requests.create({"partner_id": self.patient.id}),
                {"partner_id": self.patient.id, "expires_at": "2099-01-01"},
            ),
        )
        for role in ROLES:
            user = staff_user(self, role)
            for record, values in made:
                mine = record.with_user(user)
                with self.subTest(role=role, model=record._name):
                    with self.assertRaises(AccessError):
                        mine.create(values)
                    with self.assertRaises(AccessError):
                        mine.copy()
                    with self.assertRaises(AccessError):
                        mine.write({"partner_id": self.stranger.id})
                    with self.assertRaises(AccessError):
                        mine.unlink()

    def test_what_is_signed_needs_a_proof(self):
        for method in ("web", "paper"):
            with self.subTest(method=method):
                self.assert_refused("needs the proof", method=method)

    def test_proof_of_another_patient_proves_nothing(self):
        foreign = self.seal(self.stranger)
        self.assert_refused("needs the proof", method="paper", proof_id=foreign.id)

    def test_proof_of_another_company_proves_nothing(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        foreign = self.seal(company_id=company.id)
        self.assert_refused("needs the proof", method="paper", proof_id=foreign.id)

    def test_proof_that_became_anothers_in_the_database_is_told(self):
        proof = self.seal()
        self.consents.create(self.act(method="paper", proof_id=proof.id))
        self.assertFalse(proof._problems())
        self.env.flush_all()
        other = self.env["res.company"].create({"name": "Other"})
        for column, value in (
            ("partner_id", self.stranger.id),
            ("company_id", other.id),
        ):
            with self.subTest(column=column), self.env.cr.savepoint() as undone:
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE id = %s",
                        SQL.identifier(proof._table),
                        SQL.identifier(column),
                        value,
                        proof.id,
                    )
                )
                self.env.invalidate_all()
                self.assertTrue(proof._problems())
                undone.rollback()
            self.env.invalidate_all()

    def test_nothing_is_hung_on_a_proof_of_an_earlier_transaction(self):
        proof = self.seal()
        later = self.env.cr.now() + timedelta(hours=1)
        with patch.object(self.env.cr, "_now", later):
            self.assert_refused("needs the proof", method="paper", proof_id=proof.id)

    def test_proof_that_is_given_has_to_fit_whatever_the_method(self):
        foreign = self.seal(self.stranger)
        self.assert_refused("needs the proof", proof_id=foreign.id)

    def insert(self, **values):
        """Write an act past the checks in Python, as far as a commit would go."""
        row = {
            "partner_id": self.patient.id,
            "company_id": self.company.id,
            "purpose_id": self.purpose.id,
            "decision": "given",
            "act_at": clock.now(),
            "create_date": self.env.cr.now(),
            **values,
        }
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "INSERT INTO whatsapp_clinic_consent (%s) VALUES %s",
                SQL(", ").join(map(SQL.identifier, row)),
                tuple(row.values()),
            )
        )
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def assert_refused_by_postgresql(self, **values):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
            self.env.cr.savepoint(),
        ):
            self.insert(**values)

    def test_postgresql_takes_nothing_signed_without_its_proof(self):
        company = self.env["res.company"].create({"name": "Other clinic"})
        for proof in (
            self.proofs.browse(),
            self.seal(self.stranger),
            self.seal(company_id=company.id),
        ):
            for method in ("web", "paper"):
                with self.subTest(method=method, proof=proof):
                    self.assert_refused_by_postgresql(
                        method=method, proof_id=proof.id or None
                    )
        self.insert(method="paper", proof_id=self.seal().id)

    def test_postgresql_asks_that_a_proof_fits_whatever_the_method(self):
        foreign = self.seal(self.stranger)
        self.assert_refused_by_postgresql(method="import", proof_id=foreign.id)

    def test_postgresql_hangs_nothing_on_an_earlier_proof(self):
        later = self.env.cr.now() + timedelta(hours=1)
        self.assert_refused_by_postgresql(
            method="paper", proof_id=self.seal().id, create_date=later
        )

    def test_postgresql_takes_no_agreement_in_the_chat_without_a_message(self):
        self.assert_refused_by_postgresql(method="chat")
        self.insert(method="chat", message_id=self.said_by(self.patient).id)
        self.insert(method="chat", decision="withdrawn")

    def test_what_postgresql_asks_holds_in_what_the_clinic_writes(self):
        self.record_as(staff_user(self, "receptionist"), self.patient)
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.assertEqual(self.patient.consent_ids.method, "paper")

    def test_consent_in_the_chat_needs_the_words_of_the_patient(self):
        self.assert_refused("proved by a message", method="chat")
        words = self.said_by(self.stranger)
        self.assert_refused("proved by a message", method="chat", message_id=words.id)
        self.assert_refused("proved by a message", message_id=words.id)

    def test_consent_in_the_chat_stands_on_the_patients_own_message(self):
        words = self.said_by(self.patient)
        consent = self.consents.create(self.act(method="chat", message_id=words.id))
        self.assertEqual(consent.message_id, words)

    def test_consent_in_the_chat_stands_on_the_guardians_message(self):
        self.guard(self.patient, self.stranger)
        values = {"guardian_id": self.stranger.id}
        words = self.said_by(self.stranger)
        consent = self.consents.create(
            self.act(method="chat", message_id=words.id, **values)
        )
        self.assertEqual(consent.guardian_id, self.stranger)

    def guard(self, patient, guardian):
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": patient.id, "guardian_id": guardian.id}
        )

    def test_minor_never_agrees_alone(self):
        self.patient.clinic_birthdate = clock.now().date() - timedelta(days=2000)
        self.assert_refused("choose a guardian")
        self.consents.create(self.act(decision="withdrawn"))
        self.guard(self.patient, self.stranger)
        self.consents.create(self.act(guardian_id=self.stranger.id))

    def test_only_whatsapps_clock_may_be_ahead(self):
        words = self.said_by(self.patient)
        ahead = clock.now() + CLOCK_TOLERANCE - timedelta(minutes=1)
        chat = {"method": "chat", "message_id": words.id}
        self.assertTrue(self.consents.create(self.act(act_at=ahead, **chat)))
        self.assert_refused("future", act_at=ahead)
        much_later = ahead + timedelta(minutes=2)
        self.assert_refused("future", act_at=much_later, **chat)

    def test_link_ends_when_the_clinic_decided_that_links_end(self):
        wizard = self.ask_as("receptionist", self.patient)
        request = wizard._request()
        self.assertLessEqual(request.expires_at, clock.now() + LIFETIME)

    def ask_as(self, role, patient):
        notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "text_ids": [
                    (0, 0, {"lang": "en_US", "title": "Notice", "body": "<p>Told</p>"})
                ]
            }
        )
        notice.action_publish()
        user = staff_user(self, role)
        wizards = self.env["whatsapp.clinic.consent.ask"].with_user(user)
        return wizards.create({"partner_id": patient.id})

    def test_acts_are_written_by_the_system_in_the_name_of_who_enters_them(self):
        user = staff_user(self, "receptionist")
        self.record_as(user, self.patient)
        consent = self.patient.consent_ids
        self.assertEqual(consent.recorded_by, user.name)
        self.assertEqual(consent.create_uid, user)
        self.assertEqual(consent.proof_id.create_uid, user)

    def record_as(self, user, patient):
        record = (
            self.env["whatsapp.clinic.consent.record"]
            .with_user(user)
            .create(
                {
                    "partner_id": patient.id,
                    "signed_on": clock.now().date(),
                    "scan": PDF,
                }
            )
        )
        lines = record.line_ids
        lines.filtered(lambda one: one.purpose_id == self.purpose).answer = "given"
        record.action_record()

    def patient_of_another_branch(self):
        branch = self.branch.create({"name": "B", "country_id": self.turkey.id})
        return self.make_patient(
            "+905321110008", "Far KUMQUAT", clinic_branch_id=branch.id
        )

    def test_nothing_is_entered_for_a_patient_of_another_branch(self):
        user, far = staff_user(self, "receptionist"), self.patient_of_another_branch()
        with self.assertRaises(AccessError):
            self.record_as(user, far)
        with self.assertRaisesRegex(UserError, "Another branch"):
            self.ask_as("receptionist", far)._request()
        with self.assertRaises(AccessError):
            self.consents.with_user(user).record_decision(
                "appointment", "given", "2026-01-31T14:05Z", "x", "1", far.id
            )

    def test_another_program_needs_the_role_of_who_records(self):
        user = staff_user(self, "practitioner")
        with self.assertRaises(AccessError):
            self.consents.with_user(user).record_decision(
                "appointment", "given", "2026-01-31T14:05Z", "x", "1"
            )

    def test_another_program_tells_no_time_to_come(self):
        user = staff_user(self, "receptionist")
        ahead = (clock.now() + timedelta(minutes=2)).isoformat()
        with self.assertRaisesRegex(UserError, "future"):
            self.consents.with_user(user).record_decision(
                "appointment", "given", f"{ahead}+00:00", "x", "1", self.patient.id
            )
