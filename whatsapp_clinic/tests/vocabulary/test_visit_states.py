import re
from pathlib import Path

from lxml import etree

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ...models.appointment.anchors import ANCHORS
from ...models.vocabulary.visit_states import (
    COMING_STATES,
    OFF_STATES,
    UNBOOKED_STATES,
    VISIT_STATES,
)
from ..common import ClinicCase

STATIC = Path(__file__).resolve().parents[2] / "static/src"
# FHIR R5, AppointmentStatus.
FHIR = {
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
}
# Where the buttons of the desk lead to.
LEADS_TO = {
    "action_arrive": "arrived",
    "action_fulfill": "fulfilled",
    "action_noshow": "noshow",
    "action_book": "booked",
    "action_ask_to_cancel": "cancelled",
}


@tagged("post_install", "-at_install")
class TestVisitStates(ClinicCase):
    """Each state of a visit has all that belongs to it; the screens say the same."""

    def setUp(self):
        super().setUp()
        self.visits = self.env["whatsapp.clinic.appointment"]

    def view(self, kind):
        return etree.fromstring(self.visits.get_view(view_type=kind)["arch"])

    def buttons(self, name, state):
        """The buttons of the form that call a method and are shown in a state."""
        values = {"id": 1, "state": state, "patient_status": "needs_action"}
        return [
            one
            for one in self.view("form").iter("button")
            if one.get("name") == name
            and not safe_eval(one.get("invisible", "False"), values)
        ]

    def test_a_visit_is_in_a_known_state_of_fhirs(self):
        field = self.visits._fields["state"]
        self.assertEqual(set(field.get_values(self.env)), set(VISIT_STATES))
        self.assertLessEqual(set(VISIT_STATES), FHIR)

    def test_each_state_says_whether_the_patient_comes_came_or_does_not(self):
        for name, state in VISIT_STATES.items():
            with self.subTest(name):
                said = state.is_coming, state.took_place, state.is_off
                self.assertEqual(sum(said), 1)
                self.assertLessEqual(state.is_unbooked, state.is_coming)
                self.assertLessEqual(state.is_off, state.is_done)
                self.assertNotEqual(state.holds_slot, state.is_unbooked or state.is_off)

    def test_what_follows_and_where_it_came_from_are_states(self):
        for name, state in VISIT_STATES.items():
            with self.subTest(name):
                self.assertLessEqual({*state.follows}, set(VISIT_STATES) - {name})
                self.assertLessEqual({state.before} - {None}, set(VISIT_STATES))

    def test_each_state_is_reached_from_another_and_left(self):
        follows = {name for state in VISIT_STATES.values() for name in state.follows}
        self.assertEqual(follows | {*UNBOOKED_STATES}, set(VISIT_STATES))
        for name, state in VISIT_STATES.items():
            with self.subTest(name):
                self.assertTrue(state.follows or state.before)

    def test_a_stamp_is_a_time_that_is_noted_on_entering(self):
        patient = self.make_patient()
        for name, state in VISIT_STATES.items():
            if state.stamp:
                with self.subTest(name):
                    start = "booked" if name != "booked" else "cancelled"
                    visit = self.book(patient, state=start)
                    visit[state.stamp] = False
                    visit.state = name
                    self.assertEqual(visit._fields[state.stamp].type, "datetime")
                    self.assertTrue(visit[state.stamp])
                    visit.state = "cancelled"

    def test_anchors_are_of_known_states(self):
        for name, anchor in ANCHORS.items():
            with self.subTest(name):
                self.assertLessEqual({*anchor.states}, set(VISIT_STATES))

    def test_buttons_of_the_form_lead_where_the_table_says(self):
        for name, state in VISIT_STATES.items():
            offered = {
                target
                for method, target in LEADS_TO.items()
                if self.buttons(method, name)
            }
            with self.subTest(name):
                self.assertEqual(offered, {*state.follows})

    def test_only_a_step_that_was_taken_is_undone(self):
        for name, state in VISIT_STATES.items():
            with self.subTest(name):
                if self.buttons("action_step_back", name):
                    self.assertTrue(state.before)

    def test_badges_have_the_decorations_of_the_table(self):
        (badge,) = self.view("list").xpath("//field[@name='state'][@widget='badge']")
        for name, state in VISIT_STATES.items():
            shown = [
                attribute.removeprefix("decoration-")
                for attribute, condition in badge.attrib.items()
                if attribute.startswith("decoration-")
                and safe_eval(condition, {"state": name})
            ]
            with self.subTest(name):
                self.assertEqual(shown, [state.decoration] if state.decoration else [])

    def test_the_calendar_knows_the_same_states(self):
        script = (STATIC / "calendar/calendar_model.js").read_text()
        listed = {
            name: set(re.findall(r"\w+", found))
            for name, found in re.findall(r"const (\w+_STATES) = \[(.*?)\]", script)
        }
        self.assertEqual(listed["OFF_STATES"], set(OFF_STATES))
        self.assertEqual(listed["TENTATIVE_STATES"], set(UNBOOKED_STATES))

    def test_who_is_to_come_is_what_the_screens_filter_by(self):
        self.assertEqual(set(COMING_STATES) - set(UNBOOKED_STATES), {"booked"})
