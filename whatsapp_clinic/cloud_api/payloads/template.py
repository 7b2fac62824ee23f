"""Messages made of an approved template and what fills it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .checks import (
    PayloadError,
    check_unique,
    checked,
    checked_id,
    message,
    parameter_text,
)
from .definitions import render, template_parts
from .parts import HEADER, Location, MediaHeader

TEMPLATE_BODY = 1024
TEMPLATE_BUTTONS = 10
TEMPLATE_URL = 2000
# Sources say 128 or 256; the smaller one is safe.
TEMPLATE_PAYLOAD = 128
COUPON_CODE = 15
_FLOW_TOKEN = 1024

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


@dataclass(frozen=True)
class QuickReply:
    """What comes back when the patient taps a template's quick reply.

    ``index`` is the place among the template's buttons, from 0.
    """

    index: int
    payload: str = field(repr=False)


@dataclass(frozen=True)
class UrlSuffix:
    """What replaces the variable at the end of a template button's address."""

    index: int
    suffix: str = field(repr=False)


@dataclass(frozen=True)
class CouponCode:
    """What a template's button copies."""

    index: int
    code: str = field(repr=False)


@dataclass(frozen=True)
class FlowStart:
    """What a template's button gives to the form that it opens."""

    index: int
    token: str | None = field(default=None, repr=False)
    data: Mapping | None = field(default=None, repr=False)


Button = QuickReply | UrlSuffix | CouponCode | FlowStart


def template(
    recipient: str,
    name: str,
    language: str,
    *,
    header: str | Mapping[str, str] | MediaHeader | Location | None = None,
    body: Mapping[str, str] | Sequence[str] = (),
    buttons: Sequence[Button] = (),
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a template message.

    ``body`` is a mapping for named and a sequence for positional parameters; ``header``
    likewise a mapping of one name, the text of the only positional parameter, a file
    or a place. Buttons that have nothing to fill, such as those with a phone number,
    are left out.
    """
    if not _NAME.fullmatch(name):
        raise PayloadError("name", "1 to 512 small letters, digits or underscores")
    if not _LANGUAGE.fullmatch(language):
        raise PayloadError("language", "a code of WhatsApp such as tr or en_US")
    content = {"name": name, "language": {"code": language}}
    components = [
        *_header_component(header),
        *_body_component(body),
        *_button_components(buttons),
    ]
    if components:
        content["components"] = components
    return message(recipient, "template", content, reply_to, callback_data)


def check_filled(
    components: Sequence[dict], values: Mapping[tuple[str, str | int], str]
) -> None:
    """Raise PayloadError for a text that is too long once filled (132005).

    ``components`` are Meta's own, ``values`` keyed by (component, name).
    """
    limits = {"HEADER TEXT": HEADER, "BODY": TEMPLATE_BODY}
    for name, part in template_parts(components):
        if name in limits:
            limit, length = limits[name], len(render([part], values))
            if length > limit:
                raise PayloadError(
                    name.split()[0].lower(),
                    f"up to {limit} characters allowed when filled, {length} given",
                )


def _header_component(
    header: str | Mapping[str, str] | MediaHeader | Location | None,
) -> Iterator[dict]:
    if header is not None:
        yield {"type": "header", "parameters": _header_parameters(header)}


def _header_parameters(
    header: str | Mapping[str, str] | MediaHeader | Location,
) -> list[dict]:
    if isinstance(header, MediaHeader):
        return [header.content()]
    if isinstance(header, Location):
        return [{"type": "location", "location": header.content()}]
    values = [header] if isinstance(header, str) else header
    if len(values) != 1:
        raise PayloadError("header", f"1 parameter allowed, {len(values)} given")
    return _parameters("header", values, HEADER)


def _body_component(body: Mapping[str, str] | Sequence[str]) -> Iterator[dict]:
    if body:
        parameters = _parameters("body", body, TEMPLATE_BODY)
        yield {"type": "body", "parameters": parameters}


def _parameters(
    part: str, values: Mapping[str, str] | Sequence[str], limit: int
) -> list[dict]:
    if isinstance(values, Mapping):
        return [
            {
                "type": "text",
                "parameter_name": name,
                "text": parameter_text(f"{part} {name}", value, limit),
            }
            for name, value in values.items()
        ]
    return [
        {"type": "text", "text": parameter_text(f"{part} {number}", value, limit)}
        for number, value in enumerate(values, start=1)
    ]


def _button_components(buttons: Sequence[Button]) -> Iterator[dict]:
    check_unique("button index", [button.index for button in buttons])
    for button in buttons:
        if not 0 <= button.index < TEMPLATE_BUTTONS:
            raise PayloadError("button index", f"0 to {TEMPLATE_BUTTONS - 1} allowed")
        sub_type, parameter = _button_parameter(button)
        yield {
            "type": "button",
            "sub_type": sub_type,
            "parameters": [parameter],
            "index": str(button.index),
        }


def _button_parameter(button: Button) -> tuple[str, dict]:
    part = f"button {button.index}"
    if isinstance(button, QuickReply):
        payload = checked_id(part, button.payload, TEMPLATE_PAYLOAD)
        return "quick_reply", {"type": "payload", "payload": payload}
    if isinstance(button, UrlSuffix):
        suffix = parameter_text(part, button.suffix, TEMPLATE_URL)
        return "url", {"type": "text", "text": suffix}
    if isinstance(button, CouponCode):
        code = parameter_text(part, button.code, COUPON_CODE)
        return "copy_code", {"type": "coupon_code", "coupon_code": code}
    action = {}
    if button.token is not None:
        action["flow_token"] = checked(part, button.token, _FLOW_TOKEN)
    if button.data is not None:
        action["flow_action_data"] = dict(button.data)
    return "flow", {"type": "action", "action": action}
