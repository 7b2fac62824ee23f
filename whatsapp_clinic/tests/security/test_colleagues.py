from datetime import timedelta

from odoo.tests import new_test_user, tagged

from ...models.consent.request_answer import Origin
from ...tools import clock
from ..common import ClinicCase, staff_user


@tagged("post_install", "-at_install")
class TestColleagues(ClinicCase):
    """A colleague without a role learns from no chatter who is a patient."""

    def setUp(self):
        super().setUp()
        self.employee = new_test_user(
            self.env, "employee-c", groups="base.group_user,base.group_partner_manager"
        )
        self.receptionist = staff_user(self, "receptionist")
        self.patient = self.make_patient()
        self.identity = self.patient.whatsapp_identity_ids
        self.env.flush_all()
        self.before = self.env["mail.message"].search([])
        self.activities = self.env["mail.activity"].search([])

    def reminder_of(self, appointment):
        return {
            "channel_id": self.channel.id,
            "partner_id": self.patient.id,
            "branch_id": self.branch.id,
            "purpose_id": self.purpose.id,
            "template_id": self.template.id,
            "appointment_id": appointment.id,
            "appointment_version": appointment.version,
        }

    def hear(self, text):
        message = self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "kind": "text",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "branch_id": self.branch.id,
                "identity_id": self.identity.id,
                "partner_id": self.patient.id,
                "body": text,
                "occurred_at": clock.now(),
            }
        )
        self.env["whatsapp.clinic.chat.answers"]._obey_word(message)

    def tell_whole_story(self):
        self.consent(self.patient)
        self.hear("cancel")
        self.answer_the_page()
        self.ask_a_minor_alone()
        self.patient.clinic_birthdate = False
        appointment = self.book(self.patient)
        self.env["whatsapp.clinic.message"]._enqueue([self.reminder_of(appointment)])
        appointment._obey_patient("reschedule", appointment.whatsapp_message_ids)
        self.hear("cancel")
        self.identity._disown("wrong_person")
        self.patient.with_user(self.receptionist).action_confirm_number()
        self.identity._disown("number_changed")
        self.env.flush_all()

    def answer_the_page(self):
        asked = self.env["whatsapp.clinic.consent.request"].create(
            {"partner_id": self.patient.id}
        )
        asked._withdraw("all", Origin("127.0.0.1", "KUMQUAT", None))

    def ask_a_minor_alone(self):
        self.patient.clinic_birthdate = clock.now().date() - timedelta(days=2000)
        question = self.env["whatsapp.clinic.message"].create(
            {
                "direction": "out",
                "state": "sent",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": self.identity.id,
                "partner_id": self.patient.id,
                "asked_purpose_id": self.purpose.id,
            }
        )
        self.env["whatsapp.clinic.consent.question"]._call_reception(question)

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
        self.identity._disown("wrong_person")
        notes = self.env["mail.message"].search([]) - self.before
        on_contact = notes.filtered(lambda one: one.model == "res.partner")
        self.assertIn("not the patient", str(on_contact.body))
        mine = on_contact.with_user(self.receptionist)
        self.assertEqual(mine.search([("id", "in", on_contact.ids)]), mine)

    def test_note_on_a_contact_goes_to_no_follower(self):
        self.patient.message_subscribe(
            self.employee.partner_id.ids, self.env.ref("mail.mt_note").ids
        )
        self.identity._disown("wrong_person")
        notes = self.env["mail.message"].search([]) - self.before
        self.assertFalse(notes.notification_ids)
