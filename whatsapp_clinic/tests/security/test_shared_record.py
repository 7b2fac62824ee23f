"""What is asked and noted on a number that patients of two companies share."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import staff_notes
from .test_looked_after import LookedAfterCase

SECRET = "Withdrawn: advertising"


@tagged("post_install", "-at_install")
class TestSharedRecord(LookedAfterCase):
    """Each company reads what its own staff asked and wrote there."""

    def setUp(self):
        super().setUp()
        self.stranger = self.foreign["receptionist"]
        self.make_patient(
            self.patient.phone,
            "Theirs KUMQUAT",
            clinic_branch_id=self.other_branch.id,
        )
        number = self.identity.with_user(self.own)
        self.asked = number.activity_schedule(
            "mail.mail_activity_data_todo", summary=SECRET, user_id=self.own.id
        )
        self.note = number.message_post(body=SECRET)  # pylint: disable=translation-required

    def seen_by(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.identity.with_user(user)

    def test_another_company_does_not_read_what_is_asked(self):
        theirs = self.seen_by(self.stranger)
        self.assertTrue(theirs.has_access("read"))
        self.assertFalse(theirs.activity_ids)
        asked = self.asked.with_user(self.stranger)
        self.assertFalse(asked.search([("res_model", "=", theirs._name)]))
        with self.assertRaises(AccessError):
            asked.read(["summary"])

    def test_another_company_does_not_read_it_on_the_number(self):
        fields = ["activity_summary", "activity_type_id", "activity_user_id"]
        (told,) = self.seen_by(self.stranger).read(fields, load=None)
        self.assertFalse([name for name in fields if told[name]])
        (known,) = self.seen_by(self.own).read(fields, load=None)
        self.assertEqual(known["activity_summary"], SECRET)

    def test_another_company_does_not_find_the_number_by_it(self):
        for path in ("activity_ids.summary", "activity_summary", "message_ids.body"):
            found = [(path, "ilike", SECRET)]
            with self.subTest(path=path):
                self.assertFalse(self.seen_by(self.stranger).search(found))
                self.assertTrue(self.seen_by(self.own).search(found))

    def test_own_company_reads_what_is_asked_and_noted(self):
        for user in (self.own, self.manager):
            number = self.seen_by(user)
            with self.subTest(user=user.login):
                self.assertIn(self.asked, number.activity_ids)
                self.assertIn(self.note, number.message_ids)

    def test_another_company_does_not_read_the_notes(self):
        theirs = self.seen_by(self.stranger)
        self.assertNotIn(self.note, theirs.message_ids)
        note = self.note.with_user(self.stranger)
        self.assertFalse(note.search([("id", "=", note.id)]))
        with self.assertRaises(AccessError):
            note.read(["body"])

    def test_who_is_written_to_reads_the_note(self):
        told = self.identity.with_user(self.own).message_post(
            body=SECRET,  # pylint: disable=translation-required
            partner_ids=self.stranger.partner_id.ids,
        )
        self.env.flush_all()
        theirs = told.with_user(self.stranger)
        self.assertTrue(theirs.search([("id", "=", told.id)]))
        self.assertIn(SECRET, theirs.read(["body"])[0]["body"])

    def test_history_that_nobody_of_the_staff_made_is_read_by_both(self):
        told = self.identity.with_user(self.env.ref("base.user_root")).sudo()
        history = told._message_log(body="Stopped")  # pylint: disable=translation-required
        for user in (self.own, self.stranger):
            with self.subTest(user=user.login):
                self.assertIn(history, self.seen_by(user).message_ids)

    def test_activity_of_nobody_is_of_who_asked(self):
        self.asked.user_id = False
        self.assertTrue(self.seen_by(self.manager).activity_ids)
        self.assertFalse(self.seen_by(self.stranger).activity_ids)

    def test_each_counts_what_is_asked_of_them(self):
        number = self.seen_by(self.stranger)
        number.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.stranger.id
        )
        for user in (self.own, self.stranger):
            self.env.flush_all()
            self.env.invalidate_all()
            counted = {
                group["model"]: group["total_count"]
                for group in user.with_user(user)._get_activity_groups()
            }
            with self.subTest(user=user.login):
                self.assertEqual(counted.get(number._name), 1)

    def test_note_about_a_patient_is_rewritten_and_deleted_by_nobody(self):
        self.patient.with_user(self.own)._note_for_staff("Home branch: A → B")
        self.env.flush_all()
        for user in (self.own, self.manager):
            note = staff_notes(self.patient)[:1].with_user(user)
            self.assertTrue(note.has_access("read"))
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    note.write({"body": "Forged"})
                with self.assertRaises(AccessError):
                    note.unlink()
                with self.assertRaises(AccessError):
                    note.write({"message_type": "comment"})
