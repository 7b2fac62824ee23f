"""What a receptionist does with the visits of a week, in a real browser."""

from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from ...tools import clock
from ..common import book, consent, make_patient, make_template, staff_user
from .test_tours import ReceptionCase


@tagged("post_install", "-at_install")
class TestDeskTours(ReceptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["whatsapp.clinic.appointment"].search([]).write({"state": "cancelled"})
        in_a_week = clock.now() + timedelta(days=7)
        start = in_a_week.replace(hour=10, minute=0, second=0, microsecond=0)
        cls.visit = book(cls, cls.patient, start)
        other = make_patient(cls, "+905321110003", "Other KUMQUAT")
        book(cls, other, start + timedelta(hours=1))
        cls.other_practitioner = cls.practitioner.create(
            {"name": "Dr. Zeki", "branch_ids": [(6, 0, cls.branch.ids)]}
        )

    def walk(self, tour, page=""):
        self.start_tour(
            f"/odoo/clinic-appointments{page}",
            f"whatsapp_clinic_{tour}",
            login=self.receptionist.login,
        )
        self.env.invalidate_all()

    def test_refused_move_is_drawn_back_and_another_is_undone(self):
        consent(self, self.patient)
        make_template(self, "appointment_moved")
        start = self.visit.start
        self.walk("move_a_visit")
        self.assertEqual((self.visit.start, self.visit.version), (start, 1))

    def test_day_has_a_column_for_each_practitioner(self):
        consent(self, self.patient)
        make_template(self, "appointment_moved")
        start = self.visit.start
        self.walk("day_of_practitioners")
        self.assertEqual(self.visit.practitioner_id, self.other_practitioner)
        self.assertEqual(self.visit.start, start)

    def test_free_time_is_taken_over_with_a_tap(self):
        self.practitioner.resource_calendar_id = self.env["resource.calendar"].create(
            {
                "name": "An hour a day",
                "attendance_ids": [
                    Command.create(
                        {
                            "name": "Lunch time",
                            "dayofweek": str(day),
                            "hour_from": 13,
                            "hour_to": 14,
                        }
                    )
                    for day in range(7)
                ],
            }
        )
        # Three at night, by the clock of the branch.
        at_night = self.visit.start.replace(hour=0)
        self.visit.start = at_night
        self.walk("free_times", f"/{self.visit.id}")
        self.assertEqual(self.visit.start, at_night.replace(hour=10))

    def test_cancelling_asks_who_and_strikes_through(self):
        self.walk("cancel_a_visit")
        self.assertEqual(self.visit.cancelled_by, "clinic")

    def test_who_cancels_and_tells_sees_what_was_done(self):
        consent(self, self.patient)
        make_template(self, "appointment_cancelled")
        self.walk("cancel_and_tell", f"/{self.visit.id}")
        self.assertEqual(self.visit.state, "cancelled")
        told = self.visit.whatsapp_message_ids.template_id.mapped("name")
        self.assertIn("appointment_cancelled", told)

    def test_telling_who_refused_is_not_offered(self):
        make_template(self, "appointment_cancelled")
        self.walk("cancel_without_telling", f"/{self.visit.id}")
        self.assertEqual(self.visit.state, "cancelled")

    def test_what_is_over_and_still_booked_is_noted_at_once_and_taken_back(self):
        yesterday = make_patient(self, "+905321110004", "Yesterday KUMQUAT")
        over = book(self, yesterday, clock.now() - timedelta(days=1))
        self.walk("end_of_the_day")
        self.assertEqual(over.state, "booked")
        states = self.env["mail.tracking.value"].search(
            [("mail_message_id", "in", over.message_ids.ids)]
        )
        self.assertIn("Arrived", states.mapped("new_value_char"))

    def test_rule_is_switched_off_in_its_form_after_a_question(self):
        rule = self.env["whatsapp.clinic.message.rule"].search([], limit=1)
        manager = staff_user(self, "manager")
        path = f"/odoo/whatsapp.clinic.message.rule/{rule.id}"
        self.start_tour(path, "whatsapp_clinic_switch_a_rule_off", login=manager.login)
        self.env.invalidate_all()
        self.assertFalse(rule.active)

    def test_busy_week_opens_on_its_day(self):
        values = {"start": clock.now(), "state": "cancelled"}
        (visit,) = book(self, self.patient, **values).copy_data()
        visits = self.env["whatsapp.clinic.appointment"]
        visits.create([{**visit, **values} for _number in range(200)])
        self.walk("busy_week")
