"""A number that patients of two branches share tells neither branch of the other."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import patient_wrote
from .test_looked_after import LookedAfterCase


@tagged("post_install", "-at_install")
class TestSharedNumber(LookedAfterCase):
    """Who may read the number sees of its patients the own ones."""

    def setUp(self):
        super().setUp()
        self.relative = self.make_patient(
            self.patient.phone, "Relative KUMQUAT", clinic_branch_id=self.branch_b.id
        )
        self.assertEqual(self.identity.partner_ids, self.patient | self.relative)
        self.users = ((self.own, self.patient), (self.there, self.relative))

    def seen_by(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.identity.with_user(user)

    def test_each_branch_sees_its_own_patients(self):
        for user, patient in self.users:
            with self.subTest(user=user.login):
                self.assertEqual(self.seen_by(user).patient_ids.ids, patient.ids)

    def test_manager_sees_all(self):
        both = self.patient | self.relative
        self.assertEqual(self.seen_by(self.manager).patient_ids.ids, both.ids)

    def test_manager_of_another_company_does_not(self):
        self.relative.clinic_branch_id = self.other_branch
        manager = self.foreign["manager"]
        self.assertEqual(self.seen_by(manager).patient_ids.ids, self.relative.ids)
        self.assertEqual(self.seen_by(self.manager).patient_ids.ids, self.patient.ids)

    def test_former_patients_of_others_are_not_shown(self):
        self.identity._unlink_patients("wrong_person")
        self.patient.action_confirm_number()
        own = self.seen_by(self.own)
        self.assertFalse(own.former_patient_ids)
        there = self.identity.sudo().former_partner_ids
        self.assertEqual(there, self.relative)

    def test_what_the_system_keeps_is_read_and_searched_by_nobody(self):
        for user in (self.own, self.manager, *self.foreign.values()):
            identities, contacts = self.seen_by(user), self.patient.with_user(user)
            for records, name in (
                (identities, "partner_ids"),
                (identities, "former_partner_ids"),
                (identities, "denied_company_ids"),
                (contacts, "whatsapp_identity_ids"),
            ):
                with self.subTest(user=user.login, field=name):
                    with self.assertRaises(AccessError):
                        records.read([name])
                    with self.assertRaises(AccessError):
                        records.search([(name, "!=", False)])
                    with self.assertRaises(AccessError):
                        records._read_group([], [name])

    def test_numbers_are_found_by_own_patients_alone(self):
        for user, patient in self.users:
            for one in (self.patient, self.relative):
                domain = [("patient_ids", "in", one.ids)]
                found = self.seen_by(user).search(domain)
                with self.subTest(user=user.login, patient=one.name):
                    self.assertEqual(bool(found), one == patient)

    def test_numbers_are_found_by_the_name_of_own_patients_alone(self):
        own = self.seen_by(self.own)
        self.assertTrue(own.search([("patient_ids", "ilike", self.patient.name)]))
        self.assertFalse(own.search([("patient_ids", "ilike", "Relative KUM")]))

    def test_numbers_of_nobody_are_found(self):
        found = self.seen_by(self.manager).search([("patient_ids", "=", False)])
        self.assertNotIn(self.identity.id, found.ids)
        self.identity.partner_ids = False
        self.env.flush_all()
        patient_wrote(self, self.patient).identity_id = self.identity
        found = self.seen_by(self.manager).search([("patient_ids", "=", False)])
        self.assertIn(self.identity.id, found.ids)

    def test_who_is_meant_is_asked_about_own_patients(self):
        message = patient_wrote(self, self.patient)
        message.partner_id = False
        self.env.flush_all()
        self.env.invalidate_all()
        own = message.with_user(self.own)
        self.assertEqual(own.candidate_ids.ids, self.patient.ids)
        with self.assertRaises(AccessError):
            message.with_user(self.there).read(["candidate_ids"])

    def test_numbers_of_a_contact_are_shown_to_who_looks_after_it(self):
        for user, patient in self.users:
            self.env.invalidate_all()
            for one in (self.patient, self.relative):
                numbers = one.with_user(user).clinic_number_ids
                with self.subTest(user=user.login, patient=one.name):
                    self.assertEqual(bool(numbers), one == patient)
