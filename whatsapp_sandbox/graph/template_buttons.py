"""The buttons of a template: how many of each, what they need, how they stand."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import Any

from .errors import not_one_of
from .template_refusal import MISSING, TOO_LONG, refused

LIMIT = 10
# How many of each type (Cloud API, template components).
LIMITS = {
    "QUICK_REPLY": 10,
    "URL": 2,
    "PHONE_NUMBER": 1,
    "COPY_CODE": 1,
    "FLOW": 1,
    "OTP": 1,
    "VOICE_CALL": 1,
    "REQUEST_CONTACT_INFO": 1,
}
TEXT_LIMIT = 25
URL_LIMIT = 2000
PHONE_LIMIT = 20
CODE_LIMIT = 15
OTP_TYPES = ("COPY_CODE", "ONE_TAP", "ZERO_TAP")
FLOW_SOURCES = ("flow_id", "flow_name", "flow_json")
PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
URL_PLACEHOLDER = "{{1}}"


def check_buttons(component: dict[str, Any] | None, category: str) -> None:
    if component is None:
        return
    buttons = component["buttons"]
    types = [one["type"] for one in buttons]
    if not 1 <= len(buttons) <= LIMIT:
        raise refused(TOO_LONG, "buttons", f"A template has 1 to {LIMIT} buttons.")
    for kind, count in Counter(types).items():
        if kind not in LIMITS:
            raise not_one_of("buttons['type']", ", ".join(LIMITS), kind)
        if count > LIMITS[kind]:
            raise refused(TOO_LONG, "buttons", f"At most {LIMITS[kind]} of {kind}.")
    if [kind for kind, _run in itertools.groupby(types)].count("QUICK_REPLY") > 1:
        raise refused(MISSING, "buttons", "Quick replies must stand together.")
    if ("OTP" in types) != (category == "AUTHENTICATION"):
        raise refused(MISSING, "buttons", "OTP is for authentication templates only.")
    for button in buttons:
        CHECKS[button["type"]](button)


def check_text(button: dict[str, Any]) -> None:
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        raise refused(MISSING, "buttons", "A button needs a text.")
    if len(text) > TEXT_LIMIT:
        raise refused(TOO_LONG, "buttons", f"At most {TEXT_LIMIT} characters.")
    if PLACEHOLDER.search(text):
        raise refused(MISSING, "buttons", "The text of a button has no variables.")


def check_url(button: dict[str, Any]) -> None:
    check_text(button)
    url = button.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise refused(MISSING, "buttons", "A link button needs a url.")
    if len(url) > URL_LIMIT:
        raise refused(TOO_LONG, "buttons", f"A url has at most {URL_LIMIT} characters.")
    placeholders = PLACEHOLDER.findall(url)
    if not placeholders:
        return
    if placeholders != [URL_PLACEHOLDER] or not url.endswith(URL_PLACEHOLDER):
        raise refused(MISSING, "buttons", "A url has one variable, at its end.")
    examples = button.get("example")
    if not isinstance(examples, list) or len(examples) != 1 or not examples[0]:
        raise refused(MISSING, "buttons", "A url with a variable needs an example.")


def check_phone(button: dict[str, Any]) -> None:
    check_text(button)
    phone = button.get("phone_number")
    if not isinstance(phone, str) or not 1 <= len(phone) <= PHONE_LIMIT:
        raise refused(TOO_LONG, "buttons", f"A phone has 1 to {PHONE_LIMIT} digits.")


def check_copy_code(button: dict[str, Any]) -> None:
    example = button.get("example")
    code = example[0] if isinstance(example, list) and example else example
    if not isinstance(code, str) or not 1 <= len(code) <= CODE_LIMIT:
        raise refused(TOO_LONG, "buttons", f"A code has 1 to {CODE_LIMIT} characters.")


def check_flow(button: dict[str, Any]) -> None:
    check_text(button)
    if sum(bool(button.get(key)) for key in FLOW_SOURCES) != 1:
        raise refused(MISSING, "buttons", "A flow button needs one flow.")


def check_otp(button: dict[str, Any]) -> None:
    kind = str(button.get("otp_type", "")).upper()
    if kind not in OTP_TYPES:
        raise not_one_of("buttons['otp_type']", ", ".join(OTP_TYPES), kind)


def labelled_by_whatsapp(button: dict[str, Any]) -> None:
    """It needs nothing but its type."""


CHECKS = {
    "QUICK_REPLY": check_text,
    "URL": check_url,
    "PHONE_NUMBER": check_phone,
    "COPY_CODE": check_copy_code,
    "FLOW": check_flow,
    "OTP": check_otp,
    "VOICE_CALL": check_text,
    "REQUEST_CONTACT_INFO": labelled_by_whatsapp,
}
