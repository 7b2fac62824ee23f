"""Authentication templates: the code in the text, and behind the button that copies."""

from __future__ import annotations

import pytest

from .conftest import (
    BUSINESS,
    accepted,
    body_of,
    error,
    template_message,
    wait_until,
)

DEFINITION = {
    "name": "verification",
    "language": "en",
    "category": "AUTHENTICATION",
    "components": [
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 5},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
    ],
}


@pytest.fixture
def approved(whatsapp):
    """The sandbox, where an authentication template was approved."""
    answer = whatsapp.post(f"{BUSINESS}/message_templates", **DEFINITION)
    assert answer.status_code == 200, answer.json()
    whatsapp.pass_time(hours=1)
    return whatsapp


def button(code: str, sub_type: str = "url") -> dict:
    return {
        "type": "button",
        "sub_type": sub_type,
        "index": "0",
        "parameters": [{"type": "text", "text": code}],
    }


def message(*components: dict) -> dict:
    return template_message("verification", components)


def test_a_code_arrives_in_the_text_and_behind_the_button(approved):
    accepted(approved.send(message(body_of("J$FpnYnP"), button("J$FpnYnP"))))
    (shown,) = wait_until(approved.thread)
    assert shown["text"].startswith("*J$FpnYnP* is your verification code.")
    assert shown["footer"] == "This code expires in 5 minutes."
    assert shown["buttons"] == [
        {"index": 0, "kind": "otp", "title": "Copy code", "payload": "J$FpnYnP"}
    ]


def test_a_code_has_15_characters_at_most(approved):
    accepted(approved.send(message(body_of("x" * 15), button("x" * 15))))
    answer = approved.send(message(body_of("x" * 16), button("x" * 16)))
    assert error(answer)["code"] == 131009


def test_the_text_and_the_button_have_the_same_code(approved):
    answer = approved.send(message(body_of("123456"), button("654321")))
    assert error(answer)["code"] == 131009


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([body_of("123456")], 131008),
        ([button("123456")], 132000),
        ([body_of("123456"), button("123456", "otp")], 132012),
        ([body_of("123456"), button("123456", "copy_code")], 132012),
    ],
)
def test_a_code_is_sent_as_whatsapp_wants_it(approved, components, code):
    assert error(approved.send(message(*components)))["code"] == code
