"""Templates as they are sent: their shape, then their parameters."""

from __future__ import annotations

import re
from typing import Any

from ..template import VARIABLE, Content, Template
from .content import button_dict, exactly_one_source, need
from .errors import GraphError, bad_value, invalid, not_one_of

HYDRATED_BODY_LIMIT = 1024
HYDRATED_HEADER_LIMIT = 60
PAYLOAD_LIMIT = 256
COMPONENT_TYPES = ("header", "body", "button")
FORBIDDEN_IN_TEXT = re.compile(r"[\n\r\t]| {5,}")
STATUS_ERRORS = {"PAUSED": 132015, "DISABLED": 132016}


def shape(content: Any) -> Content:
    """Check what can be checked without knowing the template."""
    need(content, "name", "template")
    need(need(content, "language", "template"), "code", "template['language']")
    components = content.get("components") or []
    if not isinstance(components, list):
        raise GraphError(
            100, message="(#100) Param template['components'] must be an array."
        )
    for position, component in enumerate(components):
        component_shape(component, f"template['components'][{position}]")
    return Content("template", template=content["name"])


def component_shape(component: Any, path: str) -> None:
    kind = str(need(component, "type", path)).lower()
    if kind not in COMPONENT_TYPES:
        raise not_one_of(f"{path}['type']", ", ".join(COMPONENT_TYPES), kind)
    parameters = component.get("parameters") or []
    if not isinstance(parameters, list):
        raise GraphError(
            100, message=f"(#100) Param {path}['parameters'] must be an array."
        )
    for position, parameter in enumerate(parameters):
        need(parameter, "type", f"{path}['parameters'][{position}]")


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


def fill(template: Template, content: dict[str, Any]) -> Content:
    """Put the parameters in, or raise the error that WhatsApp gives."""
    given: dict[str, list[dict[str, Any]]] = {"header": [], "body": []}
    buttons: dict[int, dict[str, Any]] = {}
    for component in content.get("components") or []:
        kind = component["type"].lower()
        if kind == "button":
            buttons[button_index(component, template)] = component
        else:
            given[kind] = component.get("parameters") or []
    body = filled_text(template, "body", given["body"])
    if body is not None and len(body) > HYDRATED_BODY_LIMIT:
        raise GraphError(132005, f"body: longer than {HYDRATED_BODY_LIMIT} characters")
    return Content(
        type="template",
        text=body,
        header=header(template, given["header"]),
        footer=template.text("footer", {}),
        buttons=[
            filled_button(index, button, buttons.get(index))
            for index, button in enumerate(template.buttons)
        ],
        template=template.name,
        category=template.category.lower(),
        ttl_seconds=template.ttl_seconds,
    )


def header(template: Template, parameters: list[dict[str, Any]]) -> str | None:
    expected = template.header_format
    if expected in (None, "TEXT"):
        text = filled_text(template, "header", parameters)
        if text is not None and len(text) > HYDRATED_HEADER_LIMIT:
            raise GraphError(
                132005, f"header: longer than {HYDRATED_HEADER_LIMIT} characters"
            )
        return text
    received = parameters[0]["type"].upper() if parameters else "UNKNOWN"
    if received != expected:
        raise GraphError(
            132012,
            f"header: Format mismatch, expected {expected}, received {received}",
        )
    media = need(parameters[0], expected.lower(), "header")
    if expected != "LOCATION":
        exactly_one_source(media, "header")
    return f"[{expected.lower()}]"


def filled_text(
    template: Template, component: str, parameters: list[dict[str, Any]]
) -> str | None:
    variables = template.variables.get(component, [])
    if len(parameters) != len(variables):
        raise GraphError(
            132000,
            f"{component}: number of localizable_params ({len(parameters)}) does not"
            f" match the expected number of params ({len(variables)})",
        )
    texts = [parameter_text(parameter, component) for parameter in parameters]
    if not template.named:
        order = sorted(variables, key=int)
        return template.text(component, dict(zip(order, texts, strict=True)))
    names = [parameter_name(parameter) for parameter in parameters]
    for name in names:
        if name not in variables:
            raise GraphError(
                132012, f"{component}: parameter_name ({name}) is not in the template"
            )
    if len(set(names)) != len(names):
        raise GraphError(132012, f"{component}: a parameter_name is given twice")
    return template.text(component, dict(zip(names, texts, strict=True)))


def parameter_name(parameter: dict[str, Any]) -> str:
    name = parameter.get("parameter_name")
    if not isinstance(name, str) or not name:
        raise invalid("Parameter name is missing or empty")
    return name


def parameter_text(parameter: dict[str, Any], component: str) -> str:
    if parameter["type"] != "text":
        raise GraphError(
            132012,
            f"{component}: Format mismatch, expected TEXT,"
            f" received {str(parameter['type']).upper()}",
        )
    text = parameter.get("text")
    if not isinstance(text, str) or not text:
        raise invalid("Parameter 'text' is mandatory for type 'text'")
    if FORBIDDEN_IN_TEXT.search(text):
        raise GraphError(
            132018,
            "Param text cannot have new-line/tab characters or more than 4"
            " consecutive spaces",
        )
    return text


def button_index(component: dict[str, Any], template: Template) -> int:
    try:
        index = int(component.get("index"))
        button = template.buttons[index] if index >= 0 else None
    except (TypeError, ValueError, IndexError):
        button = None
    if button is None:
        raise GraphError(132018, "buttons: there is no button at this index")
    sub_type = str(component.get("sub_type")).upper()
    if sub_type != button["type"]:
        raise GraphError(
            132012,
            f"buttons: Format mismatch, expected {button['type']}, received {sub_type}",
        )
    return index


def filled_button(
    index: int, button: dict[str, Any], component: dict[str, Any] | None
) -> dict[str, Any]:
    """A button as the patient has it; a quick reply's payload is its text if unset."""
    parameters = (component or {}).get("parameters") or []
    kind = button["type"].lower()
    payload = button["text"]
    if kind == "quick_reply" and parameters:
        payload = need(parameters[0], "payload", "button")
        if not isinstance(payload, str) or len(payload) > PAYLOAD_LIMIT:
            raise bad_value(f"Button payload exceeds {PAYLOAD_LIMIT} characters")
    if kind == "url":
        payload = url(index, button["url"], parameters)
    return button_dict(index, kind, button["text"], payload)


def url(index: int, address: str, parameters: list[dict[str, Any]]) -> str:
    if not VARIABLE.search(address):
        return address
    if not parameters:
        raise GraphError(
            131008, f"buttons: Button at index {index} of type Url requires a parameter"
        )
    suffix = parameter_text(parameters[0], "button")
    return VARIABLE.sub(lambda _match: suffix, address)
