"""A member that the Graph API does not know is refused, wherever it stands."""

from __future__ import annotations

import copy

import pytest

from .conftest import (
    REMINDER_VALUES,
    body_of,
    buttons,
    envelope,
    error,
    quick_reply,
    template_message,
    text,
)

PLACE = {"latitude": "41.0", "longitude": "29.0"}
CARD = {
    "name": {"formatted_name": "Ayşe"},
    "phones": [{"phone": "+905321110001"}],
    "org": {"company": "Kadıköy"},
}
ROW = {"id": "1", "title": "Monday"}
LIST = {
    "type": "list",
    "body": {"text": "Which day?"},
    "action": {"button": "Days", "sections": [{"rows": [ROW]}]},
}
LINK = {
    "type": "cta_url",
    "body": {"text": "Look"},
    "footer": {"text": "Clinic"},
    "action": {
        "name": "cta_url",
        "parameters": {"display_text": "Open", "url": "https://example.com"},
    },
}
FLOW = {
    "type": "flow",
    "body": {"text": "Fill"},
    "action": {
        "name": "flow",
        "parameters": {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Go"},
    },
}
HEADED = {
    **copy.deepcopy(LIST),
    "header": {"type": "text", "text": "Days"},
}
PICTURED = {
    **copy.deepcopy(LINK),
    "header": {"type": "image", "image": {"link": "http://127.0.0.1:9/a.png"}},
}
REMINDER = template_message(
    "appointment_reminder", [body_of(**REMINDER_VALUES), quick_reply(0, "key")], "tr"
)
WITH_IMAGE = template_message(
    "with_image",
    [
        {
            "type": "header",
            "parameters": [
                {"type": "image", "image": {"link": "http://127.0.0.1:9/a.png"}}
            ],
        }
    ],
)
CAROUSEL = template_message(
    "treatments",
    [
        {
            "type": "carousel",
            "cards": [{"card_index": 0, "components": [{"type": "body"}]}],
        }
    ],
)
CASES = [
    (text(), ("text",), "text"),
    (text(context={"message_id": "wamid.x"}), ("context",), "context"),
    (envelope("location", PLACE), ("location",), "location"),
    (envelope("image", {"id": "1"}), ("image",), "image"),
    (
        envelope("reaction", {"message_id": "wamid.x", "emoji": "👍"}),
        ("reaction",),
        "reaction",
    ),
    (envelope("contacts", [CARD]), ("contacts", 0), "contacts[0]"),
    (
        envelope("contacts", [CARD]),
        ("contacts", 0, "name"),
        "contacts[0]['name']",
    ),
    (
        envelope("contacts", [CARD]),
        ("contacts", 0, "phones", 0),
        "contacts[0]['phones'][0]",
    ),
    (envelope("contacts", [CARD]), ("contacts", 0, "org"), "contacts[0]['org']"),
    (envelope("interactive", LIST), ("interactive",), "interactive"),
    (
        envelope("interactive", LIST),
        ("interactive", "body"),
        "interactive['body']",
    ),
    (
        envelope("interactive", LIST),
        ("interactive", "action"),
        "interactive['action']",
    ),
    (
        envelope("interactive", LIST),
        ("interactive", "action", "sections", 0),
        "interactive['action']['sections'][0]",
    ),
    (
        envelope("interactive", LIST),
        ("interactive", "action", "sections", 0, "rows", 0),
        "interactive['action']['sections'][0]",
    ),
    (
        envelope("interactive", HEADED),
        ("interactive", "header"),
        "interactive['header']",
    ),
    (
        envelope("interactive", PICTURED),
        ("interactive", "header", "image"),
        "interactive['header']['image']",
    ),
    (envelope("interactive", LINK), ("interactive", "footer"), "interactive['footer']"),
    (
        envelope("interactive", LINK),
        ("interactive", "action", "parameters"),
        "interactive['action']['parameters']",
    ),
    (
        envelope("interactive", FLOW),
        ("interactive", "action", "parameters"),
        "interactive['action']['parameters']",
    ),
    (
        buttons(("1", "Monday")),
        ("interactive", "action", "buttons", 0),
        "interactive['action']['buttons'][0]",
    ),
    (
        buttons(("1", "Monday")),
        ("interactive", "action", "buttons", 0, "reply"),
        "interactive['action']['buttons'][0]['reply']",
    ),
    (REMINDER, ("template",), "template"),
    (REMINDER, ("template", "language"), "template['language']"),
    (
        REMINDER,
        ("template", "components", 0),
        "template['components'][0]",
    ),
    (
        REMINDER,
        ("template", "components", 0, "parameters", 0),
        "template['components'][0]['parameters'][0]",
    ),
    (
        WITH_IMAGE,
        ("template", "components", 0, "parameters", 0, "image"),
        "header",
    ),
    (CAROUSEL, ("template", "components", 0), "template['components'][0]"),
    (
        CAROUSEL,
        ("template", "components", 0, "cards", 0),
        "template['components'][0]['cards'][0]",
    ),
    (
        CAROUSEL,
        ("template", "components", 0, "cards", 0, "components", 0),
        "template['components'][0]['cards'][0]['components'][0]",
    ),
]


@pytest.mark.parametrize(("payload", "way", "told"), CASES)
def test_an_unknown_member_is_refused_and_told(whatsapp, payload, way, told):
    payload = copy.deepcopy(payload)
    target = payload
    for key in way:
        target = target[key]
    target["surprise"] = "a"
    found = error(whatsapp.send(payload))
    assert found["code"] == 100
    assert found["message"] == f'(#100) Unexpected key "surprise" on param "{told}".'


def test_a_preview_is_wanted_or_not(whatsapp):
    payload = text()
    payload["text"]["preview_url"] = "perhaps"
    assert error(whatsapp.send(payload))["code"] == 100


def test_a_quoted_message_is_named_by_a_text(whatsapp):
    assert error(whatsapp.send(text(context={"message_id": 7})))["code"] == 100


def test_typing_is_that_of_a_text(whatsapp):
    message_id = whatsapp.write()
    payload = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message_id,
        "typing_indicator": {"type": "voice"},
    }
    assert error(whatsapp.send(payload))["code"] == 100
