from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ...models.provider.events import Unrecognised
from ...tools import clock
from ..common import ClinicCase, staff_notes, staff_user


@tagged("post_install", "-at_install")
class TestCompanies(ClinicCase):
    """Two clinics in one database leave each other's records alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Other clinic"})
        cls.other_branch = cls.branch.create(
            {
                "name": "Foreign",
                "company_id": cls.other.id,
                "country_id": cls.turkey.id,
                "partner_id": cls.other.partner_id.id,
            }
        )
        cls.foreign = {
            role: staff_user(
                cls,
                role,
                cls.other_branch,
                company_id=cls.other.id,
                company_ids=[(6, 0, cls.other.ids)],
            )
            for role in ("receptionist", "manager", "privacy_officer", "administrator")
        }

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()

    def assert_closed(self, record, values, role="manager"):
        """Neither read nor changed by a role of the other company."""
        mine = record.with_user(self.foreign[role])
        with self.subTest(model=record._name, role=role):
            self.assertFalse(mine.search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                mine.read(["display_name"])
            with self.assertRaises(AccessError):
                mine.write(values)

    def test_buttons_and_variables_of_templates_are_the_companys(self):
        self.assert_closed(self.template.button_ids[0], {"action": "cancel"})
        self.assert_closed(self.template.variable_ids[0], {"source": "text"})

    def test_guardianship_is_neither_read_nor_ended_by_another_company(self):
        self.patient.clinic_branch_id = False
        guardianship = self.env["whatsapp.clinic.guardianship"].create(
            {
                "patient_id": self.patient.id,
                "guardian_id": self.env["res.partner"].create({"name": "G"}).id,
            }
        )
        today = clock.now().date()
        for role in ("receptionist", "privacy_officer"):
            self.assert_closed(guardianship, {"end_date": today}, role)

    def test_guardianship_is_seen_where_the_patient_has_gone(self):
        guardianship = self.env["whatsapp.clinic.guardianship"].create(
            {
                "patient_id": self.patient.id,
                "guardian_id": self.env["res.partner"].create({"name": "G"}).id,
            }
        )
        self.patient.clinic_branch_id = self.other_branch
        own = guardianship.with_user(self.foreign["receptionist"])
        self.assertTrue(own.has_access("read"))

    def test_what_nobody_understood_is_read_by_who_is_of_all_companies(self):
        event = Unrecognised("messages", {"body": "KUMQUAT"}, "not known")
        self.env["whatsapp.clinic.unrecognised"]._keep(event)
        kept = self.env["whatsapp.clinic.unrecognised"].search([], limit=1)
        stranger = self.foreign["administrator"]
        mine = kept.with_user(stranger)
        self.assertFalse(mine.search([]))
        with self.assertRaises(AccessError):
            mine.read(["raw"])
        with self.assertRaises(AccessError):
            mine.action_settle()
        stranger.company_ids = self.env["res.company"].search([])
        self.assertTrue(mine.read(["raw"]))

    def test_visit_takes_no_type_of_another_company(self):
        foreign = self.type.copy({"name": "Foreign", "company_id": self.other.id})
        with self.assertRaises(UserError):
            self.book(self.patient, type_id=foreign.id)

    def test_row_of_a_visit_that_moves_away_leaves_from_no_number_left_behind(self):
        visit = self.book(self.patient)
        row = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    **visit._reference(),
                    "channel_id": self.channel.id,
                    "branch_id": self.branch.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    "due_at": clock.now() + timedelta(hours=2),
                }
            ]
        )
        everybody = self.type.copy({"company_id": False})
        doctor = self.practitioner.copy(
            {
                "company_id": self.other.id,
                "branch_ids": [Command.set(self.other_branch.ids)],
            }
        )
        visit.write(
            {
                "branch_id": self.other_branch.id,
                "practitioner_id": doctor.id,
                "type_id": everybody.id,
            }
        )
        self.assertEqual(row.company_id, self.other)
        self.assertFalse(row.channel_id)

    def test_number_of_another_company_is_not_stopped(self):
        identity = self.patient.whatsapp_identity_ids
        for role, user in self.foreign.items():
            mine = identity.with_user(user)
            with self.subTest(role=role):
                self.assertFalse(mine.has_access("read"))
                with self.assertRaises(AccessError):
                    mine.action_block()
        self.assertFalse(identity.blocked_at)

    def test_what_all_companies_share_is_changed_by_who_is_of_all(self):
        word = self.env["whatsapp.clinic.stop.word"].search([], limit=1)
        text = self.env["whatsapp.clinic.answer.text"].search([], limit=1)
        shared = (
            ("manager", word, {"active": False}),
            ("manager", text, {"body": "x"}),
            ("manager", self.env["whatsapp.clinic.language"].search([], limit=1), {}),
            ("privacy_officer", self.purpose, {"requires_consent": False}),
        )
        for role, record, values in shared:
            user = self.foreign[role]
            with self.subTest(model=record._name):
                mine = record.with_user(user)
                self.assertTrue(mine.read(["display_name"]))
                with self.assertRaises(AccessError):
                    mine.write(values or {"code": "de"})
        user = self.foreign["manager"]
        user.company_ids = self.env["res.company"].search([])
        word.with_user(user).active = False

    def test_record_without_a_company_is_changed_by_who_is_of_all(self):
        self.type.company_id = False
        mine = self.type.with_user(self.foreign["manager"])
        self.assertTrue(mine.read(["name"]))
        with self.assertRaises(AccessError):
            mine.duration = 2

    def test_nobody_gives_a_record_of_a_company_to_all(self):
        doctor = self.practitioner.create(
            {
                "name": "Dr. B",
                "company_id": self.other.id,
                "branch_ids": [Command.set(self.other_branch.ids)],
            }
        )
        given = {
            "account": {"name": "A", "app_id": "4711"},
            "appointment.type": {"name": "T", "duration": 1},
            "practitioner": {
                "name": "Dr. B",
                "branch_ids": [Command.set(self.other_branch.ids)],
            },
            "practitioner.hours": {
                "practitioner_id": doctor.id,
                "calendar_id": self.other.resource_calendar_id.id,
            },
            "rate": {
                "country_id": self.turkey.id,
                "category": "utility",
                "price": 1,
                "currency_id": self.other.currency_id.id,
            },
        }
        rules = self.env["ir.rule"].search(
            [
                ("domain_force", "like", "_is_of_all_companies"),
                ("domain_force", "like", "'company_id'"),
            ]
        )
        self.assertEqual(
            {f"whatsapp.clinic.{name}" for name in given},
            {*rules.model_id.mapped("model")},
        )
        for name, values in given.items():
            model = self.env[f"whatsapp.clinic.{name}"]
            record = model.create({**values, "company_id": self.other.id})
            for role, user in self.foreign.items():
                mine = record.with_user(user)
                if not mine.has_access("write"):
                    continue
                with self.subTest(model=name, role=role):
                    mine.write({"company_id": self.other.id})
                    with self.assertRaises(UserError), self.cr.savepoint():
                        mine.write({"company_id": False})
            self.assertEqual(record.company_id, self.other)

    def test_clinic_alone_in_its_database_changes_what_is_shared(self):
        alone = self.env["res.company"].search([])
        user = staff_user(self, "manager", company_ids=[(6, 0, alone.ids)])
        self.type.company_id = False
        self.type.with_user(user).duration = 2
        self.assertEqual(self.type.duration, 2)


@tagged("post_install", "-at_install")
class TestHomeBranch(ClinicCase):
    """Who sees a patient's records is decided by columns that nobody sets freely."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_branch = cls.branch.create(
            {"name": "Branch B", "country_id": cls.turkey.id}
        )
        cls.stranger = staff_user(cls, "receptionist", cls.other_branch)

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.act = self.consent(self.patient)

    def test_no_stranger_takes_a_patient_into_their_branch(self):
        mine = self.patient.with_user(self.stranger)
        for branch in (self.other_branch, self.branch, self.branch.browse()):
            with self.subTest(branch=branch.name):
                if branch != self.branch:
                    with self.assertRaises(AccessError):
                        mine.clinic_branch_id = branch
        self.assertFalse(self.act.with_user(self.stranger).has_access("read"))

    def test_who_looks_after_the_patient_moves_them_within_sight(self):
        user = staff_user(self, "receptionist")
        self.other_branch.member_ids |= user
        self.patient.with_user(user).clinic_branch_id = self.other_branch
        self.assertEqual(self.patient.clinic_branch_id, self.other_branch)

    def test_nobody_moves_a_patient_to_a_branch_they_do_not_know(self):
        user = staff_user(self, "receptionist")
        with self.assertRaises(AccessError):
            self.patient.with_user(user).clinic_branch_id = self.other_branch

    def test_branch_that_the_patient_visits_may_become_the_home_branch(self):
        self.practitioner.branch_ids |= self.other_branch
        self.book(self.patient, branch_id=self.other_branch.id)
        self.patient.with_user(self.stranger).clinic_branch_id = self.other_branch
        self.assertEqual(self.patient.clinic_branch_id, self.other_branch)

    def test_manager_moves_every_patient(self):
        manager = staff_user(self, "manager")
        self.patient.with_user(manager).clinic_branch_id = self.other_branch
        self.assertEqual(self.patient.clinic_branch_id, self.other_branch)

    def test_change_of_the_home_branch_leaves_a_trace_for_staff(self):
        self.patient.clinic_branch_id = self.other_branch
        trace = staff_notes(self.patient)[0]
        self.assertIn(self.branch.name, trace.body)
        self.assertIn("Branch B", trace.body)
        employee = new_test_user(self.env, "employee-b", groups="base.group_user")
        self.assertFalse(trace.with_user(employee).has_access("read"))
        self.assertTrue(trace.with_user(self.stranger).has_access("read"))

    def test_practitioner_does_not_exchange_who_is_booked(self):
        other = self.make_patient("+905321110002", "Other KUMQUAT")
        appointment = self.book(self.patient)
        doctor = staff_user(self, "practitioner")
        with self.assertRaises(AccessError):
            appointment.with_user(doctor).partner_id = other
        appointment.with_user(doctor).partner_id = self.patient
        reception = staff_user(self, "receptionist")
        appointment.with_user(reception).partner_id = other
        self.assertEqual(appointment.partner_id, other)


@tagged("post_install", "-at_install")
class TestWhoEntersANumber(ClinicCase):
    """A number is somebody's because staff says so."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.identity = self.patient.whatsapp_identity_ids
        self.other = self.make_patient("+905321110002", "Other KUMQUAT")
        self.other.email = "other@example.com"
        self.portal = new_test_user(
            self.env,
            "portal-n",
            groups="base.group_portal",
            partner_id=self.other.id,
            email="other@example.com",
        )

    def enter(self, user, phone):
        """As Odoo's portal and other addons do: with the system's rights."""
        self.other.with_user(user).sudo().phone = phone

    def test_patient_on_the_portal_does_not_take_a_number_reported_as_wrong(self):
        self.identity._unlink_patients("wrong_person")
        self.enter(self.portal, self.identity.phone)
        self.assertEqual(self.identity.block_source, "wrong_person")
        self.assertFalse(self.identity.partner_ids)
        self.assertTrue(self.other.clinic_has_left_number)

    def test_staff_confirms_what_a_patient_entered(self):
        self.identity._unlink_patients("wrong_person")
        self.enter(self.portal, self.identity.phone)
        receptionist = staff_user(self, "receptionist")
        self.other.with_user(receptionist).action_confirm_number()
        self.assertEqual(self.identity.partner_ids, self.other)
        self.assertFalse(self.identity.blocked_at)

    def test_patient_on_the_portal_does_not_join_another_patients_number(self):
        self.enter(self.portal, self.identity.phone)
        self.assertEqual(self.identity.partner_ids, self.patient)
        self.assertEqual(self.identity._only_patient(), self.patient)

    def test_patient_on_the_portal_enters_a_new_number(self):
        self.enter(self.portal, "+905321110077")
        self.assertEqual(self.other.whatsapp_identity_ids.phone, "+905321110077")

    def test_colleague_without_a_role_does_not_lift_a_block(self):
        self.identity._unlink_patients("wrong_person")
        colleague = new_test_user(
            self.env,
            "sales-n",
            groups="base.group_user,base.group_partner_manager",
        )
        self.other.with_user(colleague).phone = self.identity.phone
        self.assertEqual(self.identity.block_source, "wrong_person")

    def test_number_entered_before_somebody_became_a_patient_lifts_no_block(self):
        self.identity._unlink_patients("wrong_person")
        newcomer = self.env["res.partner"].create({"name": "New KUMQUAT"})
        newcomer.with_user(self.portal).sudo().phone = self.identity.phone
        self.book(newcomer)
        self.assertTrue(newcomer.clinic_patient)
        self.assertEqual(self.identity.block_source, "wrong_person")

    def test_family_shares_the_number_that_staff_entered(self):
        receptionist = staff_user(self, "receptionist")
        self.other.with_user(receptionist).phone = self.identity.phone
        self.assertEqual(self.identity.partner_ids, self.patient | self.other)
