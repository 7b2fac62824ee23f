"""Who waits is seen and answered in the conversation, in a real browser."""

from datetime import timedelta

from odoo.tests import tagged

from ..common import WebCase, make_patient, patient_wrote, set_up_clinic, staff_user


@tagged("post_install", "-at_install")
class TestThreadTour(WebCase):
    def test_patient_who_waits_is_answered_in_the_thread(self):
        set_up_clinic(self)
        self.env["whatsapp.clinic.message"].search([]).awaits_answer = False
        # The offer to undo ends by the clock on the wall.
        self.company.clinic_undo_seconds = 60
        receptionist = staff_user(self, "receptionist", tz="UTC")
        patient = make_patient(self, "+905321110002", "Nesrin KUMQUAT")
        first = patient_wrote(self, patient, "First KUMQUAT", timedelta(minutes=59))
        for minutes in range(40, 20, -1):
            patient_wrote(self, patient, "More KUMQUAT", timedelta(minutes=minutes))
        second = patient_wrote(self, patient, "Second KUMQUAT")
        (first | second).awaits_answer = True
        self.start_tour(
            "/odoo/clinic-appointments",
            "whatsapp_clinic_answer_in_the_thread",
            login=receptionist.login,
        )
        self.env.invalidate_all()
        self.assertFalse((first | second).filtered("awaits_answer"))
