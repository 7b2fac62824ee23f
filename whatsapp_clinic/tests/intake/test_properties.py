"""What holds for every webhook, text and order of events."""

import copy
import hashlib
import itertools
import json
import random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from ...controllers.webhook import PATH
from ...tools.text import clean_text
from ..common import AYSE_WA_ID, MARKER, PHONE_NUMBER_ID, SandboxCase
from .test_webhook import envelope, sign, status, text_message

TEXT_LIMIT = 4096
TEMPLATE_UPDATE = {
    "message_template_id": 1,
    "message_template_name": "appointment_reminder",
    "message_template_language": "en",
    "event": "PAUSED",
}
TAP = {
    "messages": [
        {
            "from": AYSE_WA_ID,
            "id": "wamid.tap",
            "timestamp": "1795000000",
            "type": "button",
            "button": {"payload": "confirm:key", "text": "Confirm"},
            "context": {"id": "wamid.out-1"},
        }
    ]
}
SYSTEM = {
    "messages": [
        {
            "from": AYSE_WA_ID,
            "id": "wamid.system",
            "timestamp": "1795000000",
            "type": "system",
            "system": {"type": "user_changed_number", "wa_id": "905321119999"},
        }
    ]
}
PREFERENCE = {
    "user_preferences": [
        {"wa_id": AYSE_WA_ID, "value": "stop", "timestamp": 1795000000}
    ]
}
SOUND = (
    envelope(text_message()),
    envelope(TAP),
    envelope(SYSTEM),
    envelope(status("failed", "key.1", errors=[{"code": 131026}], pricing={})),
    envelope(PREFERENCE, field="user_preferences"),
    envelope(TEMPLATE_UPDATE, field="message_template_status_update"),
    envelope({"event": "PIN_CHANGED"}, field="security"),
)
TEXTS = {
    "emoji of several characters": (
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f"
    ),
    "right to left": "\u202eمرحبا\u202c \u200fשלום\u200e",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufeff",
    "combining": "i\u0307 I\u0307 e\u0301\u0323",
    "line breaks and spaces": " a\r\nb\n\n\tc  \u00a0d ",
    "longest": "ş" * TEXT_LIMIT,
    "longest outside the basic plane": "\U0001f600" * TEXT_LIMIT,
}

bounded = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(["\x00", "\ud83d", "9" * 400, -1, 10**300, PHONE_NUMBER_ID]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
wild_texts = st.text(st.characters() | st.characters(categories=["Cs"]))
message_texts = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]),
    min_size=1,
    max_size=80,
).filter(str.strip)


def shown(examples):
    """Decorate a property with every one of these values as an example."""

    def decorate(test):
        for value in examples:
            test = example(value)(test)
        return test

    return decorate


@st.composite
def spoilt_webhooks(draw):
    """A webhook in which up to three places hold something else, or any JSON at all."""
    body = copy.deepcopy(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(places(body))))
        holder[key] = draw(json_values)
    return draw(st.sampled_from([body, body, body, body["entry"]]))


def places(value):
    """Every (container, key) below a JSON value; the outermost `object` stays."""
    if not isinstance(value, dict | list):
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if key != "object":
            yield value, key
            yield from places(inner)


class PropertyCase(SandboxCase):
    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.consent(self.patient)
        self.numbers = itertools.count()

    def take_in(self, content, **dumped) -> int:
        """Post a signed webhook; returns the HTTP status.

        `dumped` are options of `json.dumps`.
        """
        body = json.dumps(content, **dumped).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": sign(body),
        }
        return self.url_open(PATH, data=body, headers=headers).status_code

    def inbound(self, message_id):
        return self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in"), ("message_id", "=", message_id)]
        )

    def new_id(self) -> str:
        return f"wamid.property-{next(self.numbers)}"


@tagged("post_install", "-at_install")
class TestAnyWebhook(PropertyCase):
    @settings(bounded, max_examples=60)
    @given(spoilt_webhooks())
    def test_signed_json_is_taken_and_never_blocks_the_next_event(self, content):
        message_id = self.new_id()
        self.assertEqual(self.take_in(content), 200)
        self.assertEqual(self.take_in(envelope(text_message("x", message_id))), 200)
        self.process()
        self.assertEqual(self.inbound(message_id).body, "x")
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        event = self.env["whatsapp.clinic.webhook.event"].search(
            [("sha256", "=", digest)]
        )
        self.assertIn(event.state, ("done", "parked"))
        self.assertNotIn(MARKER, event.error or "")

    @settings(bounded, max_examples=20)
    @given(
        st.lists(
            st.sampled_from(["sent", "delivered", "read", "failed"]),
            min_size=1,
            max_size=4,
            unique=True,
        ),
        st.randoms(use_true_random=False),
    )
    def test_statuses_twice_and_in_any_order_end_as_they_do_in_order(
        self, names, dice: random.Random
    ):
        names.sort(key=["sent", "delivered", "read", "failed"].index)
        ordered, shuffled = self.sending(), self.sending()
        for name in names:
            self.take_in(self.told(ordered, name))
        repeated = names * 2
        dice.shuffle(repeated)
        for number, name in enumerate(repeated):
            self.take_in({**self.told(shuffled, name), "copy": number})
        self.process()
        columns = ("state", "reason", "error_code", "detail", "pricing")
        times = ("sent_at", "delivered_at", "read_at", "failed_at")
        for column in (*columns, *times):
            self.assertEqual(shuffled[column], ordered[column], column)

    def sending(self):
        """A message that a dispatcher has just claimed."""
        message = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                }
            ]
        )
        message.write({"state": "sending", "attempts": 1})
        return message

    def told(self, message, name):
        error = {"errors": [{"code": 131026, "title": "x"}]} if name == "failed" else {}
        seconds = 1795000000 + ["sent", "delivered", "read", "failed"].index(name)
        return envelope(
            status(
                name,
                f"{message.key}.1",
                f"wamid.status-{message.id}",
                timestamp=str(seconds),
                pricing={"category": "service"},
                **error,
            )
        )


@tagged("post_install", "-at_install")
class TestAnyText(PropertyCase):
    @shown([(text, True) for text in TEXTS.values()])
    @shown([("a\x00b\ud800c\udfffd", True)])
    @settings(bounded, max_examples=25)
    @given(
        st.tuples(wild_texts, st.just(True)) | st.tuples(message_texts, st.just(False))
    )
    def test_text_of_a_patient_is_stored_as_it_was_written(self, given_text):
        text, escaped = given_text
        message_id = self.new_id()
        webhook = envelope(text_message(text, message_id))
        self.assertEqual(self.take_in(webhook, ensure_ascii=escaped), 200)
        self.process()
        self.assertEqual(self.inbound(message_id).body or "", clean_text(text))

    @shown(TEXTS.values())
    @settings(bounded, max_examples=25)
    @given(message_texts)
    def test_answer_reaches_the_phone_as_it_was_written(self, text):
        self.assertEqual(self.arrived(text), text)

    def test_answer_arrives_with_what_cannot_be_stored_replaced(self):
        self.assertEqual(self.arrived("a\x00b\ud800c"), "a\ufffdb\ufffdc")

    def arrived(self, text):
        """What a patient reads when the clinic answers this to a message.

        Each time another patient: WhatsApp wants six seconds between two to the same.
        """
        wa_id = str(905322000000 + next(self.numbers))
        patient = self.make_patient(f"+{wa_id}")
        self.sandbox.add_patient(f"+{wa_id}")
        self.sandbox.write(wa_id, PHONE_NUMBER_ID, "x")
        self.process()
        answer = self.send_text(patient, text, priority=0)
        self.dispatch()
        self.assertEqual(answer.state, "sent", (answer.reason, answer.detail))
        (message,) = self.sandbox.accepted(to=f"+{wa_id}")
        bubble = self.thread(wa_id)[-1]
        self.assertEqual(message["payload"]["text"]["body"], bubble["text"])
        return bubble["text"]
