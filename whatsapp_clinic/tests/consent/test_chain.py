"""The chain of consents and proofs, as a whole."""

from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.consent import write_once_mixin
from ..common import ClinicCase, staff_user, triggers_taken_away
from ..security.test_access import ROLES


@tagged("post_install", "-at_install")
class TestWholeChain(ClinicCase):
    """One check finds what was changed or removed, among any number of rows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = staff_user(cls, "privacy_officer")
        cls.proofs = cls.env["whatsapp.clinic.consent.proof"]

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.acts = self.env["whatsapp.clinic.consent"].browse()
        for decision in ("given", "withdrawn", "given", "withdrawn", "given"):
            self.acts |= self.consent(self.patient, decision)
        self.proofs._seal({"partner_id": self.patient.id}, {"act": "paper"})
        slices = patch.object(write_once_mixin, "SLICE", 2)
        slices.start()
        self.addCleanup(slices.stop)

    def change(self, statement: str, *values):
        """What who owns the database can do."""
        self.env.flush_all()
        with triggers_taken_away(self.env.cr, self.acts._table):
            self.env.cr.execute(statement, values)
        self.env.invalidate_all()

    def told(self) -> str:
        return self.proofs.with_user(self.officer).action_verify_all()["params"]["type"]

    def alarms(self):
        return self.env["whatsapp.clinic.alarm"].search(
            [("kind", "=", "evidence"), ("closed_at", "=", False)]
        )

    def test_scheduled_action_verifies_the_chain_every_day(self):
        action = self.env.ref("whatsapp_clinic.verify_evidence")
        self.assertTrue(action.active)
        self.assertEqual((action.interval_number, action.interval_type), (1, "days"))
        self.change(
            "UPDATE whatsapp_clinic_consent SET decision = 'given' WHERE id = %s",
            self.acts[1].id,
        )
        action.ir_actions_server_id.run()
        self.assertTrue(self.alarms())

    def test_whole_chain_is_intact(self):
        self.assertEqual(self.told(), "success")
        self.proofs._cron_verify_all()
        self.assertFalse(self.alarms())

    def test_changed_row_is_found_and_raises_an_alarm(self):
        self.change(
            "UPDATE whatsapp_clinic_consent SET evidence = 'x' WHERE id = %s",
            self.acts[2].id,
        )
        self.assertEqual(self.told(), "danger")
        self.proofs._cron_verify_all()
        self.proofs._cron_verify_all()
        self.assertEqual(self.alarms().count, 1)

    def test_removed_row_is_found_by_the_one_after_it(self):
        self.change(
            "DELETE FROM whatsapp_clinic_consent WHERE id = %s", self.acts[2].id
        )
        self.assertEqual(self.told(), "danger")

    def test_alarm_ends_when_the_rows_are_as_they_were(self):
        sql = "UPDATE whatsapp_clinic_consent SET evidence = %s WHERE id = %s"
        self.change(sql, "x", self.acts[2].id)
        self.proofs._cron_verify_all()
        self.change(sql, "Form in the old file", self.acts[2].id)
        self.proofs._cron_verify_all()
        self.assertFalse(self.alarms())

    def test_officer_is_told_of_the_own_companies(self):
        other = self.env["res.company"].create({"name": "Other clinic"})
        self.change(
            "UPDATE whatsapp_clinic_consent SET evidence = 'x', company_id = %s "
            "WHERE id = %s",
            other.id,
            self.acts[2].id,
        )
        self.assertEqual(self.told(), "success")
        self.proofs._cron_verify_all()
        self.assertTrue(self.alarms())

    def test_only_the_privacy_officer_presses_it(self):
        for role in set(ROLES) - {"privacy_officer"}:
            mine = self.proofs.with_user(staff_user(self, role))
            with self.subTest(role=role), self.assertRaises(AccessError):
                mine.action_verify_all()
