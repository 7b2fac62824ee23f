"""Reading of template definitions in Meta's own shape."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs

_VARIABLE = re.compile(r"\{\{\s*([0-9]{1,4}|[A-Za-z_][0-9A-Za-z_]{0,511})\s*\}\}")


class TemplateVariable(NamedTuple):
    """A place in a template that is filled when it is sent.

    ``component`` is ``header``, ``body`` or ``button:<index from 0>``, on a card of a
    carousel after ``card:<index from 0>:``; ``name`` is a number in templates with
    positional parameters.
    """

    component: str
    name: str | int
    example: str


def template_variables(
    components: Sequence[dict], parameter_format: str | None
) -> list[TemplateVariable]:
    """List the variables of a template definition, header first, then body, buttons.

    The button of a one-time code has none: it copies what the body shows.

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
    for index, card in enumerate(template_cards(components)):
        found += [
            one._replace(component=f"{_card_prefix(index)}{one.component}")
            for one in template_variables(card, parameter_format)
        ]
    return found


def template_cards(components: Sequence[dict]) -> list[list[dict]]:
    """The components of each card of a carousel, in order; none without a carousel."""
    return [
        _dicts(card.get("components"))
        for component in _dicts(components)
        if _upper(component, "type") == CAROUSEL
        for card in _dicts(component.get("cards"))
    ]


def card_values(
    values: Mapping[tuple[str, str | int], str], index: int
) -> dict[tuple[str, str | int], str]:
    """Of the values of a template those of one card, keyed as on a template."""
    prefix = _card_prefix(index)
    return {
        (component[len(prefix) :], name): text
        for (component, name), text in values.items()
        if component.startswith(prefix)
    }


def unfillable_parts(
    components: Sequence[dict], filled: Collection[str] = ()
) -> list[str]:
    """Name the parts of a template that texts alone cannot fill.

    ``filled`` are parts that the caller fills otherwise, named as they would be here:
    ``HEADER IMAGE``, ``HEADER LOCATION``, ``BUTTON COPY_CODE``, ``CAROUSEL`` …
    A message that leaves one of the others empty is refused by WhatsApp (132012).
    Who fills a carousel fills the pictures and videos of its cards.
    """
    if shows_one_time_code(components):
        filled = {*filled, ONE_TIME_CODE}
    found = []
    for name, part in template_parts(components):
        if name == CAROUSEL and CAROUSEL in filled:
            found += _unfillable_in_cards(template_cards([part]))
        elif name not in filled and _is_unfillable(name, part):
            found.append(name)
    return found


def template_parts(components: Sequence[dict]) -> Iterator[tuple[str, dict]]:
    """Yield every header, text and button of a template with its name.

    Names are ``HEADER IMAGE``, ``BODY``, ``FOOTER``, ``BUTTON URL`` …, or the type of
    what is none of them. The button of a one-time code is ``BUTTON OTP``, in whichever
    of its two shapes WhatsApp lists it.
    """
    for component in _dicts(components):
        kind = _upper(component, "type")
        if kind == "HEADER":
            yield f"HEADER {_upper(component, 'format') or 'TEXT'}", component
        elif kind == "BUTTONS":
            for button in _dicts(component.get("buttons")):
                kind = "OTP" if is_one_time_code(button) else _upper(button, "type")
                yield f"BUTTON {kind}", button
        else:
            yield kind, component


def is_one_time_code(button: dict) -> bool:
    """Whether a button copies the code of an authentication template.

    WhatsApp takes it as OTP and lists it as the address of a page of its own.
    """
    address = str(button.get("url"))
    return _upper(button, "type") == "OTP" or address.startswith(_CODE_PAGE)


def one_time_code_type(button: dict) -> str:
    """``COPY_CODE``, ``ONE_TAP`` or ``ZERO_TAP``, whichever shape the button has."""
    query = str(button.get("url")).partition("?")[2]
    told = button.get("otp_type") or parse_qs(query).get("otp_type", [""])[0]
    return str(told).upper()


def shows_one_time_code(components: Sequence[dict]) -> bool:
    """Whether it has the button of a one-time code, and the code alone in its text."""
    names = [name for name, _part in template_parts(components)]
    variables = [one[:2] for one in template_variables(components, None)]
    return ONE_TIME_CODE in names and variables == [CODE_VARIABLE]


def render(
    components: Sequence[dict], values: Mapping[tuple[str, str | int], str]
) -> str:
    """Return a template's text as the patient will see it.

    ``values`` are keyed by (component, name) as in ``TemplateVariable``; a variable
    without a value stays as it is written. Header, body and footer are paragraphs, each
    button a line in brackets; so are those of each card.
    """
    paragraphs, button_lines = [], []
    for component in _dicts(components):
        kind, wording = _upper(component, "type"), component.get("text")
        if kind in ("HEADER", "BODY", "FOOTER") and wording:
            paragraphs.append(filled(str(wording), kind.lower(), values))
        elif kind == "BUTTONS":
            button_lines += [
                f"[{button.get('text', '')}]"
                for button in _dicts(component.get("buttons"))
            ]
    if button_lines:
        paragraphs.append("\n".join(button_lines))
    for index, card in enumerate(template_cards(components)):
        paragraphs.append(render(card, card_values(values, index)))
    return "\n\n".join(filter(None, paragraphs))


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


CAROUSEL = "CAROUSEL"
ONE_TIME_CODE = "BUTTON OTP"
CODE_VARIABLE = ("body", 1)
"""Where an authentication template has its code, as (component, name)."""
_CODE_PAGE = "https://www.whatsapp.com/otp/code/"
_CARD_HEADERS = ("HEADER IMAGE", "HEADER VIDEO")
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
# Those of which WhatsApp knows no region, beside the ones above.
_PLAIN = [
    "af",
    "az",
    "bg",
    "ca",
    "cs",
    "da",
    "el",
    "et",
    "fa",
    "fi",
    "fil",
    "ga",
    "gu",
    "ha",
    "he",
    "hi",
    "hr",
    "hu",
    "id",
    "it",
    "ja",
    "ka",
    "kk",
    "kn",
    "ko",
    "lo",
    "lt",
    "lv",
    "mk",
    "ml",
    "mr",
    "ms",
    "nb",
    "pa",
    "pl",
    "ro",
    "ru",
    "sk",
    "sl",
    "sq",
    "sr",
    "sv",
    "sw",
    "ta",
    "te",
    "th",
    "tr",
    "uk",
    "ur",
    "uz",
    "vi",
    "zu",
]
LANGUAGES = tuple(
    sorted(
        {
            *_PLAIN,
            *(one for one in _REGIONS if one not in _OTHER_CODES),
            *_OTHER_CODES.values(),
            *(
                f"{language}_{region}"
                for language, regions in _REGIONS.items()
                for region in regions
            ),
        }
    )
)
"""Codes of the languages that a template can have (Cloud API, supported languages)."""


def _card_prefix(index: int) -> str:
    return f"card:{index}:"


def _unfillable_in_cards(cards: list[list[dict]]) -> list[str]:
    """What of the cards neither texts nor a picture or video fill, each once."""
    found = {} if cards else {CAROUSEL: None}
    for card in cards:
        names = [name for name, _part in template_parts(card)]
        if not any(name in _CARD_HEADERS for name in names):
            found["CARD HEADER"] = None
        for name in unfillable_parts(card, _CARD_HEADERS):
            found[f"CARD {name}"] = None
    return list(found)


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
        if isinstance(button.get("url"), str) and not is_one_time_code(button):
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


def filled(
    wording: str, component: str, values: Mapping[tuple[str, str | int], str]
) -> str:
    """Return a text of ``header`` or ``body`` with its variables filled.

    A variable without a value stays as it is written.
    """
    return _VARIABLE.sub(
        lambda found: values.get((component, _variable_name(found)), found[0]), wording
    )


def _upper(component: dict, key: str) -> str:
    return str(component.get(key) or "").upper()


def _dicts(values: object) -> list[dict]:
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]
