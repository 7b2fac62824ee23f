from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ...tools import clock
from ..common import ClinicCase, staff_user, tomorrow


@tagged("post_install", "-at_install")
class TestGuardianship(ClinicCase):
    """Who decides for whom, until when."""

    def setUp(self):
        super().setUp()
        self.today = clock.now().date()
        self.receptionist = staff_user(self, "receptionist")
        self.mother = self.make_patient("+905321110002", "Mother KUMQUAT")

    def child(self, birthdate, **values):
        return self.make_patient(
            False, "Child KUMQUAT", clinic_birthdate=birthdate, **values
        )

    def guard(self, patient, **values):
        return self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": patient.id, "guardian_id": self.mother.id, **values}
        )

    def comes_of_age_in(self, days):
        return self.today + timedelta(days=days) - relativedelta(years=18)

    def announce(self):
        self.env["whatsapp.clinic.guardianship"]._cron_announce_majority()

    def test_minor_without_guardian_is_told(self):
        child = self.child("2020-05-05")
        self.assertTrue(child.clinic_lacks_guardian)
        self.guard(child)
        child.invalidate_recordset()
        self.assertFalse(child.clinic_lacks_guardian)
        self.assertFalse(self.mother.clinic_lacks_guardian)

    def test_reception_is_reminded_before_a_patient_comes_of_age_once(self):
        one = self.guard(self.child(self.comes_of_age_in(29)))
        self.announce()
        self.announce()
        self.assertEqual(len(one.activity_ids), 1)
        self.assertEqual(one.activity_ids.user_id, self.receptionist)
        self.assertEqual(one.activity_ids.date_deadline, one.end_date)

    def test_majority_far_away_is_not_announced(self):
        one = self.guard(self.child(self.comes_of_age_in(60)))
        self.announce()
        self.assertFalse(one.activity_ids)

    def test_end_by_ruling_is_not_announced_as_majority(self):
        end = self.today + timedelta(days=10)
        one = self.guard(self.child("2020-05-05"), end_date=end)
        self.announce()
        self.assertFalse(one.activity_ids)

    def test_branch_without_staff_is_looked_at_again(self):
        one = self.guard(self.child(self.comes_of_age_in(20)))
        self.branch.member_ids = [(5,)]
        self.announce()
        self.assertFalse(one.majority_announced)
        self.branch.member_ids = self.receptionist
        self.announce()
        self.assertTrue(one.activity_ids)

    def test_ended_today_it_is_over_tomorrow(self):
        one = self.guard(self.child("2020-05-05"))
        one.with_user(self.receptionist).action_end_today()
        self.assertEqual(one.end_date, self.today)
        self.assertTrue(one.is_in_force)
        self.assertFalse(one._covers(self.today + timedelta(days=1)))

    def test_practitioner_cannot_end_one(self):
        one = self.guard(self.child("2020-05-05"))
        with self.assertRaises(AccessError):
            one.with_user(staff_user(self, "practitioner")).action_end_today()

    def test_a_minors_guardian_is_not_kept_beyond_majority(self):
        one = self.guard(self.child("2020-05-05"))
        with self.assertRaises(ValidationError):
            one.end_date = "2050-01-01"

    def test_those_in_force_are_found(self):
        model = self.env["whatsapp.clinic.guardianship"]
        present = self.guard(self.child("2020-05-05"))
        past = self.guard(
            self.child("2021-05-05"), start_date="2022-01-01", end_date="2023-01-01"
        )
        both = ("id", "in", (present | past).ids)
        self.assertEqual(model.search([both, ("is_in_force", "=", True)]), present)
        self.assertEqual(model.search([both, ("is_in_force", "=", False)]), past)

    def test_end_of_guardianship_ends_what_the_guardian_agreed_to(self):
        child = self.child("2020-05-05")
        one = self.guard(child)
        self.env["whatsapp.clinic.consent"].create(
            {
                "partner_id": child.id,
                "guardian_id": self.mother.id,
                "purpose_id": self.purpose.id,
                "decision": "given",
                "method": "import",
                "evidence": "Form in the old file",
            }
        )
        self.assertEqual(child.whatsapp_consent_state, "ready")
        one.write(
            {
                "start_date": self.today - timedelta(days=9),
                "end_date": self.today - timedelta(days=1),
            }
        )
        child.phone = "+905321110033"
        self.env.invalidate_all()
        self.assertEqual(child.whatsapp_consent_state, "guardianship_ended")


@tagged("post_install", "-at_install")
class TestTwoGuardians(ClinicCase):
    """A child without a phone, a mother and a father: who decides, who is told."""

    def setUp(self):
        super().setUp()
        self.today = clock.now().date()
        self.mother = self.make_patient("+905321110002", "Mother KUMQUAT")
        self.father = self.make_patient("+905321110003", "Father KUMQUAT")
        self.child = self.make_patient(
            False, "Child KUMQUAT", clinic_birthdate=self.today - timedelta(days=2000)
        )
        self.by_mother = self.guard(self.mother, sequence=1)
        self.by_father = self.guard(self.father, sequence=2)

    def guard(self, guardian, **values):
        return self.env["whatsapp.clinic.guardianship"].create(
            {
                "patient_id": self.child.id,
                "guardian_id": guardian.id,
                "start_date": self.today - timedelta(days=9),
                **values,
            }
        )

    def decide(self, guardian, decision="given", at=None):
        self.env["whatsapp.clinic.consent"].create(
            {
                "partner_id": self.child.id,
                "guardian_id": guardian.id,
                "purpose_id": self.purpose.id,
                "decision": decision,
                "act_at": at or clock.now(),
                "method": "import",
                "evidence": "Form in the old file",
            }
        )
        self.env.invalidate_all()

    def reminder(self):
        """What waits for the child's appointment the day after tomorrow."""
        self.purpose.requires_consent = False
        self.rule()
        return self.book(self.child, tomorrow(72)).whatsapp_message_ids

    def reached(self, message):
        self.assertEqual(message.identity_id.partner_ids, message.guardian_id)
        return message.guardian_id

    def test_either_decides_and_the_later_decision_counts(self):
        hour = timedelta(hours=1)
        self.decide(self.mother, at=clock.now() - 2 * hour)
        self.assertEqual(self.child.whatsapp_consent_state, "ready")
        self.decide(self.father, "withdrawn", at=clock.now() - hour)
        self.assertEqual(self.child.whatsapp_consent_state, "withdrawn")
        self.decide(self.mother)
        self.assertEqual(self.child.whatsapp_consent_state, "ready")

    def test_consent_of_one_outlives_the_guardianship_of_the_other(self):
        self.decide(self.mother)
        self.by_father.end_date = self.today - timedelta(days=1)
        self.env.invalidate_all()
        self.assertEqual(self.child.whatsapp_consent_state, "ready")

    def test_first_one_gets_the_messages(self):
        self.assertEqual(self.reached(self.reminder()), self.mother)

    def test_second_one_gets_them_where_the_first_wants_none(self):
        self.by_mother.receives_messages = False
        self.assertEqual(self.reached(self.reminder()), self.father)

    def test_second_one_gets_what_the_first_may_not_decide_about(self):
        self.by_mother.purpose_ids = self.conversation
        self.assertEqual(self.reached(self.reminder()), self.father)

    def test_second_one_gets_them_where_the_first_cannot_be_written_to(self):
        for values in (
            {"phone": False},
            {"clinic_deceased_on": self.today},
            {"clinic_barred": True},
            {"active": False},
        ):
            with self.subTest(**values), self.env.cr.savepoint() as savepoint:
                self.mother.write(values)
                self.assertEqual(self.reached(self.reminder()), self.father)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_what_waits_follows_who_gets_the_messages(self):
        waiting = self.reminder()
        self.by_mother.receives_messages = False
        self.assertEqual(self.reached(waiting), self.father)
        self.by_mother.receives_messages = True
        self.assertEqual(self.reached(waiting), self.mother)
        self.by_mother.purpose_ids = self.conversation
        self.assertEqual(self.reached(waiting), self.father)

    def test_what_waits_leaves_who_can_be_written_to_no_more(self):
        for values in (
            {"phone": False},
            {"clinic_deceased_on": self.today},
            {"clinic_barred": True},
            {"active": False},
        ):
            with self.subTest(**values), self.env.cr.savepoint() as savepoint:
                waiting = self.reminder()
                self.mother.write(values)
                self.assertEqual(self.reached(waiting), self.father)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_what_waits_goes_to_the_guardians_new_number(self):
        waiting = self.reminder()
        self.mother.phone = "+905321110022"
        self.assertEqual(waiting.identity_id.phone, "+905321110022")
        self.assertEqual(self.reached(waiting), self.mother)

    def test_what_waits_goes_to_who_becomes_guardian(self):
        (self.by_mother | self.by_father).unlink()
        self.child.phone = "+905321110001"
        waiting = self.reminder()
        self.assertFalse(waiting.guardian_id)
        self.guard(self.mother)
        self.assertEqual(self.reached(waiting), self.mother)

    def test_what_is_due_after_the_end_of_one_goes_to_the_other(self):
        waiting = self.reminder()
        self.by_mother.action_end_today()
        self.assertEqual(self.reached(waiting), self.father)


@tagged("post_install", "-at_install")
class TestGuardianOfAnotherCompany(ClinicCase):
    """What one company was told of a family is not acted upon by another."""

    def setUp(self):
        super().setUp()
        self.other = self.env["res.company"].create({"name": "Other clinic"})
        self.mother = self.make_patient("+905321110002", "Mother KUMQUAT")
        self.child = self.make_patient("+905321110003", "Child KUMQUAT")
        self.child.clinic_branch_id = False
        self.there = self.guard(self.other)

    def guard(self, company, **values):
        guardianships = self.env["whatsapp.clinic.guardianship"]
        one = guardianships.with_company(company).create(
            {"patient_id": self.child.id, "guardian_id": self.mother.id, **values}
        )
        self.assertEqual(one.company_id, company)
        return one.with_company(self.company)

    def message_of(self, company):
        channel = self.channel
        if company != self.company:
            channel = channel.with_company(company).create(
                {"name": "B", "phone_number_id": "b", "business_account_id": "b"}
            )
        (row,) = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": channel.id,
                    "partner_id": self.child.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    "due_at": tomorrow(),
                }
            ]
        )
        return row

    def decide(self, company):
        return self.env["whatsapp.clinic.consent"].create(
            {
                "partner_id": self.child.id,
                "guardian_id": self.mother.id,
                "company_id": company.id,
                "purpose_id": self.purpose.id,
                "decision": "given",
                "method": "import",
                "evidence": "Form in the old file",
            }
        )

    def test_guardian_gets_the_messages_of_the_company_that_noted_it(self):
        self.assertEqual(self.message_of(self.other).guardian_id, self.mother)
        self.assertFalse(self.message_of(self.company).guardian_id)

    def test_each_company_has_its_own(self):
        self.guard(self.company)
        self.assertEqual(self.message_of(self.company).guardian_id, self.mother)

    def test_branch_companies_of_one_clinic_know_of_it(self):
        self.there.unlink()
        parent = self.company
        child = self.env["res.company"].create(
            {"name": "Branch company", "parent_id": parent.id}
        )
        self.guard(child)
        self.assertEqual(self.message_of(parent).guardian_id, self.mother)

    def test_what_waits_for_a_guardian_of_another_company_is_refused(self):
        row = self.message_of(self.company)
        row.guardian_id = self.mother
        row.identity_id = self.mother.whatsapp_identity_ids
        verdict = self.env["whatsapp.clinic.gate"]._judge(row)[row.id]
        self.assertEqual(verdict.reason, "guardianship_ended")

    def test_guardian_decides_where_it_was_noted(self):
        self.assertTrue(self.decide(self.other))
        with self.assertRaisesRegex(ValidationError, "may not decide"):
            self.decide(self.company)

    def test_consent_does_not_count_by_what_another_company_noted(self):
        here = self.guard(self.company)
        self.decide(self.company)
        key = (self.child.id, self.purpose.id)
        states = self.env["whatsapp.clinic.consent"]._states
        self.assertEqual(states(self.child, self.purpose)[key], "given")
        here.unlink()
        state = states(self.child, self.purpose)[key]
        self.assertEqual(state, "guardianship_ended")
        self.env.flush_all()
        (covered,) = self.env["whatsapp.clinic.consent.coverage"].search(
            [
                ("partner_id", "=", self.child.id),
                ("purpose_id", "=", self.purpose.id),
                ("company_id", "=", self.company.id),
            ]
        )
        self.assertEqual(covered.state, state)

    def test_guardian_is_offered_at_the_desk_of_the_company_that_noted_it(self):
        asks = self.env["whatsapp.clinic.consent.ask"]
        records = self.env["whatsapp.clinic.consent.record"]
        for company, offered in (
            (self.other, self.mother),
            (self.company, self.mother.browse()),
        ):
            for wizards in (asks, records):
                wizard = wizards.with_company(company).create(
                    {"partner_id": self.child.id}
                )
                with self.subTest(company=company.name, wizard=wizards._name):
                    self.assertEqual(wizard.possible_guardian_ids, offered)
