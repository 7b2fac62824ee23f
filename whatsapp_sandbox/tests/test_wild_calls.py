"""Whatever a call says, the answer is one of the Graph API's, never a crash."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import APP, BUSINESS, NUMBER, PATIENT, TOKEN, card, error

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
FLOW = {"flow_message_version": "3", "flow_id": "1", "flow_cta": "a"}
FORM = {"name": "flow", "parameters": FLOW}
IMAGE = {"type": "image", "image": {"link": "http://127.0.0.1:9/a"}}
MESSAGE = {
    "messaging_product": "whatsapp",
    "to": PATIENT,
    "context": {"message_id": "wamid.x"},
    "location": {"latitude": "1", "longitude": 2, "name": "a", "address": "b"},
    "contacts": [{"name": {"formatted_name": "a"}, "phones": [], "birthday": "x"}],
    "reaction": {"message_id": "wamid.x", "emoji": "👍"},
    "interactive": {"type": "flow", "body": {"text": "a"}, "action": FORM},
    "audio": {"link": "http://127.0.0.1:9/a", "voice": True},
    "template": {
        "name": "with_image",
        "language": {"code": "en"},
        "components": [{"type": "header", "parameters": [IMAGE]}],
    },
}
CAROUSEL = {
    "name": "treatments",
    "language": {"code": "en"},
    "components": [
        {
            "type": "carousel",
            "cards": [
                {
                    "card_index": 0,
                    "components": [{"type": "header", "parameters": [IMAGE]}],
                }
            ],
        }
    ],
}
KINDS = ("location", "contacts", "reaction", "interactive", "audio", "template")
TEMPLATE = {
    "name": "wild",
    "language": "en",
    "category": "UTILITY",
    "parameter_format": "NAMED",
    "message_send_ttl_seconds": 60,
    "components": [
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}},
        {
            "type": "BODY",
            "text": "Hello {{name}}.",
            "example": {
                "body_text_named_params": [{"param_name": "name", "example": "a"}]
            },
        },
        {"type": "FOOTER", "text": "a"},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "a"}]},
    ],
}
TEMPLATE_WITH_CARDS = {
    "name": "wild_cards",
    "language": "en",
    "category": "MARKETING",
    "components": [
        {"type": "BODY", "text": "a"},
        {"type": "CAROUSEL", "cards": [card("Dr. {{1}} here."), card("a")]},
    ],
}
CALLS = {
    f"{NUMBER}/messages": [
        *({**MESSAGE, "type": kind} for kind in KINDS),
        {**MESSAGE, "type": "template", "template": CAROUSEL},
    ],
    f"{BUSINESS}/message_templates": [TEMPLATE, TEMPLATE_WITH_CARDS],
    f"{NUMBER}/whatsapp_business_profile": [
        {
            "messaging_product": "whatsapp",
            "about": "a",
            "websites": ["https://a.example"],
            "vertical": "HEALTH",
            "email": "a@b.example",
        }
    ],
    f"{NUMBER}/block_users": [
        {"messaging_product": "whatsapp", "block_users": [{"user": PATIENT}]}
    ],
    f"{NUMBER}/register": [{"messaging_product": "whatsapp", "pin": "123456"}],
    f"{APP}/uploads": [{"file_name": "a", "file_length": 1, "file_type": "image/png"}],
}


def places(value: object, path: tuple = ()) -> list[tuple]:
    """The paths of all that is inside ``value``."""
    if isinstance(value, dict):
        inside = list(value.items())
    else:
        inside = list(enumerate(value)) if isinstance(value, list) else []
    found = [path] if path else []
    for key, one in inside:
        found += places(one, (*path, key))
    return found


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict]:
    """A call that is right but for one or two places."""
    path = draw(st.sampled_from(sorted(CALLS)))
    body = copy.deepcopy(draw(st.sampled_from(CALLS[path])))
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(places(body) or [("x",)]))
        target = body
        for key in way:
            target = target[key]
        target[last] = draw(JSON)
    return path, body


@pytest.mark.parametrize(
    "path", [f"{NUMBER}/messages", f"{BUSINESS}/message_templates"]
)
def test_a_body_that_is_too_large_is_refused(whatsapp, path):
    body = b'{"messaging_product": "whatsapp"' + b" " * 5_000_000 + b"}"
    headers = {"Content-Type": "application/json"}
    answer = whatsapp.graph("POST", f"/v26.0/{path}", data=body, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"--b", b"--b\r\n", b"--b--\r\n", b"--b\r\nContent-Disposition: x\r\n\r\ny"],
)
@pytest.mark.parametrize("boundary", ["; boundary=b", ""])
def test_a_broken_form_is_100(whatsapp, body, boundary):
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    path = f"/v26.0/{NUMBER}/media"
    answer = whatsapp.graph("POST", path, data=body, headers=headers)
    assert error(answer)["code"] == 100


def test_a_part_of_an_upload_that_comes_twice_at_once_is_taken_once(whatsapp):
    query = {"file_name": "a", "file_length": "4000000", "file_type": "image/png"}
    begun = whatsapp.graph("POST", f"/v26.0/{APP}/uploads", params=query).json()["id"]

    def take(_number: int) -> int:
        headers = {"Authorization": f"Bearer {TOKEN}", "file_offset": "0"}
        address = f"{whatsapp.url}/v26.0/{begun}"
        body = bytes(1_000_000)
        return requests.post(
            address, data=body, headers=headers, timeout=10
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(take, range(4)))
    assert codes == [200, 400, 400, 400]


def test_an_endless_length_of_an_upload_is_100(whatsapp):
    body = b'{"file_name": "a", "file_type": "image/png", "file_length": 1e999}'
    headers = {"Content-Type": "application/json"}
    answer = whatsapp.graph("POST", f"/v26.0/{APP}/uploads", data=body, headers=headers)
    assert error(answer)["code"] == 100


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(call=calls())
def test_a_wrong_part_never_breaks_the_sandbox(whatsapp, call):
    whatsapp.switch(pair_limit=False, throughput_limit=False)
    path, body = call
    answer = whatsapp.post(path, **body)
    content = answer.json()
    if answer.status_code != 200:
        assert content["error"]["code"]
        assert answer.status_code < 500
