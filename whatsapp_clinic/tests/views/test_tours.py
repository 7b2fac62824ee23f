"""What a receptionist does, in a real browser."""

from datetime import timedelta

from odoo.tests import tagged

from ...tools import clock
from ..common import (
    WebCase,
    book,
    consent,
    make_patient,
    rule,
    set_up_clinic,
    staff_user,
)


class ReceptionCase(WebCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_up_clinic(cls)
        cls.receptionist = staff_user(cls, "receptionist", tz="UTC")
        cls.patient = make_patient(cls, "+905321110002", "Nesrin KUMQUAT")
        rule(cls)


@tagged("post_install", "-at_install")
class TestReceptionTour(ReceptionCase):
    def test_booking_in_the_calendar_shows_why_no_reminder_is_sent(self):
        self.start_tour(
            "/odoo/clinic-appointments",
            "whatsapp_clinic_book_from_calendar",
            login=self.receptionist.login,
        )
        self.env.invalidate_all()
        self.assertTrue(self.patient.appointment_ids)
        self.assertFalse(self.patient.appointment_ids.whatsapp_message_ids)

    def test_consent_of_somebody_new_is_recorded_while_booking(self):
        self.start_tour(
            "/odoo/clinic-appointments",
            "whatsapp_clinic_book_somebody_new",
            login=self.receptionist.login,
        )
        patient = self.patient.search([("name", "=", "Fatma KUMQUAT")])
        self.assertEqual(patient.consent_ids.method, "verbal")
        self.assertEqual(patient.consent_ids.evidence, "Please remind me")
        self.assertEqual(patient.appointment_ids.whatsapp_message_ids.state, "queued")

    def test_number_that_is_known_leads_to_the_same_person(self):
        known = self.patient.search_count([])
        self.start_tour(
            "/odoo/clinic-appointments",
            "whatsapp_clinic_book_the_same_person",
            login=self.receptionist.login,
        )
        self.env.invalidate_all()
        self.assertTrue(self.patient.appointment_ids)
        self.assertEqual(self.patient.search_count([]), known)

    def test_what_a_visit_needs_and_is_not_there_is_named_first(self):
        new = self.env["res.company"].create({"name": "New Clinic"})
        manager = staff_user(self, "manager", self.branch.browse(), tz="UTC")
        manager.write({"company_ids": [(6, 0, new.ids)], "company_id": new.id})
        self.start_tour(
            "/odoo/clinic-appointments",
            "whatsapp_clinic_nothing_to_book_with",
            login=manager.login,
        )

    def test_page_says_in_which_language_it_is(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.receptionist.lang = "tr_TR"
        self.browser_js(
            "/odoo/clinic-patients",
            "const {lang} = document.documentElement;"
            "if (lang === 'tr-TR') console.log('test successful');"
            "else console.error(lang);",
            ready="odoo.isReady === true",
            login=self.receptionist.login,
        )

    def test_why_a_patient_cannot_be_written_to_is_told_and_mended(self):
        self.patient.phone = False
        self.start_tour(
            "/odoo/clinic-patients",
            "whatsapp_clinic_why_cannot_i_write",
            login=self.receptionist.login,
        )
        self.assertTrue(self.patient.whatsapp_identity_ids)


@tagged("post_install", "-at_install")
class TestSmallScreenTour(ReceptionCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_consent_is_withdrawn_on_a_small_screen(self):
        consent(self, self.patient)
        self.start_tour(
            "/odoo/clinic-patients",
            "whatsapp_clinic_withdraw_consent",
            login=self.receptionist.login,
        )
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")
        self.assertEqual(len(self.patient.consent_ids), 3)

    def test_day_of_a_practitioner_opens_on_what_has_visits(self):
        self.practitioner.user_id = staff_user(self, "practitioner", tz="UTC")
        book(self, self.patient, clock.now().replace(hour=12), state="arrived")
        self.start_tour(
            "/odoo/clinic-my-day",
            "whatsapp_clinic_small_day",
            login=self.practitioner.user_id.login,
        )

    def test_planned_messages_tell_what_and_why_not(self):
        visit = book(self, self.patient, clock.now() + timedelta(days=3))
        consent(self, self.patient)
        self.assertEqual(visit.whatsapp_message_ids.state, "queued")
        self.channel.active = False
        self.start_tour(
            "/odoo/clinic-planned-messages",
            "whatsapp_clinic_small_planned",
            login=self.receptionist.login,
        )
