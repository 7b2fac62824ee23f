"""Writing to one patient and to two hundred, in a real browser."""

from odoo.tests import tagged

from ..common import (
    WebCase,
    consent,
    make_patient,
    make_template,
    patient_wrote,
    set_up_clinic,
    staff_user,
)

COMPONENTS = [{"type": "BODY", "text": "Dear {{patient_name}}, how are you?"}]


@tagged("post_install", "-at_install")
class TestComposerTour(WebCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)
        # The offer to undo ends by the clock on the wall.
        cls.company.clinic_undo_seconds = 60
        cls.receptionist = staff_user(cls, "receptionist", tz="UTC")
        make_template(cls, "how_are_you", components=COMPONENTS).model = "res.partner"

    def make_patient(self, number, name):
        patient = make_patient(self, f"+9053211{number:05}", f"{name} KUMQUAT")
        consent(self, patient)
        return patient

    def rows(self):
        return self.env["whatsapp.clinic.message"].search(
            [("create_uid", "=", self.receptionist.id)]
        )

    def test_message_to_one_is_sent_from_the_chatter_and_undone(self):
        patient = self.make_patient(1, "Nesrin")
        self.start_tour(
            f"/odoo/clinic-patients/{patient.id}",
            "whatsapp_clinic_write_to_one",
            login=self.receptionist.login,
        )
        self.assertEqual(self.rows().reason, "cancelled_by_user")

    def test_keys_send_and_never_throw_away(self):
        patient = self.make_patient(2, "Nesrin")
        patient_wrote(self, patient)
        self.start_tour(
            f"/odoo/clinic-patients/{patient.id}",
            "whatsapp_clinic_send_with_the_keys",
            login=self.receptionist.login,
        )
        self.assertEqual(self.rows().body, "See you soon KUMQUAT")

    def test_message_to_two_hundred_is_sent_from_the_list(self):
        self.env["res.partner"].search([]).clinic_patient = False
        for number in range(200):
            self.make_patient(number, f"Patient {number}")
        make_patient(self, "+905321199999", "Nobody KUMQUAT")
        self.start_tour(
            "/odoo/clinic-patients?view_type=list",
            "whatsapp_clinic_write_to_many",
            login=self.receptionist.login,
        )
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("whatsapp_clinic.write_sendings").method_direct_trigger()
        self.env.invalidate_all()
        states = self.rows().mapped("state")
        self.assertEqual((states.count("queued"), states.count("refused")), (200, 1))
