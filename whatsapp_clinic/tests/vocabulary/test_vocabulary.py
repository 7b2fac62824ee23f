import ast
import re
from pathlib import Path

from odoo.tests import tagged

from ...models.appointment.anchors import ANCHORS
from ...models.patient.consent_glance import CONSENT_STATES
from ...models.vocabulary.actions import ACTIONS, ANSWERS, STOPS, TAKEN_AS, WORDS
from ...models.vocabulary.kinds import KINDS, MEDIA_KINDS
from ...models.vocabulary.reasons import REASONS
from ...models.vocabulary.states import OPEN_STATES, STATES
from ..common import ClinicCase

ADDON = Path(__file__).resolve().parents[2]
MODELS = ADDON / "models"


def _calls(*names):
    """First arguments, where they are texts, of calls to functions of these names."""
    for path in MODELS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                for one in ast.walk(node.args[0]) if node.args else ():
                    if isinstance(one, ast.Constant) and isinstance(one.value, str):
                        yield one.value


def _strings():
    """Every text in the models outside of the vocabulary."""
    for path in MODELS.rglob("*.py"):
        if "vocabulary" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


@tagged("post_install", "-at_install")
class TestVocabulary(ClinicCase):
    """Each word has everything that hangs on it, and each is used."""

    def test_a_message_is_in_a_known_state(self):
        field = self.env["whatsapp.clinic.message"]._fields["state"]
        self.assertEqual(set(field.get_values(self.env)), set(STATES))

    def test_each_state_of_what_goes_out_says_whether_it_is_open_left_or_ended(self):
        for name, state in STATES.items():
            if name != "received":
                with self.subTest(name):
                    said = state.is_open, state.has_left, state.has_ended
                    self.assertTrue(any(said))
                    self.assertFalse(state.is_open and state.has_left)

    def test_what_waits_is_open_and_what_failed_or_was_stopped_has_ended(self):
        for name, state in STATES.items():
            with self.subTest(name):
                self.assertLessEqual(state.is_waiting, state.is_open)
                self.assertLessEqual(state.is_stopped, state.has_ended)
                self.assertLessEqual(state.has_failed, state.has_ended)

    def test_the_conversation_knows_the_same_open_states(self):
        script = (ADDON / "static/src/thread/thread_view.js").read_text()
        (listed,) = re.findall(r"const WAITING = \[(.*?)\]", script)
        self.assertEqual(set(re.findall(r"\w+", listed)), set(OPEN_STATES))

    def test_each_reason_says_what_to_do_or_that_nothing_can_be_done(self):
        for name, reason in REASONS.items():
            with self.subTest(name):
                said = reason.next_step, reason.is_hopeless, reason.is_final
                self.assertTrue(any(said))
                self.assertTrue(reason.sentence.endswith("."))

    def test_each_reason_shows_on_the_patient_as_a_known_badge(self):
        known = dict(CONSENT_STATES)
        for name, reason in REASONS.items():
            with self.subTest(name):
                self.assertIn(reason.badge, known)

    def test_the_gate_gives_known_reasons_only(self):
        given = set(_calls("refuse", "hold"))
        self.assertGreater(len(given), 25)
        self.assertFalse(given - set(REASONS))

    def test_each_reason_is_given_by_somebody(self):
        self.assertFalse(set(REASONS) - set(_strings()))

    def test_each_word_and_tap_is_obeyed_by_somebody(self):
        chat = self.env["whatsapp.clinic.chat.answers"]
        for name in dict(TAKEN_AS):
            if name not in ANSWERS:
                with self.subTest(name):
                    self.assertTrue(hasattr(chat, f"_on_{name}"))
        self.assertFalse(set(STOPS) - set(dict(WORDS)))
        self.assertFalse(set(ACTIONS) - set(_strings()) - {"none"})

    def test_each_kind_of_file_has_a_name_and_an_icon(self):
        self.assertFalse(set(MEDIA_KINDS) - set(KINDS))

    def test_each_anchor_is_a_stored_time_of_the_appointment(self):
        appointment = self.env["whatsapp.clinic.appointment"]
        states = dict(appointment._fields["state"]._description_selection(self.env))
        for name, anchor in ANCHORS.items():
            with self.subTest(name):
                field = appointment._fields[anchor.field]
                self.assertEqual(field.type, "datetime")
                self.assertTrue(field.store)
                self.assertFalse(set(anchor.states) - set(states))
