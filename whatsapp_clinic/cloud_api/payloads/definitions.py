"""Reading of template definitions in Meta's own shape."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

_VARIABLE = re.compile(r"\{\{\s*([0-9]{1,4}|[A-Za-z_][0-9A-Za-z_]{0,511})\s*\}\}")


class TemplateVariable(NamedTuple):
    """A place in a template that is filled when it is sent.

    ``component`` is ``header``, ``body`` or ``button:<index from 0>``; ``name`` is a
    number in templates with positional parameters.
    """

    component: str
    name: str | int
    example: str


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


def unfillable_parts(
    components: Sequence[dict], filled: Collection[str] = ()
) -> list[str]:
    """Name the parts of a template that texts alone cannot fill.

    ``filled`` are parts that the caller fills otherwise, named as they would be here:
    ``HEADER IMAGE``, ``HEADER LOCATION``, ``BUTTON COPY_CODE``, ``BUTTON FLOW`` …
    A message that leaves one of the others empty is refused by WhatsApp (132012).
    """
    return [
        name
        for name, part in template_parts(components)
        if name not in filled and _is_unfillable(name, part)
    ]


def template_parts(components: Sequence[dict]) -> Iterator[tuple[str, dict]]:
    """Yield every header, text and button of a template with its name.

    Names are ``HEADER IMAGE``, ``BODY``, ``FOOTER``, ``BUTTON URL`` …, or the type of
    what is none of them.
    """
    for component in _dicts(components):
        kind = _upper(component, "type")
        if kind == "HEADER":
            yield f"HEADER {_upper(component, 'format') or 'TEXT'}", component
        elif kind == "BUTTONS":
            for button in _dicts(component.get("buttons")):
                yield f"BUTTON {_upper(button, 'type')}", button
        else:
            yield kind, component


def render(
    components: Sequence[dict], values: Mapping[tuple[str, str | int], str]
) -> str:
    """Return a template's text as the patient will see it.

    ``values`` are keyed by (component, name) as in ``TemplateVariable``; a variable
    without a value stays as it is written. Header, body and footer are paragraphs, each
    button a line in brackets.
    """
    paragraphs, button_lines = [], []
    for component in _dicts(components):
        kind, wording = _upper(component, "type"), component.get("text")
        if kind in ("HEADER", "BODY", "FOOTER") and wording:
            paragraphs.append(_filled(str(wording), kind.lower(), values))
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


_FILLABLE = (
    "HEADER TEXT",
    "BODY",
    "BUTTON QUICK_REPLY",
    "BUTTON URL",
    "BUTTON PHONE_NUMBER",
    "BUTTON VOICE_CALL",
    "BUTTON REQUEST_CONTACT_INFO",
)
_REGIONS = {
    "ar": ("AE", "EG", "LB", "MA", "QA"),
    "de": ("AT", "CH"),
    "bn": ("IN",),
    "en": (
        *("AE", "AU", "CA", "GB", "GH", "IE", "IN", "JM", "MY", "NZ", "QA", "SG"),
        *("UG", "US", "ZA"),
    ),
    "es": ("AR", "CL", "CO", "CR", "DO", "EC", "ES", "HN", "MX", "PA", "PE", "UY"),
    "fr": ("BE", "CA", "CH", "CI", "MA"),
    "nl": ("BE",),
    "pt": ("BR", "PT"),
    "zh": ("CN", "HK", "TW"),
}
_OTHER_CODES = {
    "be": "be_BY",
    "ky": "ky_KG",
    "no": "nb",
    "prs": "prs_AF",
    "ps": "ps_AF",
    "pt": "pt_PT",
    "rw": "rw_RW",
    "si": "si_LK",
    "tl": "fil",
    "zh": "zh_CN",
}


def _is_unfillable(name: str, part: dict) -> bool:
    if name == "FOOTER":
        # The Cloud API's pages disagree on variables here; nothing could fill one.
        return bool(_VARIABLE.search(str(part.get("text"))))
    return name not in _FILLABLE


def _fillable_texts(
    components: Sequence[dict],
) -> Iterator[tuple[str, str, dict[str | int, str]]]:
    """Yield (component, text with variables, examples by name or position from 0)."""
    by_kind = {_upper(component, "type"): component for component in _dicts(components)}
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
