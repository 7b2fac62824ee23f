from datetime import timedelta

import psycopg2.errors

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...tools import clock
from ...tools.text import fold
from ..common import ClinicCase, staff_user, triggers_taken_away


@tagged("post_install", "-at_install")
class TestConsent(ClinicCase):
    """One record of who agreed to what."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()

    def state(self, partner=None):
        partner = partner or self.patient
        states = self.env["whatsapp.clinic.consent"]._states(partner, self.purpose)
        return states.get((partner.id, self.purpose.id))

    def test_state_is_that_of_the_latest_act_not_of_the_latest_entry(self):
        now = clock.now()
        self.consent(self.patient, "withdrawn", at=now - timedelta(days=1))
        self.consent(self.patient, "given", at=now - timedelta(days=30))
        self.assertEqual(self.state(), "withdrawn")
        self.consent(self.patient, "given", at=now)
        self.assertEqual(self.state(), "given")

    def test_what_was_never_given_was_refused_not_withdrawn(self):
        now = clock.now()
        refused = self.consent(self.patient, "withdrawn", at=now - timedelta(days=3))
        now_refused = (refused.decided, refused.present_state, self.state())
        self.assertEqual(now_refused, ("refused",) * 3)
        self.assertEqual(self.patient.whatsapp_consent_state, "refused")
        given = self.consent(self.patient, at=now - timedelta(days=2))
        taken_back = self.consent(self.patient, "withdrawn", at=now)
        self.env.invalidate_all()
        acts = refused | given | taken_back
        self.assertEqual(acts.mapped("decided"), ["refused", "given", "withdrawn"])
        now = acts.mapped("present_state")
        self.assertEqual(now, ["replaced", "replaced", "withdrawn"])
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")

    def test_button_on_a_consent_records_that_it_is_withdrawn(self):
        given = self.consent(self.patient, at=clock.now() - timedelta(days=2))
        receptionist = staff_user(self, "receptionist")
        context = given.with_user(receptionist).action_withdraw()["context"]
        wizard = Form(
            self.env["whatsapp.clinic.consent.record"]
            .with_user(receptionist)
            .with_context(**context)
        ).save()
        wizard.action_record()
        last = self.patient.consent_ids - given
        self.assertEqual((last.purpose_id, last.decided), (self.purpose, "withdrawn"))

    def test_on_a_tie_the_withdrawal_counts(self):
        now = clock.now()
        self.consent(self.patient, "withdrawn", at=now)
        self.consent(self.patient, "given", at=now)
        self.assertEqual(self.state(), "withdrawn")

    def test_name_and_number_at_the_time_are_kept(self):
        consent = self.consent(self.patient)
        self.patient.write({"name": "Ayşe Kaya", "phone": "+905321110002"})
        self.assertEqual(consent.patient_name, "Ayşe KUMQUAT")
        self.assertEqual(consent.patient_phone, "+90 532 111 00 01")

    def refuse(self, statement, *parameters):
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(statement, parameters)

    def test_database_owner_can_neither_change_nor_remove_a_consent(self):
        consent = self.consent(self.patient)
        table = "whatsapp_clinic_consent"
        for change in (
            "decision = 'withdrawn'",
            "act_at = act_at - interval '1 year'",
            "method = 'web'",
            "evidence = 'x'",
            "patient_name = 'x'",
            "purpose_id = purpose_id + 1",
        ):
            with self.subTest(change=change):
                self.refuse(f"UPDATE {table} SET {change} WHERE id = %s", consent.id)
        self.refuse(f"DELETE FROM {table} WHERE id = %s", consent.id)
        # PostgreSQL empties no table of which it has something left to check.
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.refuse(f"TRUNCATE {table}")

    def test_database_owner_can_neither_change_nor_remove_a_proof(self):
        proof = self.env["whatsapp.clinic.consent.proof"].create(
            {"partner_id": self.patient.id, "document": "{}", "scan": b"UERG"}
        )
        self.env.flush_all()
        table = "whatsapp_clinic_consent_proof"
        for change in (
            "document = 'x'",
            "scan = NULL",
            "signature = 'x'",
            "sha256 = ''",
        ):
            with self.subTest(change=change):
                self.refuse(f"UPDATE {table} SET {change} WHERE id = %s", proof.id)
        self.refuse(f"DELETE FROM {table} WHERE id = %s", proof.id)
        self.refuse(f"TRUNCATE {table} CASCADE")

    def test_update_of_the_addon_fills_new_columns_and_protects_again(self):
        consent = self.consent(self.patient)
        table = consent._table
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute(f"ALTER TABLE {table} DROP COLUMN recorded_by")
        self.env.invalidate_all()
        self.registry.init_models(
            self.env.cr, [consent._name], {"module": "whatsapp_clinic"}, False
        )
        self.env.cr.execute(
            f"SELECT recorded_by FROM {table} WHERE id = %s", [consent.id]
        )
        self.assertTrue(self.env.cr.fetchone()[0])
        self.refuse(f"UPDATE {table} SET recorded_by = 'x' WHERE id = %s", consent.id)
        self.refuse(f"DELETE FROM {table} WHERE id = %s", consent.id)

    def test_odoo_can_neither_write_nor_unlink_a_consent(self):
        consent = self.consent(self.patient)
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation),
            mute_logger("odoo.sql_db"),
        ):
            consent.decision = "withdrawn"
            self.env.flush_all()
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation),
            mute_logger("odoo.sql_db"),
        ):
            consent.unlink()

    def test_who_entered_it_may_be_removed(self):
        consent = self.consent(self.patient)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_consent SET create_uid = NULL WHERE id = %s",
            [consent.id],
        )
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.assertFalse(consent._broken())

    def test_act_is_nobody_elses_unless_the_contact_is_gone(self):
        consent = self.consent(self.patient)
        other = self.make_patient("+905321110002", "Other KUMQUAT")
        self.env.flush_all()
        changes = {
            "partner_id": other.id,
            "guardian_id": other.id,
            "create_uid": self.env.ref("base.user_admin").id,
        }
        for column, value in changes.items():
            with (
                self.subTest(column=column),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                mute_logger("odoo.sql_db"),
            ):
                self.env.cr.execute(
                    f"UPDATE whatsapp_clinic_consent SET {column} = %s WHERE id = %s",
                    [value, consent.id],
                )
                self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
            self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")

    def test_no_setting_of_a_session_opens_what_is_written_once(self):
        consent = self.consent(self.patient)
        self.env.cr.execute(
            "SELECT set_config('whatsapp_clinic.destruction', 'x', true)"
        )
        self.refuse("DELETE FROM whatsapp_clinic_consent WHERE id = %s", consent.id)

    def tamper(self, statement, *parameters):
        self.env.flush_all()
        with triggers_taken_away(self.env.cr, "whatsapp_clinic_consent"):
            self.env.cr.execute(statement, parameters)
        self.env.invalidate_all()

    def test_chain_of_hashes_holds_for_what_nobody_touched(self):
        acts = self.consent(self.patient) | self.consent(self.patient, "withdrawn")
        self.env["whatsapp.clinic.consent"]._record(
            [(self.purpose, "given"), (self.conversation, "given")],
            partner_id=self.patient.id,
            method="import",
            evidence="x",
        )
        acts = self.patient.consent_ids
        self.assertEqual(len(acts), 4)
        self.assertFalse(acts._broken())

    def test_change_behind_the_triggers_breaks_the_chain(self):
        acts = self.consent(self.patient) | self.consent(self.patient, "withdrawn")
        self.tamper(
            "UPDATE whatsapp_clinic_consent SET decision = 'given' WHERE id = %s",
            acts[1].id,
        )
        self.assertEqual(acts._broken(), acts[1])

    def test_removal_behind_the_triggers_breaks_the_chain(self):
        acts = self.consent(self.patient) | self.consent(self.patient, "withdrawn")
        self.tamper("DELETE FROM whatsapp_clinic_consent WHERE id = %s", acts[0].id)
        self.assertEqual(acts[1]._broken(), acts[1])

    def test_bookkeeping_and_new_empty_columns_leave_the_chain_whole(self):
        consent = self.consent(self.patient)
        table = consent._table
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE {table} SET create_uid = NULL WHERE id = %s", [consent.id]
        )
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute(f"ALTER TABLE {table} ADD COLUMN later varchar")
        self.assertFalse(consent._broken())

    def test_rows_of_an_earlier_version_are_chained_by_the_update(self):
        acts = self.consent(self.patient) | self.consent(self.patient, "withdrawn")
        table = acts._table
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute(
            f"ALTER TABLE {table} DROP COLUMN row_hash, DROP COLUMN previous_hash"
        )
        self.registry.init_models(
            self.env.cr, [acts._name], {"module": "whatsapp_clinic"}, False
        )
        self.assertFalse(acts._broken())
        self.assertFalse(self.consent(self.patient)._broken())

    def test_every_column_is_chained_or_may_change(self):
        for name in ("consent", "consent.proof"):
            model = self.env[f"whatsapp.clinic.{name}"]
            self.env.cr.execute(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_name = %s",
                [model._table],
            )
            columns = {column for (column,) in self.env.cr.fetchall()}
            kept = {*model._chained, *model._write_once_except}
            with self.subTest(model=name):
                self.assertEqual(columns - kept, {"row_hash", "previous_hash"})

    def test_act_in_the_future_is_refused(self):
        with self.assertRaises(ValidationError):
            self.consent(self.patient, at=clock.now() + timedelta(hours=1))

    def test_words_are_compared_without_dots_and_case(self):
        for word in ("durdur", "DURDUR", "Durdur!", " durdur. "):
            self.assertEqual(fold(word), "durdur")
        self.assertEqual(fold("İPTAL"), fold("iptal"))
        self.assertEqual(fold("IPTAL"), fold("ıptal"))
