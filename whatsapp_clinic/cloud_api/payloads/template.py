"""Messages made of an approved template and what fills it."""

import re
import unicodedata
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
from .definitions import card_values, render, template_cards, template_parts
from .parts import HEADER, Location, MediaHeader

TEMPLATE_BODY = 1024
TEMPLATE_BUTTONS = 10
TEMPLATE_URL = 2000
# Sources say 128 or 256; the smaller one is safe.
TEMPLATE_PAYLOAD = 128
CARDS = (2, 10)
CARD_BODY = 160
COUPON_CODE = 15
_ONE_TIME_CODE = 15
_FLOW_TOKEN = 1024

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_SCHEME = re.compile(r"\s*[a-zA-Z][a-zA-Z0-9+.-]*://")
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


@dataclass(frozen=True)
class OneTimeCode:
    """The code of an authentication template once more, for the button to copy."""

    index: int
    code: str = field(repr=False)


Button = QuickReply | UrlSuffix | CouponCode | FlowStart | OneTimeCode


@dataclass(frozen=True)
class Card:
    """What fills a card of a carousel: picture or video, parameters, buttons."""

    header: MediaHeader
    body: Mapping[str, str] | Sequence[str] = field(default=(), repr=False)
    buttons: Sequence[Button] = ()


def template(
    recipient: str,
    name: str,
    language: str,
    *,
    header: str | Mapping[str, str] | MediaHeader | Location | None = None,
    body: Mapping[str, str] | Sequence[str] = (),
    buttons: Sequence[Button] = (),
    cards: Sequence[Card] = (),
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a template message.

    ``body`` is a mapping for named and a sequence for positional parameters; ``header``
    likewise a mapping of one name, the text of the only positional parameter, a file
    or a place. Buttons that have nothing to fill, such as those with a phone number,
    are left out. ``cards`` are all of a carousel, in the order of the template's (Cloud
    API, media card carousel templates). A one-time code goes to phone numbers alone
    (131062).
    """
    if not _NAME.fullmatch(name):
        raise PayloadError("name", "1 to 512 small letters, digits or underscores")
    if not _LANGUAGE.fullmatch(language):
        raise PayloadError("language", "a code of WhatsApp such as tr or en_US")
    has_code = any(isinstance(button, OneTimeCode) for button in buttons)
    if has_code and not recipient.startswith("+"):
        raise PayloadError(
            "recipient", "a one-time code needs a phone number, not a user id"
        )
    content = {"name": name, "language": {"code": language}}
    components = [
        *_header_component(header),
        *_body_component(body),
        *_button_components(buttons),
        *_carousel_component(cards),
    ]
    if components:
        content["components"] = components
    return message(recipient, "template", content, reply_to, callback_data)


def check_filled(
    components: Sequence[dict],
    values: Mapping[tuple[str, str | int], str],
    body_limit: int = TEMPLATE_BODY,
) -> None:
    """Raise PayloadError for a text that is too long once filled (132005).

    ``components`` are Meta's own, ``values`` keyed by (component, name).
    """
    for index, card in enumerate(template_cards(components)):
        check_filled(card, card_values(values, index), CARD_BODY)
    limits = {"HEADER TEXT": HEADER, "BODY": body_limit}
    for name, part in template_parts(components):
        if name in limits:
            limit, length = limits[name], len(render([part], values))
            if length > limit:
                raise PayloadError(
                    name.split()[0].lower(),
                    f"up to {limit} characters allowed when filled, {length} given",
                )


def card_buttons(
    definition: Sequence[dict],
    values: Mapping[tuple[str, str | int], str],
    payload: str,
) -> list[Button]:
    """What fills the buttons of a card: ``payload`` comes back from its answers.

    ``definition`` are the card's components, ``values`` its own.
    """
    ends = {component: text for (component, _name), text in values.items()}
    kinds = [name for name, _part in template_parts(definition) if "BUTTON " in name]
    buttons = []
    for index, kind in enumerate(kinds):
        if kind == "BUTTON QUICK_REPLY":
            buttons.append(QuickReply(index, payload))
        elif f"button:{index}" in ends:
            buttons.append(UrlSuffix(index, ends[f"button:{index}"]))
    return buttons


def _carousel_component(cards: Sequence[Card]) -> Iterator[dict]:
    if not cards:
        return
    least, most = CARDS
    if not least <= len(cards) <= most:
        raise PayloadError("cards", f"{least} to {most} allowed, {len(cards)} given")
    kinds = {card.header.kind for card in cards}
    if len(kinds) > 1 or not kinds <= {"image", "video"}:
        raise PayloadError("cards", "either all images or all videos")
    yield {
        "type": "carousel",
        "cards": [
            {
                "card_index": index,
                "components": [
                    *_header_component(card.header),
                    *_body_component(card.body),
                    *_button_components(card.buttons),
                ],
            }
            for index, card in enumerate(cards)
        ],
    }


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
        suffix = _end_of_address(part, button.suffix)
        return "url", {"type": "text", "text": suffix}
    if isinstance(button, CouponCode):
        code = parameter_text(part, button.code, COUPON_CODE)
        return "copy_code", {"type": "coupon_code", "coupon_code": code}
    if isinstance(button, OneTimeCode):
        return "url", {"type": "text", "text": _one_time_code(button.code)}
    action = {}
    if button.token is not None:
        action["flow_token"] = checked(part, button.token, _FLOW_TOKEN)
    if button.data is not None:
        action["flow_action_data"] = dict(button.data)
    return "flow", {"type": "action", "action": action}


def _end_of_address(part: str, suffix: str) -> str:
    """WhatsApp appends it as it is to the address of the template."""
    if _SCHEME.match(suffix):
        raise PayloadError(part, "only the end of an address, not a whole one")
    if re.search(r"\s", suffix.strip()):
        raise PayloadError(part, "an address has no blanks")
    return parameter_text(part, suffix, TEMPLATE_URL)


def _one_time_code(code: str) -> str:
    """Addresses and emoji are not possible (Cloud API, authentication templates)."""
    part = "one-time code"
    if "://" in code or any(unicodedata.category(one) == "So" for one in code):
        raise PayloadError(part, "no address and no emoji allowed")
    return parameter_text(part, code, _ONE_TIME_CODE)
