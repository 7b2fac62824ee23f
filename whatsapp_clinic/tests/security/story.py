"""All that a patient can do that leaves a trace somewhere in Odoo."""

from datetime import timedelta

from ...models.consent.evidence import Origin
from ...models.consent.request_page import RequestPage
from ...tools import clock
from ..common import ClinicCase, staff_user


class StoryCase(ClinicCase):
    """A patient of a branch with one receptionist."""

    def setUp(self):
        super().setUp()
        self.receptionist = staff_user(self, "receptionist")
        self.patient = self.make_patient()
        self.identity = self.patient.whatsapp_identity_ids

    def reminder_of(self, appointment):
        return {
            "channel_id": self.channel.id,
            "partner_id": self.patient.id,
            "branch_id": self.branch.id,
            "purpose_id": self.purpose.id,
            "template_id": self.template.id,
            **appointment._reference(),
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
        self.identity._unlink_patients("wrong_person")
        self.patient.with_user(self.receptionist).action_confirm_number()
        self.identity._unlink_patients("number_changed")
        self.env.flush_all()

    def answer_the_page(self):
        asked = self.env["whatsapp.clinic.consent.request"].create(
            {"partner_id": self.patient.id}
        )
        RequestPage(asked).withdraw("all", Origin("127.0.0.1", "KUMQUAT", None))

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
