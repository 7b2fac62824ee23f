"""What holds for everything that WhatsApp, or who knows its secret, may send."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import errors, webhooks
from whatsapp_clinic.cloud_api.errors import Action, policy
from whatsapp_clinic.cloud_api.webhooks import InboundMessage, MalformedWebhook

bounded = settings(max_examples=300, derandomize=True, deadline=None, database=None)

LONGEST_GROWN_DELAY = 6 * 3600.0
NUMBER = {"phone_number_id": "100000000000001"}
PATIENT = {"wa_id": "905321110001", "profile": {"name": "Ayşe"}}
HEAD = {"from": "905321110001", "id": "wamid.IN", "timestamp": "1795000000"}
GOOD = {**HEAD, "id": "wamid.GOOD", "type": "text", "text": {"body": "Merhaba"}}
STATUS = {
    "id": "wamid.OUT",
    "status": "failed",
    "timestamp": "1795000000",
    "recipient_id": "905321110001",
    "biz_opaque_callback_data": "key.1",
    "pricing": {"category": "utility"},
    "errors": [{"code": 131026, "title": "x", "error_data": {"details": "y"}}],
}
PREFERENCE = {"wa_id": "905321110001", "value": "stop", "timestamp": 1795000000}
# One value of each kind that the parser reads, as Meta documents them.
VALUES = (
    {"metadata": NUMBER, "contacts": [PATIENT], "messages": [GOOD]},
    {
        "metadata": NUMBER,
        "messages": [
            {
                **HEAD,
                "type": "button",
                "button": {"payload": "confirm:key", "text": "Confirm"},
                "context": {"id": "wamid.OUT"},
            }
        ],
    },
    {
        "metadata": NUMBER,
        "messages": [
            {
                **HEAD,
                "type": "system",
                "system": {"type": "user_changed_number", "wa_id": "905321110002"},
            }
        ],
    },
    {"metadata": NUMBER, "statuses": [STATUS]},
    {"metadata": NUMBER, "user_preferences": [PREFERENCE]},
    {
        "message_template_id": 1,
        "message_template_name": "reminder",
        "message_template_language": "en-US",
        "event": "APPROVED",
    },
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(["\x00", "\ud83d", "9" * 400, -1, 10**300, "inf", "1e999"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


@st.composite
def spoilt_envelopes(draw) -> dict:
    """A documented webhook in which up to three places hold something else."""
    value = draw(st.sampled_from(VALUES))
    change = {"field": "messages", "value": copy.deepcopy(value)}
    envelope = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "200000000000001", "changes": [change]}],
    }
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(_places(envelope))))
        holder[key] = draw(json_values)
    return envelope


def _places(value) -> Iterator[tuple[dict | list, str | int]]:
    """Every (container, key) below a JSON value; the outermost `object` stays."""
    if not isinstance(value, dict | list):
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if key != "object":
            yield value, key
            yield from _places(inner)


@bounded
@given(json_values)
def test_any_json_is_parsed_or_malformed(value):
    with suppress(MalformedWebhook):
        assert isinstance(webhooks.parse(json.dumps(value).encode()), list)


@bounded
@given(spoilt_envelopes())
def test_a_spoilt_webhook_is_parsed_and_its_events_show_no_text(envelope):
    for event in webhooks.parse(json.dumps(envelope).encode()):
        assert "Merhaba" not in repr(event)


@bounded
@given(spoilt_envelopes())
def test_a_spoilt_change_does_not_lose_a_good_one(envelope):
    good = {"field": "messages", "value": VALUES[0]}
    envelope["entry"] = [envelope["entry"], {"id": "1", "changes": [good]}]
    *_, last = webhooks.parse(json.dumps(envelope).encode())
    assert isinstance(last, InboundMessage)
    assert last.message_id == "wamid.GOOD"


@bounded
@given(st.text(), st.booleans())
def test_any_text_is_read_as_it_was_written(text, escaped):
    value = copy.deepcopy(VALUES[0])
    value["messages"][0]["text"]["body"] = text
    change = {"field": "messages", "value": value}
    body = json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]},
        ensure_ascii=escaped,
    )
    (event,) = webhooks.parse(body.encode())
    assert event.text == text


@bounded
@given(
    st.integers() | st.sampled_from([errors.NO_CODE, 0, 190, 130429, 131049, 131056]),
    st.none() | st.integers(100, 599),
    st.none() | st.integers(),
    st.integers(1, 10_000),
    st.floats(0, 1, exclude_max=True),
)
def test_every_code_has_a_policy_with_a_cure_and_a_bounded_wait(
    code, http_status, subcode, attempt, chance
):
    found = policy(code, http_status, subcode)
    assert isinstance(found.action, Action)
    assert found.title
    assert found.cure
    delay = found.delay(attempt, lambda: chance)
    assert 0 <= delay <= 1.25 * max(found.first_delay, LONGEST_GROWN_DELAY)
    if found.action in (Action.GIVE_UP, Action.OPT_OUT):
        assert not found.allows_another(attempt)


@bounded
@given(st.integers(), st.none() | st.integers(100, 599), st.integers(1, 50))
def test_a_wait_does_not_get_shorter_with_the_attempts(code, http_status, attempt):
    found = policy(code, http_status)
    first = found.delay(attempt, lambda: 0.0)
    assert first <= found.delay(attempt + 1, lambda: 0.0)
