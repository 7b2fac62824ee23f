import random
from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from ...models.consent.consent_coverage import STATES
from ...tools import clock
from ..common import staff_user
from .test_notice import TITLE, NoticeCase


@tagged("post_install", "-at_install")
class TestCoverage(NoticeCase):
    """Figures of who agreed to what, by purpose and branch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.child = cls.env["res.company"].create(
            {"name": "Child", "parent_id": cls.company.id}
        )
        cls.home = cls.branch.copy(
            {"name": "Home", "company_id": cls.child.id, "channel_id": False}
        )
        cls.followup = cls.env.ref("whatsapp_clinic.purpose_followup")
        cls.patient = cls.env["res.partner"].create(
            {
                "name": "Covered KUMQUAT",
                "clinic_patient": True,
                "clinic_branch_id": cls.home.id,
            }
        )

    def another(self, values=None):
        """One more patient at home there."""
        usual = {"clinic_patient": True, "clinic_branch_id": self.home.id}
        return self.patient.copy({**usual, **(values or {})})

    def rows(self, patients, purposes=None, env=None):
        domain = [("partner_id", "in", patients.ids)]
        if purposes:
            domain.append(("purpose_id", "in", purposes.ids))
        return (env or self.env)["whatsapp.clinic.consent.coverage"].search(domain)

    def present(self, patient=None, purpose=None):
        row = self.rows(patient or self.patient, purpose or self.purpose)
        row.invalidate_recordset()
        return row.state

    def test_patient_who_never_decided_is_still_to_be_asked(self):
        row = self.rows(self.patient, self.purpose)
        self.assertEqual((row.state, row.coverage), ("no_consent", 0))
        self.assertEqual(row.branch_id, self.home)
        self.assertEqual(row.company_id, self.child)
        self.assertFalse(row.decided_at)

    def test_purpose_without_consent_is_covered_until_the_patient_objects(self):
        row = self.rows(self.patient, self.conversation)
        self.assertEqual((row.state, row.coverage), ("not_needed", 1))
        self.agree(self.patient, purpose_id=self.conversation.id, decision="withdrawn")
        row.invalidate_recordset()
        self.assertEqual((row.state, row.coverage), ("refused", 0))

    def test_consent_in_the_tree_covers_and_one_elsewhere_does_not(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.agree(self.patient, company_id=elsewhere.id)
        self.assertEqual(self.present(), "no_consent")
        self.agree(self.patient, company_id=self.company.id)
        self.assertEqual(self.present(), "given")

    def test_share_of_a_branch_is_the_average_of_its_patients(self):
        other = self.another()
        self.agree(other)
        found = self.env["whatsapp.clinic.consent.coverage"]._read_group(
            [("branch_id", "=", self.home.id), ("purpose_id", "=", self.purpose.id)],
            ["branch_id", "purpose_id"],
            ["coverage:avg", "__count"],
        )
        self.assertEqual(found, [(self.home, self.purpose, 0.5, 2)])

    def test_who_died_is_archived_or_is_no_patient_is_not_counted(self):
        for values in (
            {"clinic_deceased_on": clock.now().date()},
            {"active": False},
            {"clinic_patient": False},
        ):
            with self.subTest(values):
                gone = self.another(values)
                self.assertFalse(self.rows(gone))

    def test_archived_purpose_is_not_counted(self):
        self.followup.active = False
        self.assertFalse(self.rows(self.patient, self.followup))

    def test_patient_without_a_home_is_counted_in_every_clinic(self):
        stray = self.another({"clinic_branch_id": False, "company_id": False})
        rows = self.rows(stray, self.purpose)
        self.assertIn(self.company, rows.company_id)
        self.assertIn(self.branch.company_id, rows.company_id)
        self.assertEqual(len(set(rows.ids)), len(rows))

    def test_row_can_be_opened_and_leads_to_the_patient(self):
        row = self.rows(self.patient, self.purpose)
        self.assertEqual(row.browse(row.id).read(["state"])[0]["state"], "no_consent")
        self.assertEqual(row.action_open_patient()["res_id"], self.patient.id)

    def test_receptionist_sees_the_own_branch_and_a_manager_all(self):
        other = self.home.copy({"name": "Other"})
        foreign = self.another({"clinic_branch_id": other.id})
        both = self.patient | foreign
        receptionist = staff_user(self, "receptionist", self.home)
        manager = staff_user(self, "manager", self.home)
        officer = staff_user(self, "privacy_officer", self.home)
        for user, seen in (
            (receptionist, self.patient),
            (manager, both),
            (officer, both),
        ):
            user.company_ids |= self.child
            env = self.env(user=user, context={"allowed_company_ids": self.child.ids})
            with self.subTest(user.login):
                self.assertEqual(self.rows(both, env=env).partner_id.ids, seen.ids)

    def test_another_company_sees_nothing(self):
        manager = staff_user(self, "manager")
        self.assertFalse(self.rows(self.patient, env=self.env(user=manager)))

    def test_figures_agree_with_the_gate_s_rules_over_random_histories(self):
        dice = random.Random(20241)
        patients, purposes = self.random_clinic(dice)
        self.random_notices(dice, purposes)
        self.random_acts(dice, patients, purposes)
        companies = self.company | self.branch.company_id
        seen = set()
        for days in (0, 3, 40, 400):
            self.move_clock(timedelta(days=days))
            rows = self.rows(patients, purposes)
            rows.invalidate_recordset()
            states = self.env["whatsapp.clinic.consent"]._states(
                patients, purposes, companies
            )
            for row in rows.filtered(lambda one: one.company_id.root_id in companies):
                pair = (row.partner_id.id, row.purpose_id.id)
                never = (
                    "no_consent" if row.purpose_id.requires_consent else "not_needed"
                )
                with self.subTest(days=days, pair=pair):
                    expected = states.of(row.company_id).get(pair, never)
                    self.assertEqual(row.state, expected)
                    seen.add(expected)
            self.assertEqual(len(rows.partner_id), len(patients))
        self.assertEqual(seen, {state for state, _label in STATES})

    def random_clinic(self, dice):
        purposes = self.env["whatsapp.clinic.consent.purpose"].create(
            [
                {
                    "name": f"Purpose {months}",
                    "code": f"random{months}",
                    "validity_months": months,
                    "requires_consent": months != 1,
                    "legal_basis": "contract",
                }
                for months in (0, 1, 2, 12)
            ]
        )
        patients = self.env["res.partner"].create(
            [
                {
                    "name": f"Patient {number} KUMQUAT",
                    "clinic_patient": True,
                    "clinic_branch_id": dice.choice(
                        (self.home.id, self.branch.id, False)
                    ),
                    "company_id": dice.choice((self.child.id, False)),
                }
                for number in range(40)
            ]
        )
        day = self.now.date()
        self.env["whatsapp.clinic.guardianship"].create(
            [
                {
                    "patient_id": patient.id,
                    "guardian_id": self.patient.id,
                    "start_date": day - timedelta(days=dice.randint(0, 900)),
                    "end_date": dice.choice(
                        (False, day, day + timedelta(days=dice.randint(0, 90)))
                    ),
                    "purpose_ids": dice.sample(purposes.ids, dice.choice((0, 0, 1, 2))),
                }
                for patient in patients[::2]
                for _guardianship in range(dice.randint(1, 2))
            ]
        )
        return patients, purposes

    def random_notices(self, dice, purposes):
        companies = (self.company, self.child, self.branch.company_id)
        for days in (0, 0, 2, 35):
            for company in companies:
                self.env["whatsapp.clinic.privacy.notice"].create(
                    {
                        "company_id": company.id,
                        "valid_from": self.now + timedelta(days=days),
                        "text_ids": [Command.create({"lang": "en_US", **TITLE})],
                        "renewed_purpose_ids": dice.sample(
                            purposes.ids, dice.choice((0, 1))
                        ),
                    }
                ).action_publish()

    def random_acts(self, dice, patients, purposes):
        notices = self.env["whatsapp.clinic.privacy.notice"].search(
            [("company_id", "in", (self.company | self.child).ids)]
        )
        days = (-800, -400, -45, -20, -1, 0, 0)
        acts = []
        for _act in range(400):
            patient, purpose = dice.choice(patients), dice.choice(purposes)
            act_at = self.now + timedelta(days=dice.choice(days))
            company = dice.choice((self.company, self.child, self.branch.company_id))
            acting = self.env["whatsapp.clinic.consent"]._acting(patient.ids, act_at)
            who = (company, self.patient.id, patient.id)
            decides = acting.decides(*who, purpose.id)
            acts.append(
                {
                    "partner_id": patient.id,
                    "purpose_id": purpose.id,
                    "decision": dice.choice(("given", "given", "given", "withdrawn")),
                    "act_at": act_at,
                    "method": "import",
                    "evidence": "Form in the old file",
                    "company_id": company.id,
                    "notice_id": dice.choice((False, dice.choice(notices.ids))),
                    "guardian_id": bool(decides and dice.random() < 0.7)
                    and self.patient.id,
                }
            )
        self.env["whatsapp.clinic.consent"].create(acts)
