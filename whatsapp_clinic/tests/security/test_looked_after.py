"""Who may act for a patient: who looks after them."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ...tools import clock
from ..common import ClinicCase, staff_notes, staff_user


class LookedAfterCase(ClinicCase):
    """Two branches, and a clinic of another company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch_b = cls.branch.create(
            {"name": "Branch B", "country_id": cls.turkey.id}
        )
        cls.other = cls.env["res.company"].create({"name": "Other clinic"})
        cls.other_branch = cls.branch.create(
            {
                "name": "Foreign",
                "company_id": cls.other.id,
                "country_id": cls.turkey.id,
                "partner_id": cls.other.partner_id.id,
            }
        )
        cls.foreign_doctor = cls.practitioner.create(
            {
                "name": "Dr. Ak",
                "branch_ids": cls.other_branch.ids,
                "company_id": cls.other.id,
            }
        )
        cls.practitioner.branch_ids |= cls.branch_b
        cls.own = staff_user(cls, "receptionist")
        cls.manager = staff_user(cls, "manager")
        cls.there = staff_user(cls, "receptionist", cls.branch_b)
        cls.foreign = {
            role: staff_user(
                cls,
                role,
                cls.other_branch,
                company_id=cls.other.id,
                company_ids=cls.other.ids,
            )
            for role in ("receptionist", "manager", "privacy_officer", "administrator")
        }
        cls.strangers = (cls.there, *cls.foreign.values())

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.identity = self.patient.whatsapp_identity_ids
        self.act = self.consent(self.patient)
        self.guardian = self.env["res.partner"].create({"name": "G KUMQUAT"})

    def looks_after(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.patient.with_user(user)._is_of_own_branch()

    def visit(self, user, branch, practitioner, **values):
        return (
            self.env["whatsapp.clinic.appointment"]
            .with_user(user)
            .create(
                {
                    "partner_id": self.patient.id,
                    "branch_id": branch.id,
                    "practitioner_id": practitioner.id,
                    "type_id": self.type.id,
                    "start": clock.now() + timedelta(days=1),
                    **values,
                }
            )
        )


@tagged("post_install", "-at_install")
class TestLookedAfter(LookedAfterCase):
    """A patient is looked after where they are at home and where they really visit."""

    def test_home_branch_and_managers_of_its_company_look_after_the_patient(self):
        self.assertTrue(self.looks_after(self.own))
        self.assertTrue(self.looks_after(self.manager))
        for user in self.strangers:
            with self.subTest(user=user.login):
                self.assertFalse(self.looks_after(user))

    def test_patient_without_a_home_is_everybodys(self):
        self.patient.clinic_branch_id = False
        for user in (self.own, *self.strangers):
            with self.subTest(user=user.login):
                self.assertTrue(self.looks_after(user))

    def test_visit_to_come_opens_the_patient_to_its_branch(self):
        self.visit(self.there, self.branch_b, self.practitioner)
        self.assertTrue(self.looks_after(self.there))
        self.assertTrue(self.act.with_user(self.there).has_access("read"))

    def test_walk_in_that_is_entered_afterwards_is_a_visit(self):
        start = clock.now() - timedelta(hours=2)
        self.visit(self.there, self.branch_b, self.practitioner, start=start)
        self.assertTrue(self.looks_after(self.there))

    def test_visit_that_was_never_ahead_opens_nothing(self):
        for values in ({"start": "1999-01-01 10:00:00"}, {"state": "cancelled"}):
            self.visit(self.there, self.branch_b, self.practitioner, **values)
            with self.subTest(values=values):
                self.assertFalse(self.looks_after(self.there))
                self.assertFalse(self.act.with_user(self.there).has_access("read"))
                self.assertFalse(self.identity.with_user(self.there).has_access("read"))

    def test_cancelled_visit_opens_nothing_any_more(self):
        visit = self.visit(self.there, self.branch_b, self.practitioner)
        visit.with_user(self.there).action_cancel()
        self.assertFalse(self.looks_after(self.there))

    def test_past_visit_of_somebody_else_opens_nothing_by_a_correction(self):
        other = self.make_patient("+905321110002", clinic_branch_id=self.branch_b.id)
        visit = self.book(other, branch_id=self.branch_b.id)
        visit.start = "1999-01-01 10:00:00"
        visit.with_user(self.there).partner_id = self.patient
        self.assertFalse(self.looks_after(self.there))

    def test_visit_is_not_handed_to_a_patient_through_the_contact(self):
        other = self.make_patient("+905321110002", clinic_branch_id=self.branch_b.id)
        visit = self.book(other, branch_id=self.branch_b.id)
        with self.assertRaises(AccessError):
            self.patient.with_user(self.there).appointment_ids = [(4, visit.id)]

    def test_whether_a_visit_is_real_is_said_by_nobody(self):
        visit = self.visit(
            self.there, self.branch_b, self.practitioner, start="1999-01-01 10:00:00"
        )
        for values in ({"is_real": True}, {"entered_at": "1998-01-01 10:00:00"}):
            with self.subTest(values=values), self.assertRaises(AccessError):
                visit.with_user(self.there).write(values)
            with self.subTest(values=values), self.assertRaises(AccessError):
                self.visit(self.there, self.branch_b, self.practitioner, **values)

    def test_visit_in_another_company_does_not_open_the_patient(self):
        user = self.foreign["receptionist"]
        self.type.company_id = False
        self.visit(user, self.other_branch, self.foreign_doctor)
        self.assertFalse(self.looks_after(user))
        with self.assertRaises(AccessError):
            self.patient.with_user(user).clinic_branch_id = self.other_branch

    def test_visit_is_booked_for_who_has_no_home_yet(self):
        newcomer = self.env["res.partner"].create({"name": "New KUMQUAT"})
        self.patient = newcomer
        self.visit(self.there, self.branch_b, self.practitioner)
        self.assertEqual(newcomer.clinic_branch_id, self.branch_b)
        self.assertTrue(self.looks_after(self.there))


@tagged("post_install", "-at_install")
class TestActsForPatients(LookedAfterCase):
    """Who does not look after a patient changes and decides nothing."""

    def refused(self, user, act):
        with self.subTest(user=user.login), self.assertRaises(AccessError):
            act(self.patient.with_user(user))

    def test_what_the_clinic_keeps_is_written_by_who_looks_after_the_patient(self):
        today = clock.now().date()
        for values in (
            {"clinic_barred": True},
            {"clinic_deceased_on": today},
            {"clinic_birthdate": today},
            {"clinic_branch_id": False},
            {"phone": "+905321110009"},
            {"active": False},
        ):
            for user in self.strangers:
                self.refused(user, lambda one, values=values: one.write(values))
        self.patient.with_user(self.own).write({"clinic_barred": True})
        self.patient.with_user(self.manager).write({"clinic_barred": False})

    def test_every_field_of_the_clinic_asks_it(self):
        own = [
            name
            for name, field in self.patient._fields.items()
            if self.patient._is_own_field(name)
            and field.store
            and not field.compute
            and name != "message_ids"
        ]
        self.assertIn("clinic_barred", own)
        for name in own:
            with self.subTest(field=name):
                self.refused(self.there, lambda one, name=name: one.write({name: 0}))

    def test_whatever_may_stand_in_a_message_is_written_by_who_looks_after_them(self):
        for values in (
            {"name": "Somebody"},
            {"lang": "en_US"},
            {"parent_id": self.guardian.id},
            {"tz": "Europe/Berlin"},
            {"email": "else@example.com"},
        ):
            for user in self.strangers:
                self.refused(user, lambda one, values=values: one.write(values))
            self.patient.with_user(self.own).write(values)

    def test_patient_is_changed_through_no_other_contact(self):
        company = self.env["res.partner"].create({"name": "Employer"})
        # Commands on contacts act as who made the request.
        asking = self.env(user=self.there.id)
        self.patch(self.env.transaction, "default_env", asking)
        for command in (
            Command.update(self.patient.id, {"name": "Somebody"}),
            Command.link(self.patient.id),
        ):
            with self.subTest(command=command), self.assertRaises(AccessError):
                company.with_user(self.there).write({"child_ids": [command]})

    def test_patient_is_copied_by_who_looks_after_them(self):
        for user in self.strangers:
            self.refused(user, lambda one: one.copy())
        self.assertFalse(self.patient.with_user(self.own).copy().clinic_patient)

    def test_contact_that_is_no_patient_is_changed_and_copied_as_before(self):
        clerk = new_test_user(
            self.env, "clerk-w", groups="base.group_user,base.group_partner_manager"
        )
        for user in (clerk, *self.strangers):
            user.group_ids |= self.env.ref("base.group_partner_manager")
            contact = self.guardian.with_user(user)
            with self.subTest(user=user.login):
                contact.write({"name": "Changed", "lang": "en_US", "vat": "1"})
                self.assertTrue(contact.copy())
        self.patient.with_user(clerk).write({"name": "Ayşe K."})

    def test_talk_about_a_patient_is_everybodys(self):
        """Who may read a contact follows it and leaves activities, as in all Odoo."""
        patient = self.patient.with_user(self.there)
        patient.message_subscribe(self.there.partner_id.ids)
        patient.activity_schedule("mail.mail_activity_data_todo", summary="Ask")
        note = {"body": "Note"}
        self.assertTrue(patient.message_post(**note))

    def test_badge_is_not_told_to_roles_of_another_company(self):
        for user in self.strangers:
            self.env.invalidate_all()
            with self.subTest(user=user.login):
                own = self.patient.with_user(user)
                self.assertFalse(own.whatsapp_consent_state)
                self.assertFalse(own.whatsapp_objection)

    def test_guardian_is_named_and_ended_by_who_looks_after_the_patient(self):
        values = {"patient_id": self.patient.id, "guardian_id": self.guardian.id}
        for user in self.strangers:
            model = self.env["whatsapp.clinic.guardianship"].with_user(user)
            self.refused(user, lambda _one, model=model: model.create(values))
        model = self.env["whatsapp.clinic.guardianship"].with_user(self.own)
        guardianship = model.create(values)
        self.patient.clinic_branch_id = self.other_branch
        self.env.invalidate_all()
        for act in (
            guardianship.action_end_today,
            lambda: guardianship.write({"sequence": 1}),
            guardianship.unlink,
        ):
            with self.assertRaises(AccessError):
                act()

    def test_number_is_confirmed_by_who_looks_after_the_patient(self):
        self.identity._unlink_patients("wrong_person")
        for user in self.strangers:
            self.refused(user, lambda one: one.action_confirm_number())
        self.assertEqual(self.identity.block_source, "wrong_person")
        self.patient.with_user(self.own).action_confirm_number()
        self.assertFalse(self.identity.blocked_at)

    def test_number_is_linked_to_who_is_looked_after(self):
        home = self.make_patient("+905321110002", clinic_branch_id=self.branch_b.id)
        wizard = (
            self.env["whatsapp.clinic.identity.link"]
            .with_user(self.there)
            .create(
                {
                    "identity_id": home.whatsapp_identity_ids.id,
                    "partner_id": self.patient.id,
                }
            )
        )
        with self.assertRaises(AccessError):
            wizard.action_link()

    def test_shared_number_is_stopped_and_freed_by_who_sees_all_its_patients(self):
        self.make_patient(
            self.patient.phone, "Zeynep", clinic_branch_id=self.other_branch.id
        )
        foreign = self.identity.with_user(self.foreign["manager"])
        self.assertTrue(foreign.has_access("read"))
        for act in ("action_block", "action_unblock", "action_allow_marketing"):
            with self.subTest(act=act), self.assertRaises(AccessError):
                getattr(foreign, act)()
        self.assertFalse(self.identity.blocked_at)


@tagged("post_install", "-at_install")
class TestMergesOfPatients(LookedAfterCase):
    """Contacts of patients are merged by who looks after all of them."""

    def setUp(self):
        super().setUp()
        self.twin = self.make_patient(
            "+905321110002", "Zeynep", clinic_branch_id=self.branch_b.id
        )
        (self.patient | self.twin).email = "same@example.com"
        for user in (self.manager, *self.strangers):
            user.group_ids |= self.env.ref("base.group_partner_manager")

    def merge(self, user):
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(user)
        wizard._merge((self.patient | self.twin).ids, self.twin)
        self.env.invalidate_all()

    def test_stranger_takes_no_patient_by_a_merge(self):
        clerk = new_test_user(
            self.env, "clerk-m", groups="base.group_user,base.group_partner_manager"
        )
        for user in (clerk, *self.strangers):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.merge(user)
        self.assertTrue(self.patient.exists() & self.act.partner_id)

    def test_contacts_that_are_no_patients_are_merged_as_before(self):
        people = self.env["res.partner"].create([{"name": "A"}, {"name": "A"}])
        clerk = new_test_user(
            self.env, "clerk-n", groups="base.group_user,base.group_partner_manager"
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        wizard._merge(people.ids, people[0])
        self.assertEqual(len(people.exists()), 1)

    def test_who_said_nothing_has_agreed_as_the_other_after_a_merge(self):
        self.merge(self.manager)
        self.assertFalse(self.patient.exists())
        states = self.env["whatsapp.clinic.consent"]._states(self.twin, self.purpose)
        self.assertEqual(states[self.twin.id, self.purpose.id], "given")


@tagged("post_install", "-at_install")
class TestColleaguesAndContacts(LookedAfterCase):
    """A colleague without a role finds out about no contact that it is a patient."""

    def setUp(self):
        super().setUp()
        self.clerk = new_test_user(
            self.env, "clerk-c", groups="base.group_user,base.group_partner_manager"
        )

    def notes_seen(self):
        self.env.flush_all()
        self.cr.flush()
        found = (
            self.env["mail.message"]
            .with_user(self.clerk)
            .formatted_read_group(
                [("model", "=", "res.partner"), ("res_id", "=", self.newcomer.id)],
                ["res_id", "message_type"],
                ["__count"],
            )
        )
        return [(one["message_type"], one["__count"]) for one in found]

    def test_first_booking_and_change_of_home_leave_no_note_for_colleagues(self):
        partners = self.env["res.partner"].with_context(tracking_disable=False)
        self.newcomer = partners.create({"name": "New KUMQUAT"})
        before = self.notes_seen()
        appointments = self.env["whatsapp.clinic.appointment"].with_context(
            tracking_disable=False
        )
        self.env.cr.precommit.run()
        appointments.create(
            {
                "partner_id": self.newcomer.id,
                "branch_id": self.branch.id,
                "practitioner_id": self.practitioner.id,
                "type_id": self.type.id,
                "start": clock.now() + timedelta(days=1),
            }
        )
        self.newcomer.clinic_branch_id = self.branch_b
        self.assertEqual(self.notes_seen(), before)
        self.assertIn("Branch B", staff_notes(self.newcomer)[0].body)

    def test_number_that_is_none_is_taken_from_colleagues_on_every_contact(self):
        contact = self.env["res.partner"].create({"name": "Contact"})
        for partner in (contact, self.patient):
            partner.with_user(self.clerk).phone = "12345"
            self.assertEqual(partner.phone, "12345")

    def test_followers_of_records_about_patients_are_shown_to_staff_only(self):
        visit = self.book(self.patient)
        guardianship = self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": self.guardian.id}
        )
        for record in (visit, guardianship, self.identity):
            record.message_subscribe(self.own.partner_id.ids)
        followers = self.env["mail.followers"]
        of_ours = [("res_model", "=like", "whatsapp.clinic.%")]
        self.assertFalse(followers.with_user(self.clerk).search(of_ours))
        self.assertTrue(followers.with_user(self.own).search(of_ours))

    def test_contact_is_duplicated_by_colleagues_without_what_the_clinic_keeps(self):
        twin = self.patient.with_user(self.clerk).copy()
        self.assertFalse(twin.sudo().clinic_patient)
        shown = [
            name
            for name, field in self.patient._fields.items()
            if self.patient._is_own_field(name) and field.groups and field.copy
        ]
        self.assertFalse(shown)


@tagged("post_install", "-at_install")
class TestGuardianLookedAfter(LookedAfterCase):
    """A guardian is looked after where the patient is: messages go to their number."""

    def setUp(self):
        super().setUp()
        self.guardian.phone = "+905321110003"
        self.note(self.patient)

    def note(self, patient):
        return self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": patient.id, "guardian_id": self.guardian.id}
        )

    def assert_looked_after_by(self, *users):
        self.env.flush_all()
        self.env.invalidate_all()
        for user in (self.own, self.manager, *self.strangers):
            with self.subTest(user=user.login):
                guardian = self.guardian.with_user(user)
                self.assertEqual(guardian._is_of_own_branch(), user in users)
                number = guardian.sudo().whatsapp_identity_ids.with_user(user)
                self.assertEqual(number.has_access("read"), user in users)

    def test_by_who_looks_after_the_patient(self):
        self.assert_looked_after_by(self.own, self.manager)

    def test_others_do_not_change_where_messages_to_the_patient_go(self):
        receptionist = self.foreign["receptionist"]
        receptionist.group_ids |= self.env.ref("base.group_partner_manager")
        for vals in (
            {"phone": "+905321110004"},
            {"clinic_barred": True},
            {"clinic_branch_id": self.other_branch.id},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self.guardian.with_user(receptionist).write(vals)

    def test_who_names_a_guardian_of_others_does_not_look_after_them(self):
        self.note(self.make_patient(clinic_branch_id=self.other_branch.id))
        self.assert_looked_after_by(self.own, self.manager)

    def test_who_is_a_patient_stays_at_home(self):
        patient = self.make_patient(clinic_branch_id=self.other_branch.id)
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": patient.id}
        )
        self.assertEqual(patient.clinic_branch_id, self.other_branch)

    def test_another_home_of_the_patient_is_the_guardians(self):
        self.patient.clinic_branch_id = self.branch_b
        self.assert_looked_after_by(self.there, self.manager)

    def test_who_decides_for_another_patient_there_stays(self):
        self.note(self.make_patient("+905321110002", clinic_branch_id=self.branch.id))
        self.patient.clinic_branch_id = self.branch_b
        self.assert_looked_after_by(self.own, self.manager)


@tagged("post_install", "-at_install")
class TestEmployer(LookedAfterCase):
    """An employer among whose people are patients of another branch."""

    def setUp(self):
        super().setUp()
        self.employer = self.env["res.partner"].create(
            {"name": "Employer", "is_company": True, "street": "Old Street"}
        )
        self.patient.parent_id = self.employer
        self.env.flush_all()

    def asked_by(self, user):
        """The employer in a request of the user: Odoo writes what commands say of
        contacts as whoever the transaction began with."""
        transaction = self.env.transaction
        self.addCleanup(setattr, transaction, "default_env", transaction.default_env)
        transaction.default_env = self.env(user=user)
        return self.employer.with_user(user)

    def test_is_written_by_who_may_write_contacts(self):
        for user in (self.there, self.foreign["receptionist"]):
            employer = self.asked_by(user)
            for values in (
                {"name": f"Employer of {user.login}"},
                {"street": f"Street of {user.login}", "country_id": self.turkey.id},
                {"vat": "TR1234567890", "website": "https://example.com"},
                {"child_ids": [Command.create({"name": "Colleague"})]},
                {"lang": "en_US", "comment": "Note", "user_id": user.id},
            ):
                with self.subTest(user=user.login, values=sorted(values)):
                    employer.write(values)
        self.assertEqual(self.patient.street, self.employer.street)

    def test_its_patient_is_not_written_through_it(self):
        commands = (
            Command.update(self.patient.id, {"phone": "+905320000099"}),
            Command.unlink(self.patient.id),
            Command.delete(self.patient.id),
        )
        for command in commands:
            with self.subTest(command=command[0]), self.assertRaises(AccessError):
                self.asked_by(self.there).write({"child_ids": [command]})

    def test_colleague_is_written_beside_the_patient(self):
        colleague = self.make_patient(
            "+905321110077",
            "Colleague KUMQUAT",
            parent_id=self.employer.id,
            clinic_branch_id=self.branch_b.id,
        )
        colleague.with_user(self.there).write({"street": "New Street"})
        self.assertEqual(self.patient.street, "New Street")

    def test_patient_of_others_is_deleted_by_nobody(self):
        stranger = self.make_patient("+905321110055", "New KUMQUAT")
        for user in (self.there, self.foreign["manager"]):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                stranger.with_user(user).unlink()
