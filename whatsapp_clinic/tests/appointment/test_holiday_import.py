"""Public holidays are proposed with the visits that collide, and close branches."""

from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ...models.clinic import public_holidays
from ...models.clinic.public_holidays import PublicHoliday
from ...tools import clock
from ..common import ClinicCase, staff_user

NOW = datetime(2026, 12, 7, 7)


@tagged("post_install", "-at_install")
class TestPublicHolidays(ClinicCase):
    """What the package says, by the day."""

    def test_feasts_and_half_days_of_turkey(self):
        found = {
            one.day: one for one in public_holidays.public_holidays("TR", 2027, "tr")
        }
        eve, feast = date(2027, 3, 8), date(2027, 3, 9)
        self.assertEqual(found[eve], PublicHoliday(eve, "Ramazan Bayramı", 13 * 60))
        self.assertEqual(found[feast], PublicHoliday(feast, "Ramazan Bayramı"))
        self.assertEqual(found[date(2027, 10, 28)].since, 13 * 60)
        self.assertEqual(len(found), 16)

    def test_day_that_is_whole_and_half_is_whole(self):
        found = public_holidays.public_holidays("TR", 2029, "tr")
        self.assertEqual(
            [one.since for one in found if one.day == date(2029, 4, 23)], [0]
        )

    def test_names_are_in_the_language_that_was_asked_for(self):
        (first, *_others) = public_holidays.public_holidays("TR", 2027, "en")
        self.assertEqual(first.name, "New Year's Day")

    def test_country_that_is_not_known(self):
        with self.assertRaises(ValueError):
            public_holidays.public_holidays("XX", 2027, "tr")


@tagged("post_install", "-at_install")
class TestHolidayImport(ClinicCase):
    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(clock, "precise_now", lambda: NOW))
        self.manager = staff_user(self, "manager")
        self.manager.tz = "Europe/Istanbul"
        # On the eve of the Republic's day, before and after it closes; on the feast.
        self.ayse = self.make_patient()
        self.morning, self.afternoon, self.feast = (
            self.book(self.ayse, start)
            for start in (
                datetime(2027, 10, 28, 8),
                datetime(2027, 10, 28, 11),
                datetime(2027, 3, 9, 8),
            )
        )

    def form(self, year="2027", branch=None):
        imports = self.env["whatsapp.clinic.holiday.import"].with_user(self.manager)
        form = Form(imports)
        form.branch_ids = branch or self.branch
        form.year = year
        return form

    def line(self, wizard, name, since):
        return wizard.line_ids.filtered(
            lambda line: line.name == name and line.since == since
        )

    def leaves(self):
        return self.env["resource.calendar.leaves"].search(
            [("clinic_branch_ids", "in", self.branch.ids)]
        )

    def test_days_are_shown_with_the_visits_that_collide(self):
        wizard = self.form().save()
        self.assertEqual(len(wizard.line_ids), 16)
        eve = self.line(wizard, "Republic Day", 13)
        self.assertEqual((eve.told, eve.collision_count), ("Thu 28 Oct 2027", 1))
        self.assertEqual(wizard.collision_count, 2)
        self.assertFalse(self.leaves())

    def test_chosen_days_close_the_branch_by_its_clock(self):
        form = self.form()
        with form.line_ids.edit(0) as line:
            line.is_chosen = False
        form.save().action_import()
        self.assertEqual(len(self.leaves()), 15)
        eve = self.leaves().filtered(lambda one: one.date_from.month == 10)[:1]
        self.assertEqual(eve.date_from, datetime(2027, 10, 28, 10))
        self.assertEqual(eve.date_to, datetime(2027, 10, 28, 21))
        self.assertFalse(self.morning.time_objection)
        told = self.afternoon.with_user(self.manager).time_objection
        self.assertIn("The clinic is closed until", told)

    def test_visits_that_collide_are_listed_afterwards_and_stay(self):
        action = self.form().save().action_import()
        found = self.env["whatsapp.clinic.appointment"].search(action["domain"])
        self.assertEqual(found, self.afternoon | self.feast)
        self.assertEqual(found.mapped("state"), ["booked", "booked"])

    def test_second_import_enters_nothing_twice(self):
        self.form().save().action_import()
        wizard = self.form().save()
        self.assertEqual(set(wizard.line_ids.mapped("is_known")), {True})
        with self.assertRaisesRegex(UserError, "Choose at least one day"):
            wizard.action_import()
        self.assertEqual(len(self.leaves()), 16)

    def test_branch_of_another_country_keeps_its_own_days(self):
        other = self.branch.copy(
            {
                "name": "Berlin",
                "country_id": self.env.ref("base.de").id,
                "tz": "Europe/Berlin",
            }
        )
        wizard = self.form(branch=other).save()
        self.assertIn("German Unity Day", wizard.line_ids.mapped("name"))
        wizard.action_import()
        self.assertFalse(self.leaves())
        self.assertFalse(self.feast.time_objection)

    def test_country_that_is_not_known_is_told(self):
        self.branch.country_id = self.env["res.country"].create(
            {"name": "Nowhere", "code": "XZ"}
        )
        wizard = self.form().save()
        self.assertFalse(wizard.line_ids)
        self.assertIn("Nowhere", wizard.told)

    def test_server_without_the_package_is_told(self):
        with patch.object(public_holidays, "holidays", None):
            wizard = self.form().save()
            self.assertIn("lacks the Python package", wizard.told)

    def test_reception_closes_nothing(self):
        imports = self.env["whatsapp.clinic.holiday.import"]
        with self.assertRaises(AccessError):
            imports.with_user(staff_user(self, "receptionist")).create(
                {"branch_ids": [Command.set(self.branch.ids)], "year": "2027"}
            )

    def test_manager_enters_leave_of_a_practitioner_and_no_one_elses(self):
        stranger = self.env["resource.resource"].create({"name": "Not in the clinic"})
        stranger.user_id = self.env.ref("base.user_admin")
        self.practitioner.user_id = staff_user(self, "practitioner")
        self.practitioner.resource_id.user_id = self.practitioner.user_id
        leaves = self.env["resource.calendar.leaves"].with_user(self.manager)
        day = {"date_from": NOW, "date_to": NOW + timedelta(days=1)}
        resource = self.practitioner.resource_id
        leave = leaves.create({"resource_id": resource.id, **day})
        self.assertEqual(leave.resource_id, resource)
        leave.unlink()
        with self.assertRaises(AccessError):
            leaves.create({"resource_id": stranger.id, **day})
