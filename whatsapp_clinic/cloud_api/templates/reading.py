"""Reading of what WhatsApp lists: the inverse of ``TemplateDefinition.components``."""

from collections.abc import Mapping, Sequence

from ..payloads import (
    CAROUSEL,
    is_one_time_code,
    template_cards,
    template_parts,
    template_variables,
)
from .definition import (
    NAMED,
    POSITIONAL,
    Button,
    Card,
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    Header,
    OneTimeCodeButton,
    OtherButton,
    PhoneButton,
    QuickReplyButton,
    TemplateDefinition,
    UrlButton,
    VoiceCallButton,
)

_KNOWN = ("HEADER", "BODY", "FOOTER", "BUTTONS", CAROUSEL)


def read(listed: Mapping) -> TemplateDefinition:
    """Return what a template says that is in WhatsApp's form.

    Whatever is missing or odd is empty; parts that are not known are kept as they are.
    """
    is_named = str(listed.get("parameter_format")).upper() == NAMED
    parameter_format = NAMED if is_named else POSITIONAL
    components = [part for part in _list(listed.get("components")) if _is_part(part)]
    by_kind = {_kind(part): part for part in components}
    body, footer = by_kind.get("BODY", {}), by_kind.get("FOOTER", {})
    minutes = footer.get("code_expiration_minutes")
    return TemplateDefinition(
        name=_text(listed, "name"),
        language=_text(listed, "language"),
        category=_text(listed, "category"),
        parameter_format=parameter_format,
        ttl_seconds=listed.get("message_send_ttl_seconds") or None,
        header=_header(components),
        body=_text(body, "text"),
        footer=_text(footer, "text"),
        buttons=_buttons(components),
        cards=tuple(_card(card) for card in template_cards(components)),
        examples={
            (one.component, one.name): one.example
            for one in template_variables(components, parameter_format)
            if "button:" not in one.component
        },
        add_security_recommendation=bool(body.get("add_security_recommendation")),
        code_expiration_minutes=minutes if isinstance(minutes, int) else None,
        others=tuple(part for part in components if _kind(part) not in _KNOWN),
    )


def _header(components: Sequence[dict]) -> Header | None:
    part = next((part for part in components if _kind(part) == "HEADER"), None)
    if part is None:
        return None
    example = part.get("example")
    handles = _list(example.get("header_handle")) if _is_part(example) else []
    return Header(
        str(part.get("format") or "TEXT").upper(),
        text=_text(part, "text"),
        handle=str(handles[0]) if handles else "",
    )


def _card(components: list[dict]) -> Card:
    body = next((part for part in components if _kind(part) == "BODY"), {})
    return Card(_header(components), _text(body, "text"), _buttons(components))


def _buttons(components: Sequence[dict]) -> tuple[Button, ...]:
    return tuple(
        _button(name.removeprefix("BUTTON "), part)
        for name, part in template_parts(components)
        if name.startswith("BUTTON ")
    )


def _button(kind: str, listed: dict) -> Button:
    text = _text(listed, "text")
    if is_one_time_code(listed):
        return OneTimeCodeButton(text)
    if kind in _OF_TEXT:
        return _OF_TEXT[kind](text)
    if kind == "URL":
        return UrlButton(text, _text(listed, "url"), _example(listed))
    if kind == "PHONE_NUMBER":
        return PhoneButton(text, _text(listed, "phone_number"))
    if kind == "COPY_CODE":
        return CopyCodeButton(_example(listed), text)
    if kind == "FLOW":
        return FlowButton(
            text, _text(listed, "flow_id"), _text(listed, "navigate_screen")
        )
    if kind == "REQUEST_CONTACT_INFO":
        return ContactRequestButton(text)
    return OtherButton(kind, text, listed)


_OF_TEXT = {"QUICK_REPLY": QuickReplyButton, "VOICE_CALL": VoiceCallButton}


def _example(listed: dict) -> str:
    """Meta shows ``["a"]`` as well as "a"."""
    example = listed.get("example")
    values = example if isinstance(example, list) else [example]
    return str(values[0]) if values and values[0] else ""


def _kind(part: Mapping) -> str:
    return str(part.get("type") or "").upper()


def _text(part: Mapping, key: str) -> str:
    value = part.get(key)
    return str(value) if value else ""


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


def _is_part(value: object) -> bool:
    return isinstance(value, Mapping)
