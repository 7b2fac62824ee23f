"""Builders of what is sent to WhatsApp, and reading of template definitions.

Builders check every documented limit (Cloud API, messages and templates) and raise
``PayloadError`` before a call is made. Its text tells the limit and never the value,
since the value is a patient's. Lengths are in characters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

TEXT_BODY = 4096
INTERACTIVE_BODY = 1024
HEADER = 60
FOOTER = 60
CALLBACK_DATA = 512
BUTTONS = 3
BUTTON_ID = 256
BUTTON_TITLE = 20
LIST_BUTTON = 20
LIST_SECTIONS = 10
LIST_ROWS = 10
SECTION_TITLE = 24
ROW_ID = 200
ROW_TITLE = 24
ROW_DESCRIPTION = 72
TEMPLATE_BODY = 1024
TEMPLATE_BUTTONS = 10
TEMPLATE_URL = 2000
# Sources say 128 or 256; the smaller one is safe.
TEMPLATE_PAYLOAD = 128
PARAMETER_SPACES = 4

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}")
_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
_VARIABLE = re.compile(r"\{\{\s*([0-9]{1,4}|[A-Za-z_][0-9A-Za-z_]{0,511})\s*\}\}")


class PayloadError(ValueError):
    """A value that WhatsApp would refuse.

    ``field`` names the part, for example ``body``; ``message`` tells what is wrong.
    """

    def __init__(self, field: str, message: str):
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


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


class Row(NamedTuple):
    """A line of a list message."""

    id: str
    title: str
    description: str = ""


class Section(NamedTuple):
    """A titled group of rows of a list message."""

    title: str
    rows: Sequence[Row | tuple]


class TemplateVariable(NamedTuple):
    """A place in a template that is filled when it is sent.

    ``component`` is ``header``, ``body`` or ``button:<index from 0>``; ``name`` is a
    number in templates with positional parameters.
    """

    component: str
    name: str | int
    example: str


def text(
    recipient: str,
    body: str,
    preview_url: bool = False,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a text message (needs an open 24-hour window).

    ``recipient`` is a phone number in E.164 with its plus sign, or a business-scoped
    user id; ``reply_to`` the id of the message it quotes; ``callback_data`` comes back
    in every status of the message.
    """
    content = {"body": _checked("body", body, TEXT_BODY)}
    if preview_url:
        content["preview_url"] = True
    return _message(recipient, "text", content, reply_to, callback_data)


def template(
    recipient: str,
    name: str,
    language: str,
    *,
    header: str | Mapping[str, str] | None = None,
    body: Mapping[str, str] | Sequence[str] = (),
    buttons: Sequence[QuickReply | UrlSuffix] = (),
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a template message.

    ``body`` is a mapping for named and a sequence for positional parameters; ``header``
    likewise a mapping of one name, or the text of the only positional parameter.
    """
    if not _TEMPLATE_NAME.fullmatch(name):
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
    return _message(recipient, "template", content, reply_to, callback_data)


def buttons(
    recipient: str,
    body: str,
    buttons: Sequence[tuple[str, str]],
    header: str | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message with one to three reply buttons, each an (id, title)."""
    if not 1 <= len(buttons) <= BUTTONS:
        raise PayloadError("buttons", f"1 to {BUTTONS} allowed, {len(buttons)} given")
    _check_unique("button id", [button_id for button_id, _ in buttons])
    _check_unique("button title", [title for _, title in buttons])
    action = {
        "buttons": [
            {
                "type": "reply",
                "reply": {
                    "id": _checked_id("button id", button_id, BUTTON_ID),
                    "title": _checked("button title", title, BUTTON_TITLE),
                },
            }
            for button_id, title in buttons
        ]
    }
    content = _interactive("button", body, action, header, footer)
    return _message(recipient, "interactive", content, reply_to, callback_data)


def list_(
    recipient: str,
    body: str,
    button: str,
    sections: Sequence[Section | tuple],
    header: str | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message whose ``button`` opens a list of up to ten rows.

    ``sections`` are ``Section`` or plain (title, rows); rows ``Row`` or plain
    (id, title[, description]). The body's limit is the smaller of two that Meta
    documents.
    """
    sections = [Section(title, [Row(*row) for row in rows]) for title, rows in sections]
    rows = [row for section in sections for row in section.rows]
    if not 1 <= len(sections) <= LIST_SECTIONS:
        raise PayloadError(
            "sections", f"1 to {LIST_SECTIONS} allowed, {len(sections)} given"
        )
    if len(rows) > LIST_ROWS:
        raise PayloadError("rows", f"1 to {LIST_ROWS} allowed, {len(rows)} given")
    _check_unique("row id", [row.id for row in rows])
    action = {
        "button": _checked("button", button, LIST_BUTTON),
        "sections": [_section(section, len(sections) > 1) for section in sections],
    }
    content = _interactive("list", body, action, header, footer)
    return _message(recipient, "interactive", content, reply_to, callback_data)


def reaction(
    recipient: str, message_id: str, emoji: str, callback_data: str | None = None
) -> dict:
    """Build a reaction to a message of the patient; an empty emoji takes it back."""
    _check_sendable("emoji", emoji)
    content = {"message_id": _checked_message_id(message_id), "emoji": emoji}
    return _message(recipient, "reaction", content, None, callback_data)


def read(message_id: str, typing: bool = False) -> dict:
    """Build "read up to here", optionally with "typing …" shown for up to 25 s."""
    payload = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": _checked_message_id(message_id),
    }
    if typing:
        payload["typing_indicator"] = {"type": "text"}
    return payload


def template_variables(
    components: Sequence[dict], parameter_format: str | None
) -> list[TemplateVariable]:
    """List the variables of a template definition, header first, then body, buttons.

    ``components`` and ``parameter_format`` are Meta's own; positional variables come in
    the order of their numbers, named ones in that of the text. A missing example is "".
    """
    named = (parameter_format or "").upper() == "NAMED"
    found = []
    for component, wording, examples in _fillable_texts(components):
        names = list(dict.fromkeys(_variable_names(wording)))
        if not named:
            names.sort(key=lambda name: (isinstance(name, str), name))
        for position, name in enumerate(names):
            key = name if isinstance(name, str) and name in examples else position
            found.append(TemplateVariable(component, name, examples.get(key, "")))
    return found


def unfillable_parts(components: Sequence[dict]) -> list[str]:
    """Name the parts of a template that ``template`` cannot fill.

    A template with any of them would be refused by WhatsApp (132012).
    """
    parts = []
    for component in components:
        kind = _upper(component, "type")
        if kind not in ("HEADER", "BODY", "FOOTER", "BUTTONS"):
            parts.append(kind)
        elif kind == "HEADER" and _upper(component, "format") != "TEXT":
            parts.append(f"HEADER {_upper(component, 'format')}")
        elif kind == "BUTTONS":
            parts += [
                f"BUTTON {_upper(button, 'type')}"
                for button in _dicts(component.get("buttons"))
                if _upper(button, "type") not in _FILLABLE_BUTTONS
            ]
    return parts


def render(
    components: Sequence[dict], values: Mapping[tuple[str, str | int], str]
) -> str:
    """Return a template's text as the patient will see it.

    ``values`` are keyed by (component, name) as in ``TemplateVariable``; a variable
    without a value stays as it is written. Header, body and footer are paragraphs, each
    button a line in brackets.
    """
    paragraphs, button_lines = [], []
    for component in components:
        kind = _upper(component, "type")
        if kind in ("HEADER", "BODY", "FOOTER") and component.get("text"):
            paragraphs.append(_filled(component["text"], kind.lower(), values))
        elif kind == "BUTTONS":
            button_lines += [
                f"[{button.get('text', '')}]"
                for button in _dicts(component.get("buttons"))
            ]
    if button_lines:
        paragraphs.append("\n".join(button_lines))
    return "\n\n".join(paragraphs)


def language_code(odoo_lang: str) -> str:
    """Return WhatsApp's code for a language of Odoo: ``tr_TR`` is ``tr``.

    A region stays only where WhatsApp knows it (Cloud API, supported languages);
    WhatsApp has no fallback between languages.
    """
    locale = odoo_lang.partition("@")[0]
    language, _, region = locale.partition("_")
    if region in _REGIONS.get(language, ()):
        return locale
    return _OTHER_CODES.get(language, language)


_FILLABLE_BUTTONS = (
    "QUICK_REPLY",
    "URL",
    "PHONE_NUMBER",
    "VOICE_CALL",
    "REQUEST_CONTACT_INFO",
)
_REGIONS = {
    "ar": ("AE", "EG", "LB", "MA", "QA"),
    "de": ("AT", "CH"),
    "en": ("GB", "US"),
    "es": ("AR", "CL", "CO", "CR", "DO", "EC", "ES", "HN", "MX", "PA", "PE", "UY"),
    "fr": ("BE", "CA", "CH", "CI", "MA"),
    "nl": ("BE",),
    "pt": ("BR", "PT"),
    "zh": ("CN", "HK", "TW"),
}
_OTHER_CODES = {
    "ky": "ky_KG",
    "no": "nb",
    "pt": "pt_PT",
    "rw": "rw_RW",
    "tl": "fil",
    "zh": "zh_CN",
}


def _message(
    recipient: str,
    kind: str,
    content: dict,
    reply_to: str | None,
    callback_data: str | None,
) -> dict:
    payload = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_addressee(recipient),
        "type": kind,
        kind: content,
    }
    if reply_to is not None:
        payload["context"] = {"message_id": _checked_message_id(reply_to)}
    if callback_data is not None:
        payload["biz_opaque_callback_data"] = _checked(
            "callback data", callback_data, CALLBACK_DATA
        )
    return payload


def _addressee(recipient: str) -> dict:
    """Without a plus sign WhatsApp would put the clinic's own country code in front."""
    if _E164.fullmatch(recipient):
        return {"to": recipient}
    if _USER_ID.fullmatch(recipient):
        return {"recipient": recipient}
    raise PayloadError(
        "recipient", "neither a phone number in E.164 with + nor a WhatsApp user id"
    )


def _checked(part: str, value: str, limit: int) -> str:
    if not 1 <= len(value) <= limit:
        raise PayloadError(part, f"1 to {limit} characters allowed, {len(value)} given")
    _check_sendable(part, value)
    return value


def _check_sendable(part: str, value: str) -> None:
    if _UNSENDABLE.search(value):
        raise PayloadError(part, "contains NUL or half a surrogate pair")


def _checked_id(part: str, value: str, limit: int) -> str:
    if value != value.strip():
        raise PayloadError(part, "no space allowed at the start or end")
    return _checked(part, value, limit)


def _checked_message_id(value: str) -> str:
    if not value or not value.isascii() or not value.isprintable():
        raise PayloadError("message id", "empty or not an id of WhatsApp")
    return value


def _check_unique(part: str, values: Sequence[str]) -> None:
    if len(set(values)) < len(values):
        raise PayloadError(part, "each must be different")


def _interactive(
    kind: str, body: str, action: dict, header: str | None, footer: str | None
) -> dict:
    content = {
        "type": kind,
        "body": {"text": _checked("body", body, INTERACTIVE_BODY)},
        "action": action,
    }
    if header is not None:
        content["header"] = {"type": "text", "text": _checked("header", header, HEADER)}
    if footer is not None:
        content["footer"] = {"text": _checked("footer", footer, FOOTER)}
    return content


def _section(section: Section, needs_title: bool) -> dict:
    if not section.rows:
        raise PayloadError("rows", "a section without rows")
    content = {"rows": [_row(row) for row in section.rows]}
    if section.title or needs_title:
        content["title"] = _checked("section title", section.title, SECTION_TITLE)
    return content


def _row(row: Row) -> dict:
    content = {
        "id": _checked_id("row id", row.id, ROW_ID),
        "title": _checked("row title", row.title, ROW_TITLE),
    }
    if row.description:
        content["description"] = _checked(
            "row description", row.description, ROW_DESCRIPTION
        )
    return content


def _header_component(header: str | Mapping[str, str] | None) -> Iterator[dict]:
    if header is None:
        return
    values = [header] if isinstance(header, str) else header
    if len(values) != 1:
        raise PayloadError("header", f"1 parameter allowed, {len(values)} given")
    yield {"type": "header", "parameters": _parameters("header", values, HEADER)}


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
                "text": _parameter_text(f"{part} {name}", value, limit),
            }
            for name, value in values.items()
        ]
    return [
        {"type": "text", "text": _parameter_text(f"{part} {number}", value, limit)}
        for number, value in enumerate(values, start=1)
    ]


def _parameter_text(part: str, value: str, limit: int) -> str:
    if not value.strip():
        raise PayloadError(part, "must not be empty")
    if re.search(r"[\r\n\t]", value) or " " * (PARAMETER_SPACES + 1) in value:
        raise PayloadError(
            part, f"no line break, tab or more than {PARAMETER_SPACES} spaces in a row"
        )
    return _checked(part, value, limit)


def _button_components(buttons: Sequence[QuickReply | UrlSuffix]) -> Iterator[dict]:
    _check_unique("button index", [button.index for button in buttons])
    for button in buttons:
        if not 0 <= button.index < TEMPLATE_BUTTONS:
            raise PayloadError("button index", f"0 to {TEMPLATE_BUTTONS - 1} allowed")
        yield {
            "type": "button",
            **_button_parameter(button),
            "index": str(button.index),
        }


def _button_parameter(button: QuickReply | UrlSuffix) -> dict:
    part = f"button {button.index}"
    if isinstance(button, QuickReply):
        payload = _checked_id(part, button.payload, TEMPLATE_PAYLOAD)
        parameter = {"type": "payload", "payload": payload}
        return {"sub_type": "quick_reply", "parameters": [parameter]}
    suffix = _parameter_text(part, button.suffix, TEMPLATE_URL)
    return {"sub_type": "url", "parameters": [{"type": "text", "text": suffix}]}


def _fillable_texts(
    components: Sequence[dict],
) -> Iterator[tuple[str, str, dict[str | int, str]]]:
    """Yield (component, text with variables, examples by name or position from 0)."""
    by_kind = {_upper(component, "type"): component for component in components}
    for kind in ("HEADER", "BODY"):
        component = by_kind.get(kind, {})
        if isinstance(component.get("text"), str):
            yield kind.lower(), component["text"], _examples(component, kind.lower())
    for index, button in enumerate(_dicts(by_kind.get("BUTTONS", {}).get("buttons"))):
        if isinstance(button.get("url"), str):
            yield f"button:{index}", button["url"], _by_position(button.get("example"))


def _examples(component: dict, kind: str) -> dict[str | int, str]:
    example = component.get("example")
    if not isinstance(example, dict):
        return {}
    named = {
        entry["param_name"]: str(entry.get("example", ""))
        for entry in _dicts(example.get(f"{kind}_text_named_params"))
        if isinstance(entry.get("param_name"), str)
    }
    return {**_by_position(example.get(f"{kind}_text")), **named}


def _by_position(values: object) -> dict[str | int, str]:
    """Meta shows ``[["a", "b"]]`` as well as ``["a", "b"]`` and, for addresses, "a"."""
    if isinstance(values, str):
        values = [values]
    if isinstance(values, list) and values and isinstance(values[0], list):
        values = values[0]
    if not isinstance(values, list):
        return {}
    return {position: str(value) for position, value in enumerate(values)}


def _variable_names(wording: str) -> list[str | int]:
    return [_variable_name(found) for found in _VARIABLE.finditer(wording)]


def _variable_name(found: re.Match) -> str | int:
    return int(found[1]) if found[1].isdigit() else found[1]


def _filled(
    wording: str, component: str, values: Mapping[tuple[str, str | int], str]
) -> str:
    return _VARIABLE.sub(
        lambda found: values.get((component, _variable_name(found)), found[0]), wording
    )


def _upper(component: dict, key: str) -> str:
    return str(component.get(key) or "").upper()


def _dicts(values: object) -> list[dict]:
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]
