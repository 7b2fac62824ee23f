"""Templates as they are sent: their shape, then their parameters."""

from __future__ import annotations

import re
from typing import Any

from ..template import VARIABLE, Content, Template
from .content import button_dict, need, only, place, put_header_file, text_between
from .errors import GraphError, bad_value, invalid, missing, not_one_of

HYDRATED_BODY_LIMIT = 1024
HYDRATED_HEADER_LIMIT = 60
COUPON_LIMIT = CODE_LIMIT = 15
COMPONENT_TYPES = ("header", "body", "button")
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
# The type of parameter a button takes, where it takes one.
BUTTON_PARAMETERS = {
    "quick_reply": "payload",
    "url": "text",
    "otp": "text",
    "copy_code": "coupon_code",
    "flow": "action",
}
FORBIDDEN_IN_TEXT = re.compile(r"[\n\r\t]| {5,}")
# The type of a button in a send, where it is not the one in the template.
SENT_AS = {"OTP": "URL"}
COPY_CODE_TEXT = "Copy offer code"
STATUS_ERRORS = {"PAUSED": 132015, "DISABLED": 132016}


def shape(content: Any) -> Content:
    """Check what can be checked without knowing the template."""
    need(content, "name", "template")
    need(need(content, "language", "template"), "code", "template['language']")
    only(content, PARTS, "template")
    only(content["language"], ("code", "policy"), "template['language']")
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
    only(component, COMPONENT_PARTS, path)
    parameters = component.get("parameters") or []
    if not isinstance(parameters, list):
        raise GraphError(
            100, message=f"(#100) Param {path}['parameters'] must be an array."
        )
    for position, parameter in enumerate(parameters):
        parameter_shape(parameter, f"{path}['parameters'][{position}]")


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
    given = given_parameters(template, content)
    body = filled_text(template, "body", given.get("body", []))
    if body is not None and len(body) > HYDRATED_BODY_LIMIT:
        raise GraphError(132005, f"body: longer than {HYDRATED_BODY_LIMIT} characters")
    shown = Content(
        type="template",
        text=body,
        footer=template.text("footer", {}),
        buttons=[
            filled_button(index, button, given.get(index, []), payload_limit)
            for index, button in enumerate(template.buttons)
        ],
        template=template.name,
        template_id=template.id,
        category=template.category.lower(),
        ttl_seconds=template.ttl_seconds,
    )
    put_header(shown, template, given.get("header", []))
    return shown


def given_parameters(
    template: Template, content: dict[str, Any]
) -> dict[str | int, list[dict[str, Any]]]:
    """The parameters of header, body and each button's index; none stands twice."""
    given: dict[str | int, list[dict[str, Any]]] = {}
    for component in content.get("components") or []:
        kind = component["type"].lower()
        part = button_index(component, template) if kind == "button" else kind
        if part in given:
            raise invalid(f"template: there are two components for {part}")
        given[part] = component.get("parameters") or []
    return given


def put_header(
    shown: Content, template: Template, parameters: list[dict[str, Any]]
) -> None:
    if template.header_format in (None, "TEXT"):
        shown.header = filled_text(template, "header", parameters)
        if shown.header is not None and len(shown.header) > HYDRATED_HEADER_LIMIT:
            raise GraphError(
                132005, f"header: longer than {HYDRATED_HEADER_LIMIT} characters"
            )
        return
    put_file_or_place(shown, template.header_format, parameters)


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
        if any("parameter_name" in parameter for parameter in parameters):
            raise GraphError(
                132012, f"{component}: the parameters of this template have no names"
            )
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
    title = button.get("text") or COPY_CODE_TEXT
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
    if parameters and parameters[0]["type"].lower() != expected:
        raise GraphError(
            132012,
            f"buttons: Format mismatch, expected {expected.upper()},"
            f" received {parameters[0]['type'].upper()}",
        )


def reply_payload(parameter: dict[str, Any], limit: int) -> str:
    payload = need(parameter, "payload", "button")
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
