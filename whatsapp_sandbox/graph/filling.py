"""Templates as they are sent: their shape, then their parameters.

A card of a carousel is filled like a small template.
"""

from __future__ import annotations

import re
from typing import Any

from ..template import VARIABLE, Content, Parts, Template
from .content import (
    button_dict,
    contact_request,
    need,
    only,
    place,
    put_header_file,
    text_between,
)
from .errors import GraphError, bad_value, invalid, missing, not_one_of

HYDRATED_BODY_LIMIT = 1024
HYDRATED_HEADER_LIMIT = 60
COUPON_LIMIT = CODE_LIMIT = 15
CARD_COMPONENT_TYPES = ("header", "body", "button")
COMPONENT_TYPES = (*CARD_COMPONENT_TYPES, "carousel")
PARTS = ("name", "language", "components")
COMPONENT_PARTS = ("type", "sub_type", "index", "parameters")
# The types of parameters, and what each has beside its type.
PARAMETERS = {
    "text": ("text", "parameter_name"),
    "image": ("image",),
    "video": ("video",),
    "document": ("document",),
    "location": ("location",),
    "payload": ("payload",),
    "coupon_code": ("coupon_code",),
    "action": ("action",),
    "currency": ("currency", "parameter_name"),
    "date_time": ("date_time", "parameter_name"),
}
# The types of parameters that stand for a variable in a text.
TEXT_PARAMETERS = ("text", "currency", "date_time")
# The types of parameters a button takes, where it takes one; the first is the usual.
BUTTON_PARAMETERS = {
    "quick_reply": ("payload", "text"),
    "url": ("text",),
    "otp": ("text",),
    "copy_code": ("coupon_code",),
    "flow": ("action",),
}
FORBIDDEN_IN_TEXT = re.compile(r"[\n\r\t]| {5,}")
# The type of a button in a send, where it is not the one in the template.
SENT_AS = {"OTP": "URL"}
# What is on a button that copies, where the template does not say it.
COPY_TEXTS = {"copy_code": "Copy offer code", "otp": "Copy code"}
STATUS_ERRORS = {"PAUSED": 132015, "DISABLED": 132016}


def shape(content: Any) -> Content:
    """Check what can be checked without knowing the template."""
    need(content, "name", "template")
    need(need(content, "language", "template"), "code", "template['language']")
    only(content, PARTS, "template")
    only(content["language"], ("code", "policy"), "template['language']")
    for component, path in members(content, "components", "template"):
        component_shape(component, path, COMPONENT_TYPES)
    return Content("template", template=content["name"])


def members(container: dict[str, Any], key: str, path: str) -> list[tuple[Any, str]]:
    """What is in an array that may be missing, each with its own path."""
    found, where = container.get(key) or [], f"{path}['{key}']"
    if not isinstance(found, list):
        raise GraphError(100, message=f"(#100) Param {where} must be an array.")
    return [(one, f"{where}[{position}]") for position, one in enumerate(found)]


def component_shape(component: Any, path: str, kinds: tuple[str, ...]) -> None:
    kind = str(need(component, "type", path)).lower()
    if kind not in kinds:
        raise not_one_of(f"{path}['type']", ", ".join(kinds), kind)
    if kind == "carousel":
        carousel_shape(component, path)
        return
    only(component, COMPONENT_PARTS, path)
    for parameter, where in members(component, "parameters", path):
        parameter_shape(parameter, where)


def carousel_shape(component: dict[str, Any], path: str) -> None:
    only(component, ("type", "cards"), path)
    need(component, "cards", path)
    for card, card_path in members(component, "cards", path):
        need(card, "card_index", card_path)
        only(card, ("card_index", "components"), card_path)
        for part, part_path in members(card, "components", card_path):
            component_shape(part, part_path, CARD_COMPONENT_TYPES)


def parameter_shape(parameter: Any, path: str) -> None:
    kind = need(parameter, "type", path)
    if not isinstance(kind, str) or kind.lower() not in PARAMETERS:
        raise not_one_of(f"{path}['type']", ", ".join(PARAMETERS), kind)
    only(parameter, ("type", *PARAMETERS[kind.lower()]), path)


def choose(
    templates: dict[tuple[str, str], Template], content: dict[str, Any]
) -> Template:
    """The approved template with this name and language; there is no fallback."""
    name, language = content["name"], content["language"]["code"]
    template = templates.get((str(name), str(language)))
    if template is None:
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    if template.status in STATUS_ERRORS:
        raise GraphError(STATUS_ERRORS[template.status])
    if template.status != "APPROVED":
        raise GraphError(132001, f"template name ({name}) is not approved")
    return template


def fill(template: Template, content: dict[str, Any], payload_limit: int) -> Content:
    """Put the parameters in, or raise the error that WhatsApp gives."""
    shown = filled(template.parts, content.get("components") or [], payload_limit)
    shown.template = template.name
    shown.template_id = template.id
    shown.category = template.category.lower()
    shown.ttl_seconds = template.ttl_seconds
    return shown


def filled(
    parts: Parts, components: list[dict[str, Any]], payload_limit: int
) -> Content:
    """What the patient sees of ``parts`` with the parameters in ``components``."""
    given = given_parameters(parts, components)
    body = filled_text(parts, "body", given.get("body", []))
    if body is not None and len(body) > HYDRATED_BODY_LIMIT:
        raise GraphError(132005, f"body: longer than {HYDRATED_BODY_LIMIT} characters")
    shown = Content(
        type="template",
        text=body,
        footer=parts.text("footer", {}),
        buttons=[
            filled_button(index, button, given.get(index, []), payload_limit)
            for index, button in enumerate(parts.buttons)
        ],
    )
    check_code(shown, given.get("body", []))
    put_header(shown, parts, given.get("header", []))
    cards = given_cards(parts, given.get("carousel", []))
    shown.carousel = [
        filled_card(index, card, cards[index], payload_limit)
        for index, card in enumerate(parts.cards)
    ]
    return shown


def given_parameters(
    parts: Parts, components: list[dict[str, Any]]
) -> dict[str | int, list[dict[str, Any]]]:
    """The parameters of header, body and each button's index; none stands twice.

    A carousel has its cards in the place of parameters.
    """
    given: dict[str | int, list[dict[str, Any]]] = {}
    for component in components:
        kind = component["type"].lower()
        part = button_index(component, parts) if kind == "button" else kind
        if part in given:
            raise invalid(f"template: there are two components for {part}")
        given[part] = component.get("cards") or component.get("parameters") or []
    return given


def given_cards(
    parts: Parts, cards: list[dict[str, Any]]
) -> dict[int, list[dict[str, Any]]]:
    """The components of each card by its index; every defined one is there once."""
    given: dict[int, list[dict[str, Any]]] = {}
    for card in cards:
        index = card["card_index"]
        if type(index) is not int or index not in range(len(parts.cards)):
            raise GraphError(132012, f"carousel: there is no card at index {index}")
        if index in given:
            raise invalid(f"carousel: there are two cards at index {index}")
        given[index] = card.get("components") or []
    if len(given) != len(parts.cards):
        raise GraphError(
            132000,
            f"carousel: number of cards ({len(given)}) does not match the expected"
            f" number of cards ({len(parts.cards)})",
        )
    return given


def filled_card(
    index: int, card: Parts, components: list[dict[str, Any]], payload_limit: int
) -> Content:
    """An error tells the card that it is about."""
    try:
        return filled(card, components, payload_limit)
    except GraphError as error:
        error.details = f"card {index}: {error.details or error.message}"
        raise


def put_header(shown: Content, parts: Parts, parameters: list[dict[str, Any]]) -> None:
    if parts.header_format in (None, "TEXT"):
        shown.header = filled_text(parts, "header", parameters)
        if shown.header is not None and len(shown.header) > HYDRATED_HEADER_LIMIT:
            raise GraphError(
                132005, f"header: longer than {HYDRATED_HEADER_LIMIT} characters"
            )
        return
    put_file_or_place(shown, parts.header_format, parameters)


def put_file_or_place(
    shown: Content, expected: str, parameters: list[dict[str, Any]]
) -> None:
    received = parameters[0]["type"].upper() if parameters else "UNKNOWN"
    if received != expected or len(parameters) > 1:
        raise GraphError(
            132012,
            f"header: Format mismatch, expected {expected}, received {received}",
        )
    kind = expected.lower()
    content = need(parameters[0], kind, "header")
    shown.header = f"[{kind}]"
    if expected == "LOCATION":
        shown.place = place(content, "header")
    else:
        put_header_file(shown, kind, content, "header")


def filled_text(
    parts: Parts, component: str, parameters: list[dict[str, Any]]
) -> str | None:
    variables = parts.variables.get(component, [])
    if len(parameters) != len(variables):
        raise GraphError(
            132000,
            f"{component}: number of localizable_params ({len(parameters)}) does not"
            f" match the expected number of params ({len(variables)})",
        )
    texts = [parameter_text(parameter, component) for parameter in parameters]
    if not parts.named:
        if any("parameter_name" in parameter for parameter in parameters):
            raise GraphError(
                132012, f"{component}: the parameters of this template have no names"
            )
        order = sorted(variables, key=int)
        return parts.text(component, dict(zip(order, texts, strict=True)))
    names = [parameter_name(parameter) for parameter in parameters]
    for name in names:
        if name not in variables:
            raise GraphError(
                132012, f"{component}: parameter_name ({name}) is not in the template"
            )
    if len(set(names)) != len(names):
        raise GraphError(132012, f"{component}: a parameter_name is given twice")
    return parts.text(component, dict(zip(names, texts, strict=True)))


def parameter_name(parameter: dict[str, Any]) -> str:
    name = parameter.get("parameter_name")
    if not isinstance(name, str) or not name:
        raise invalid("Parameter name is missing or empty")
    return name


def parameter_text(parameter: dict[str, Any], component: str) -> str:
    """The text of a parameter; money and times show as what they fall back to."""
    kind = parameter["type"].lower()
    if kind not in TEXT_PARAMETERS:
        raise GraphError(
            132012,
            f"{component}: Format mismatch, expected TEXT, received {kind.upper()}",
        )
    text = parameter.get(kind)
    if kind != "text":
        text = need(text, "fallback_value", f"{component} {kind}")
    if not isinstance(text, str) or not text:
        raise invalid(f"Parameter '{kind}' is mandatory for type '{kind}'")
    if FORBIDDEN_IN_TEXT.search(text):
        raise GraphError(
            132018,
            "Param text cannot have new-line/tab characters or more than 4"
            " consecutive spaces",
        )
    return text


def button_index(component: dict[str, Any], parts: Parts) -> int:
    try:
        index = int(component.get("index"))
        button = parts.buttons[index] if index >= 0 else None
    except (TypeError, ValueError, OverflowError, IndexError):
        button = None
    if button is None:
        raise GraphError(132018, "buttons: there is no button at this index")
    sub_type = str(component.get("sub_type")).upper()
    expected = SENT_AS.get(button["type"], button["type"])
    if sub_type != expected:
        raise GraphError(
            132012,
            f"buttons: Format mismatch, expected {expected}, received {sub_type}",
        )
    return index


def filled_button(
    index: int,
    button: dict[str, Any],
    parameters: list[dict[str, Any]],
    payload_limit: int,
) -> dict[str, Any]:
    """A button as the patient has it; a quick reply's payload is its text if unset."""
    kind = button["type"].lower()
    check_button_parameters(index, button, parameters)
    title = button.get("text") or COPY_TEXTS.get(kind, "")
    payload = title
    if kind == "quick_reply" and parameters:
        payload = reply_payload(parameters[0], payload_limit)
    elif kind == "url":
        payload = url(index, button["url"], parameters)
    elif kind == "otp":
        payload = code(index, parameters)
    elif kind == "copy_code":
        payload = coupon(index, parameters)
    elif kind == "phone_number":
        payload = button["phone_number"]
    elif kind == "flow":
        payload = flow_token(parameters)
    elif kind == "request_contact_info":
        return contact_request(index)
    return button_dict(index, kind, title, payload)


def check_button_parameters(
    index: int, button: dict[str, Any], parameters: list[dict[str, Any]]
) -> None:
    """One parameter, of the button's type, where the button takes one at all."""
    kind = button["type"].lower()
    expected = BUTTON_PARAMETERS.get(kind)
    if kind == "url" and not VARIABLE.search(button["url"]):
        expected = None
    if expected is None and parameters:
        raise invalid(
            f"buttons: Button at index {index} is of type {kind.title()} and does not"
            " support parameters"
        )
    if len(parameters) > 1:
        raise GraphError(
            132000,
            f"button: number of localizable_params ({len(parameters)}) does not match"
            " the expected number of params (1)",
        )
    if parameters and parameters[0]["type"].lower() not in expected:
        raise GraphError(
            132012,
            f"buttons: Format mismatch, expected {expected[0].upper()},"
            f" received {parameters[0]['type'].upper()}",
        )


def reply_payload(parameter: dict[str, Any], limit: int) -> str:
    payload = need(parameter, parameter["type"].lower(), "button")
    if not isinstance(payload, str) or len(payload) > limit:
        raise bad_value(f"Button payload exceeds {limit} characters")
    return payload


def url(index: int, address: str, parameters: list[dict[str, Any]]) -> str:
    if not VARIABLE.search(address):
        return address
    suffix = parameter_text(required(index, "Url", parameters), "button")
    return VARIABLE.sub(lambda _match: suffix, address)


def code(index: int, parameters: list[dict[str, Any]]) -> str:
    """The code behind the button of an authentication template."""
    text = parameter_text(required(index, "Url", parameters), "button")
    return text_between(text, 1, CODE_LIMIT, "Code")


def check_code(shown: Content, parameters: list[dict[str, Any]]) -> None:
    """A one-time code stands in the text and behind the button (Cloud API)."""
    codes = [one["payload"] for one in shown.buttons if one["kind"] == "otp"]
    if codes and [one.get("text") for one in parameters] != codes:
        raise bad_value("The body and the button must have the same code")


def coupon(index: int, parameters: list[dict[str, Any]]) -> str:
    parameter = required(index, "CopyCode", parameters)
    text = need(parameter, "coupon_code", "button")
    return text_between(text, 1, COUPON_LIMIT, "coupon_code")


def flow_token(parameters: list[dict[str, Any]]) -> str:
    if not parameters:
        return "unused"
    action = parameters[0].get("action") or {}
    if not isinstance(action, dict):
        raise missing("button['action']")
    return str(action.get("flow_token") or "unused")


def required(index: int, kind: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    if not parameters:
        raise GraphError(
            131008,
            f"buttons: Button at index {index} of type {kind} requires a parameter",
        )
    return parameters[0]
