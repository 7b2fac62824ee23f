"""What is asked of reception is seen, and done, by a colleague of the next shift."""

from odoo.tests import tagged

from ...models.chat.chat_answers import _CALLS
from ..common import staff_user
from .story import StoryCase

# Of these everybody whom it concerns gets an activity of their own.
_EACH_THEIR_OWN = {
    "whatsapp.clinic.alarm",
    "whatsapp.clinic.channel",
    "whatsapp.clinic.template",
}


@tagged("post_install", "-at_install")
class TestAsked(StoryCase):
    def setUp(self):
        super().setUp()
        guardian = self.env["res.partner"].create({"name": "G KUMQUAT"})
        guardianship = self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": guardian.id}
        )
        records = (self.book(self.patient), guardianship, self.identity)
        self.asked = {one._name: self.ask(one) for one in records}

    def ask(self, record):
        return record.activity_schedule(
            "mail.mail_activity_data_todo",
            summary="Please ask",
            user_id=self.receptionist.id,
        )

    def seen(self, activity, user):
        self.env.flush_all()
        self.env.invalidate_all()
        record = self.env[activity.res_model].browse(activity.res_id).with_user(user)
        readable = record.has_access("read")
        return readable, readable and activity in record.activity_ids

    def test_every_model_that_asks_somebody_is_looked_at(self):
        ours = {
            name
            for name, model in self.env.registry.items()
            if name.startswith("whatsapp.clinic.")
            and "activity_ids" in model._fields
            and not model._abstract
        }
        self.assertEqual(ours, {*self.asked, *_EACH_THEIR_OWN})

    def test_who_reads_a_record_sees_what_is_asked_there(self):
        roles = (
            "receptionist",
            "practitioner",
            "manager",
            "administrator",
            "privacy_officer",
        )
        for role in roles:
            user = staff_user(self, role)
            for name, activity in self.asked.items():
                with self.subTest(role=role, model=name):
                    self.assertEqual(self.seen(activity, user), (True, True))

    def test_who_does_not_read_the_record_sees_nothing(self):
        elsewhere = self.branch.create(
            {"name": "Branch B", "country_id": self.turkey.id}
        )
        stranger = staff_user(self, "receptionist", elsewhere)
        for name, activity in self.asked.items():
            with self.subTest(model=name):
                self.assertEqual(self.seen(activity, stranger), (False, False))
                theirs = activity.with_user(stranger)
                for operation in ("read", "write", "unlink"):
                    self.assertFalse(theirs.has_access(operation))

    def test_colleague_does_what_is_asked(self):
        colleague = staff_user(self, "receptionist")
        for name, activity in self.asked.items():
            with self.subTest(model=name):
                activity.with_user(colleague).action_feedback(feedback="Asked")
                self.assertFalse(activity.active)

    def test_of_a_shared_number_another_company_does_nothing(self):
        other = self.env["res.company"].create({"name": "Other clinic"})
        branch = self.branch.create(
            {"name": "There", "country_id": self.turkey.id, "company_id": other.id}
        )
        stranger = staff_user(self, "receptionist", branch)
        stranger.write({"company_ids": other.ids, "company_id": other.id})
        theirs = self.make_patient(name="Other KUMQUAT")
        theirs.clinic_branch_id = branch
        asked = self.asked[self.identity._name].with_user(stranger)
        self.assertTrue(self.identity.with_user(stranger).has_access("read"))
        for operation in ("write", "unlink"):
            self.assertFalse(asked.has_access(operation))

    def test_of_a_shared_number_each_company_asks_its_own_reception(self):
        other = self.env["res.company"].create({"name": "Other clinic"})
        stranger = staff_user(self, "receptionist")
        stranger.write({"company_ids": other.ids, "company_id": other.id})
        for staff in (self.receptionist, stranger, self.receptionist):
            self.env["mail.activity"]._call_reception(
                self.identity, "may_refuse", _CALLS["may_refuse"], staff
            )
        asked = self.identity.activity_ids.filtered("clinic_cause")
        self.assertEqual(asked.user_id, self.receptionist | stranger)
        self.assertEqual(len(asked), 2)
