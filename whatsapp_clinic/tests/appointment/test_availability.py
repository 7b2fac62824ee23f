"""Free times as the desk sees them, and why a time is none."""

from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation, ExclusionViolation

from odoo import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.appointment.appointment_slot import tell_taken
from ...models.appointment.availability import Availability
from ...slots import Offer
from ...tools import clock
from ..common import MARKER, ClinicCase, staff_user

# A Monday, ten in the morning by the branch's clock.
NOW = datetime(2026, 12, 7, 7)
SOON = NOW + timedelta(minutes=15)


class AvailabilityCase(ClinicCase):
    """A practitioner who works from nine to twelve by the branch's clock."""

    def setUp(self):
        super().setUp()
        self.startPatch(patch.object(clock, "precise_now", lambda: NOW))
        self.hours = self.make_hours("Mornings", (9, 12))
        self.practitioner.resource_calendar_id = self.hours
        self.ayse = self.make_patient()

    def make_hours(self, name, *spans, days=range(5), **values):
        return self.env["resource.calendar"].create(
            {
                "name": name,
                # Whatever it says: a practitioner works by the clock of the branch.
                "tz": "America/New_York",
                "attendance_ids": [
                    Command.create(
                        {
                            "name": name,
                            "dayofweek": str(day),
                            "hour_from": since,
                            "hour_to": until,
                        }
                    )
                    for day in days
                    for since, until in spans
                ],
                **values,
            }
        )

    def own_hours(self, **values):
        return self.env["whatsapp.clinic.practitioner.hours"].create(
            {"practitioner_id": self.practitioner.id, **values}
        )

    def away(self, since, until, **values):
        return self.env["resource.calendar.leaves"].create(
            {"name": MARKER, "date_from": since, "date_to": until, **values}
        )

    def offers(self, limit=99, days=1, practitioners=None, **values):
        asked = Availability(
            self.branch, self.type, practitioners or self.practitioner, **values
        )
        since = clock.now()
        return asked.offers(since, since + timedelta(days=days), limit)

    def starts(self, **values) -> list[str]:
        """Days and times by the branch's clock."""
        return [
            f"{clock.in_zone(offer.start, self.branch.tz):%d %H:%M}"
            for offer in self.offers(**values)
        ]

    def startPatch(self, patcher):
        patcher.start()
        self.addCleanup(patcher.stop)


@tagged("post_install", "-at_install")
class TestFreeTimes(AvailabilityCase):
    """What is offered is what can be booked."""

    def test_from_now_to_the_end_of_the_hours_by_the_clock_of_the_branch(self):
        expected = [
            *("07 10:00", "07 10:15", "07 10:30", "07 10:45"),
            *("07 11:00", "07 11:15", "07 11:30"),
        ]
        self.assertEqual(self.starts()[:7], expected)

    def test_next_working_day_follows(self):
        self.assertEqual(self.starts()[7:9], ["08 09:00", "08 09:15"])

    def test_taken_time_with_its_buffers_is_not_offered(self):
        self.type.buffer_after = 10
        self.book(self.ayse, NOW + timedelta(minutes=30))
        self.assertEqual(self.starts()[:2], ["07 11:15", "07 11:30"])

    def test_every_offer_can_be_booked(self):
        self.type.write({"buffer_before": 5, "buffer_after": 10})
        self.book(self.ayse, NOW + timedelta(minutes=47))
        booked = 0
        while offers := self.offers(limit=1, days=2):
            self.book(self.ayse, offers[0].start)
            booked += 1
        self.assertEqual(booked, 1 + 4 + 2)

    def test_cancelled_visit_and_a_visit_that_moves_take_no_time(self):
        visit = self.book(self.ayse, NOW)
        self.assertNotIn("07 10:00", self.starts())
        self.assertIn("07 10:00", self.starts(moved=visit))
        visit.action_cancel()
        self.assertIn("07 10:00", self.starts())

    def test_leave_of_the_practitioner(self):
        resource = self.practitioner.resource_id
        self.away(NOW, NOW + timedelta(hours=1, minutes=20), resource_id=resource.id)
        self.assertEqual(self.starts()[:2], ["07 11:30", "08 09:00"])

    def test_leave_of_somebody_else_is_none(self):
        other = self.practitioner.create(
            {"name": "Dr. Kaya", "branch_ids": [Command.link(self.branch.id)]}
        )
        self.away(NOW, NOW + timedelta(days=9), resource_id=other.resource_id.id)
        self.assertEqual(self.starts()[0], "07 10:00")

    def test_time_that_is_noted_as_work_is_no_leave(self):
        self.away(
            NOW,
            NOW + timedelta(days=1),
            resource_id=self.practitioner.resource_id.id,
            time_type="other",
        )
        self.assertEqual(self.starts()[0], "07 10:00")

    def test_holiday_of_the_clinic(self):
        self.away(NOW - timedelta(hours=10), NOW + timedelta(hours=14))
        self.assertEqual(self.starts()[0], "08 09:00")

    def test_holiday_of_other_hours_is_none(self):
        other = self.make_hours("Afternoons", (13, 17))
        self.away(NOW, NOW + timedelta(days=1), calendar_id=other.id)
        self.assertEqual(self.starts()[0], "07 10:00")

    def test_holiday_of_another_company_is_none(self):
        company = self.env["res.company"].create({"name": "Other"})
        holiday = self.away(NOW, NOW + timedelta(days=1))
        holiday.company_id = company
        self.assertEqual(self.starts()[0], "07 10:00")

    def test_break_is_no_working_time(self):
        self.hours.attendance_ids = [
            Command.clear(),
            *(
                Command.create(
                    {
                        "name": period,
                        "dayofweek": "0",
                        "hour_from": since,
                        "hour_to": until,
                        "day_period": period,
                    }
                )
                for period, since, until in (
                    ("morning", 9, 11),
                    ("lunch", 11, 12),
                    ("afternoon", 12, 12.5),
                )
            ),
        ]
        expected = ["07 10:00", "07 10:15", "07 10:30", "07 12:00"]
        self.assertEqual(self.starts(), expected)

    def test_two_weeks_take_turns(self):
        calendar = self.make_hours("In turns", (9, 12))
        calendar.switch_calendar_type()
        this = calendar.attendance_ids[:1].get_week_type(NOW.date())
        calendar.attendance_ids.filtered(
            lambda line: not line.display_type and int(line.week_type) == this
        ).unlink()
        self.practitioner.resource_calendar_id = calendar
        self.assertEqual(self.starts(days=6), [])
        self.assertEqual(self.starts(days=8)[0], "14 09:00")

    def test_first_free_of_several_names_who_it_is(self):
        busy = self.practitioner
        other = busy.create(
            {
                "name": "Dr. Kaya",
                "branch_ids": [Command.link(self.branch.id)],
                "resource_calendar_id": self.hours.id,
            }
        )
        self.book(self.ayse, NOW)
        found = self.offers(limit=3, practitioners=busy | other)
        self.assertEqual(found[0], Offer(NOW, other.id))
        self.assertEqual(found[2], Offer(NOW + timedelta(minutes=30), busy.id))


@tagged("post_install", "-at_install")
class TestOwnHours(AvailabilityCase):
    """Hours by branch, by type of visit, and for new or known patients."""

    def setUp(self):
        super().setUp()
        self.evenings = self.make_hours("Evenings", (17, 19))
        self.tuesdays = self.make_hours("Tuesdays", (10, 11), days=[1])

    def test_hours_of_a_branch_take_the_place_of_the_usual_ones(self):
        self.own_hours(branch_id=self.branch.id, calendar_id=self.evenings.id)
        self.assertEqual(self.starts()[0], "07 17:00")

    def test_hours_of_another_branch_say_nothing_here(self):
        other = self.branch.copy({"name": "Other"})
        self.practitioner.branch_ids |= other
        self.own_hours(branch_id=other.id, calendar_id=self.evenings.id)
        self.assertEqual(self.starts()[0], "07 10:00")

    def test_type_is_possible_within_the_hours_only(self):
        self.own_hours(type_id=self.type.id, calendar_id=self.tuesdays.id)
        expected = ["08 10:00", "08 10:15", "08 10:30"]
        self.assertEqual(self.starts(days=5), expected)
        self.own_hours(branch_id=self.branch.id, calendar_id=self.evenings.id)
        self.assertEqual(self.starts(days=5), [])

    def test_new_patients_until_their_first_visit(self):
        self.own_hours(patients="new", calendar_id=self.tuesdays.id)
        self.assertEqual(self.starts()[0], "07 10:00")
        self.assertEqual(self.starts(patient=self.ayse, days=2)[0], "08 10:00")
        self.book(self.ayse, NOW - timedelta(days=3)).action_fulfill()
        self.assertEqual(self.starts(patient=self.ayse)[0], "07 10:00")

    def test_hours_count_between_their_days(self):
        self.own_hours(
            calendar_id=self.evenings.id, date_from="2026-12-08", date_to="2026-12-08"
        )
        self.assertEqual(self.starts(days=3)[:2], ["08 17:00", "08 17:15"])

    def test_hours_end_when_they_begin_or_later(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self.own_hours(
                calendar_id=self.evenings.id,
                date_from="2026-12-08",
                date_to="2026-12-07",
            )


@tagged("post_install", "-at_install")
class TestObjection(AvailabilityCase):
    """The form of a visit says why nobody can come at its time."""

    def setUp(self):
        super().setUp()
        self.desk = staff_user(self, "receptionist")
        self.desk.tz = "Europe/Istanbul"

    def visit(self, start):
        appointment = self.env["whatsapp.clinic.appointment"].with_user(self.desk)
        return appointment.new(
            {
                "branch_id": self.branch.id,
                "practitioner_id": self.practitioner.id,
                "type_id": self.type.id,
                "start": start,
            }
        )

    def test_nothing_stands_against_a_free_time(self):
        self.assertFalse(self.visit(SOON).time_objection)

    def test_outside_of_the_hours(self):
        told = self.visit(NOW + timedelta(hours=8)).time_objection
        self.assertEqual(told, "Dr. Demir does not work at this time.")

    def test_leave_is_told_without_its_reason(self):
        self.away(
            NOW,
            NOW + timedelta(hours=1),
            resource_id=self.practitioner.resource_id.id,
        )
        told = self.visit(SOON).time_objection
        self.assertEqual(
            told, "Dr. Demir is away until Mon 7 Dec 11:00\N{NARROW NO-BREAK SPACE}AM."
        )

    def test_times_name_the_zone_where_it_is_not_the_users(self):
        self.desk.tz = "Europe/Berlin"
        free = self.visit(NOW + timedelta(hours=8))
        self.assertIn("10:15", free.free_times["times"][0]["told"])
        self.assertIn("(Europe/Istanbul)", free.free_times["times"][0]["told"])

    def test_holiday(self):
        self.away(NOW, NOW + timedelta(hours=14))
        told = self.visit(SOON).time_objection
        self.assertEqual(
            told,
            "The clinic is closed until Tue 8 Dec 12:00\N{NARROW NO-BREAK SPACE}AM.",
        )

    def test_appointment_at_a_branch_that_the_desk_does_not_see(self):
        other = self.branch.copy({"name": "Other"})
        self.practitioner.branch_ids |= other
        self.book(self.ayse, NOW, branch_id=other.id)
        told = self.visit(SOON).time_objection
        until = "Mon 7 Dec 10:30\N{NARROW NO-BREAK SPACE}AM"
        self.assertEqual(told, f"Dr. Demir has another appointment until {until}.")

    def test_time_around_another_appointment(self):
        self.type.buffer_after = 10
        self.book(self.ayse, NOW)
        told = self.visit(NOW + timedelta(minutes=35)).time_objection
        self.assertIn("needs the time around another appointment", told)

    def test_visit_that_was_is_not_objected_to(self):
        visit = self.book(self.ayse, NOW - timedelta(hours=9))
        self.assertFalse(visit.time_objection)
        self.assertFalse(visit.free_times)

    def test_free_times_are_the_nearest_to_the_one_that_was_chosen(self):
        free = self.visit(NOW + timedelta(days=1, hours=4)).free_times
        self.assertEqual(
            free["times"][0]["told"], "Tue 8 Dec 10:15\N{NARROW NO-BREAK SPACE}AM"
        )
        self.assertEqual(free["times"][0]["start"], "2026-12-08 07:15:00")
        self.assertEqual(
            free["times"][0]["practitioner"], [self.practitioner.id, "Dr. Demir"]
        )

    def test_who_has_no_fixed_hours_has_no_free_times(self):
        self.practitioner.resource_calendar_id.flexible_hours = True
        visit = self.visit(NOW)
        self.assertEqual(visit.free_times["times"], [])
        self.assertIn("Nobody has fixed working hours", visit.free_times["told"])

    def test_nothing_free_is_told(self):
        self.away(NOW, NOW + timedelta(days=40))
        told = self.visit(NOW).free_times["told"]
        self.assertEqual(told, "Nothing is free in the next four weeks.")

    def test_time_that_is_taken_names_the_next_in_working_hours(self):
        self.book(self.ayse, NOW, duration=2)
        with (
            self.assertRaises(ExclusionViolation) as refused,
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            self.book(self.ayse, SOON)
        told = tell_taken(self.env(user=self.desk), refused.exception.diag)
        self.assertIn("until 12:00", told)
        self.assertIn("from Tue 8 Dec 9:00", told)

    def test_form_of_a_new_visit_shows_them(self):
        form = Form(
            self.env["whatsapp.clinic.appointment"].with_user(self.desk),
            view="whatsapp_clinic.appointment_view_form_quick_create",
        )
        form.branch_id = self.branch
        form.type_id = self.type
        form.practitioner_id = self.practitioner
        form.start = NOW + timedelta(hours=8)
        self.assertEqual(form.time_objection, "Dr. Demir does not work at this time.")
        self.assertEqual(form.free_times["times"][0]["start"], "2026-12-07 07:15:00")
