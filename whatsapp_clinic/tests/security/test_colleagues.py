from odoo.tests import new_test_user, tagged

from ..common import staff_notes, staff_user
from .story import StoryCase


@tagged("post_install", "-at_install")
class TestColleagues(StoryCase):
    """A colleague without a role learns from no chatter who is a patient."""

    def setUp(self):
        super().setUp()
        self.employee = new_test_user(
            self.env, "employee-c", groups="base.group_user,base.group_partner_manager"
        )
        self.env.flush_all()
        self.before = self.env["mail.message"].search([])
        self.activities = self.env["mail.activity"].search([])

    def test_employee_finds_no_message_and_no_activity_after_the_whole_story(self):
        self.tell_whole_story()
        messages = self.env["mail.message"].search([]) - self.before
        activities = self.env["mail.activity"].search([]) - self.activities
        self.assertGreaterEqual(len(messages), 4)
        self.assertGreaterEqual(len(activities), 3)
        for records in (messages, activities):
            theirs = records.with_user(self.employee)
            with self.subTest(model=records._name):
                self.assertFalse(theirs.search([("id", "in", records.ids)]))
                self.assertFalse(theirs._filtered_access("read"))
        contact = self.patient.with_user(self.employee)
        self.assertFalse(contact.message_ids & messages)
        self.assertFalse(contact.activity_ids)
        self.assertFalse(contact.search([("message_ids.body", "ilike", "number")]))

    def test_staff_reads_the_notes_on_the_contact(self):
        self.identity._unlink_patients("wrong_person")
        notes = self.env["mail.message"].search([]) - self.before
        on_contact = notes.filtered(lambda one: one.model == "res.partner")
        self.assertIn("not the patient", str(on_contact.body))
        mine = on_contact.with_user(self.receptionist)
        self.assertEqual(mine.search([("id", "in", on_contact.ids)]), mine)

    def test_note_on_a_contact_goes_to_no_follower(self):
        self.patient.message_subscribe(
            self.employee.partner_id.ids, self.env.ref("mail.mt_note").ids
        )
        self.identity._unlink_patients("wrong_person")
        notes = self.env["mail.message"].search([]) - self.before
        self.assertFalse(notes.notification_ids)

    def test_note_on_a_contact_is_read_by_who_looks_after_the_patient(self):
        elsewhere = self.branch.create(
            {"name": "Branch B", "country_id": self.turkey.id}
        )
        stranger = staff_user(self, "receptionist", elsewhere)
        self.identity._unlink_patients("wrong_person")
        note = staff_notes(self.patient)
        self.assertTrue(note)
        for user, is_read in ((self.receptionist, True), (stranger, False)):
            with self.subTest(user=user.login):
                theirs = note.with_user(user)
                self.assertEqual(bool(theirs._filtered_access("read")), is_read)
                found = theirs.search([("id", "in", note.ids)])
                self.assertEqual(bool(found), is_read)

    def test_mail_about_an_activity_names_nobody_and_is_its_recipients(self):
        self.patient.name = "Marker KUMQUAT"
        self.tell_whole_story()
        mails = self.env["mail.message"].search(
            [("message_type", "=", "user_notification")]
        )
        mails -= self.before
        self.assertTrue(mails)
        self.assertEqual(set(mails.mapped("message_type")), {"user_notification"})
        for mail in mails:
            self.assertRegex(mail.subject, "^Assigned to you: ")
        rows = mails.notification_ids
        self.assertEqual(rows.res_partner_id, self.receptionist.partner_id)
        for user, is_read in ((self.receptionist, True), (self.employee, False)):
            with self.subTest(user=user.login):
                theirs = rows.with_user(user)
                self.assertEqual(bool(theirs._filtered_access("read")), is_read)
                found = theirs.search([("id", "in", rows.ids)])
                self.assertEqual(bool(found), is_read)

    def test_mails_about_other_records_are_listed_as_before(self):
        contact = self.env["res.partner"].create({"name": "Contact"})
        contact.message_subscribe(self.receptionist.partner_id.ids)
        hello = {"body": "Hello", "message_type": "comment"}
        told = contact.message_post(**hello, subtype_xmlid="mail.mt_comment")
        free = self.env["mail.thread"].message_notify(
            body="Hello", partner_ids=self.receptionist.partner_id.ids
        )
        rows = self.env["mail.notification"].with_user(self.employee)
        listed = rows.search([("mail_message_id", "in", (told | free).ids)])
        self.assertEqual(listed.sudo().mail_message_id, told)
