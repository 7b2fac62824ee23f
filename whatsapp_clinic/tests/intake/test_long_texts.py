import json
import time
from itertools import product

from odoo.tests import tagged

from ...models.whatsapp.provider import WHATSAPP
from ...tools.text import fold, words_of_html
from ..common import MARKER, ClinicCase
from ..long_texts import (
    LONG,
    LONGEST,
    UNITS,
    called_with_long_texts,
    functions,
    long_text,
)
from .test_kinds_in import message
from .test_webhook import envelope, text_message

WORDS = f"*{MARKER}* " * LONG
# Seconds that are lost between two looks at the clock.
NEGLIGIBLE = 0.0005


@tagged("post_install", "-at_install")
class TestLongTexts(ClinicCase):
    """One message of anybody costs what its length costs, not more."""

    def test_whatever_is_called_with_a_patients_text_is_listed(self):
        self.make_patient()
        with called_with_long_texts() as called:
            for place, value in enumerate(_wild_messages()):
                self._receive_and_read(f"wamid.long-{place}", value)
        self.assertIn("models/chat/stop_word.py:_match", called)
        self.assertFalse(
            called - functions(self.env).keys(),
            "add them to `tests/long_texts.py`, where they are timed",
        )

    def test_eight_times_the_text_takes_about_eight_times_as_long(self):
        self.assert_linear(functions(self.env))

    def test_what_is_called_with_the_clinics_texts_is_linear_as_well(self):
        self.assert_linear({"fold": fold, "words_of_html": words_of_html})

    def assert_linear(self, called):
        """Time that grows with the square would be 64 times as long."""
        for (name, function), (kind, unit) in product(called.items(), UNITS.items()):
            short, long = (
                cpu_seconds(function, long_text(unit, length))
                for length in (LONGEST // 8, LONGEST)
            )
            with self.subTest(function=name, text=kind):
                self.assertLess(long, 24 * max(short, NEGLIGIBLE))

    def test_a_word_with_much_around_it_is_no_stop_word(self):
        match = self.env["whatsapp.clinic.stop.word"]._match
        self.assertTrue(match("  STOP!!! "))
        self.assertFalse(match("STOP" + " " * LONGEST))

    def _receive_and_read(self, message_id, value):
        value["messages"][0]["id"] = message_id
        for event in WHATSAPP.parse(json.dumps(envelope(value)).encode()):
            self.env["whatsapp.clinic.inbound"]._handle(event)
        self.env.flush_all()
        self.env.invalidate_all()
        found = self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", message_id)]
        )
        self.assertTrue(found)
        for record in (found, found.identity_id, found.media_ids):
            record.read()


def _wild_messages():
    """A long text in each place where a patient can write one."""
    yield text_message(WORDS)
    yield message("edit", text={"body": WORDS})
    yield message(
        "image", image={"id": "1", "mime_type": "image/png", "caption": WORDS}
    )
    yield message(
        "document",
        document={"id": "2", "mime_type": WORDS, "filename": WORDS, "caption": WORDS},
    )
    yield message("reaction", reaction={"message_id": "x", "emoji": WORDS})
    yield message("button", button={"text": WORDS, "payload": WORDS})
    yield message(
        "interactive",
        interactive={
            "type": "list_reply",
            "list_reply": {"id": WORDS, "title": WORDS, "description": WORDS},
        },
    )
    yield message(
        "interactive",
        interactive={
            "type": "nfm_reply",
            "nfm_reply": {"response_json": json.dumps({WORDS: WORDS}), "name": WORDS},
        },
    )
    yield message(
        "location",
        location={"latitude": 1, "longitude": 2, "name": WORDS, "address": WORDS},
    )
    yield message(
        "contacts",
        contacts=[
            {
                "name": {"formatted_name": WORDS},
                "phones": [{"phone": WORDS, "wa_id": WORDS}],
                "emails": [{"email": WORDS}],
                "addresses": [{"street": WORDS}],
                "urls": [{"url": WORDS}],
                "origin": "contact_request",
            }
        ],
    )
    yield message("never_heard_of", never_heard_of={"text": WORDS})
    yield text_message("hello", referral={"headline": WORDS, "source_url": WORDS})
    named = text_message("hello")
    named["contacts"][0]["profile"] = {"name": WORDS, "username": WORDS}
    yield named


def cpu_seconds(function, text) -> float:
    """The least of two calls."""
    seconds = []
    for _ in range(2):
        started = time.thread_time()
        function(text)
        seconds.append(time.thread_time() - started)
    return min(seconds)
