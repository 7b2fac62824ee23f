"""WhatsApp's rules for writing templates (Cloud API, template components).

Each rule is a generator of problems, so that a person sees all of them at once.
"""

import re
from collections.abc import Callable, Iterator

from ..payloads import (
    COUPON_CODE,
    FOOTER,
    HEADER,
    TEMPLATE_BODY,
    TEMPLATE_BUTTONS,
    TEMPLATE_URL,
    PayloadError,
    language_code,
    render,
)
from ..payloads.checks import parameter_text
from ..wording import _lt
from .definition import (
    AUTHENTICATION,
    CATEGORIES,
    HEADER_KINDS,
    NAMED,
    POSITIONAL,
    Button,
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    OneTimeCodeButton,
    PhoneButton,
    QuickReplyButton,
    TemplateDefinition,
    UrlButton,
    VoiceCallButton,
    variables,
)
from .problem import Problem

NAME = 512
BUTTON_TEXT = 25
PHONE = 20
DESKTOP_BUTTONS = 3
"""More buttons than these are not shown on computers."""
LIMITS = {
    QuickReplyButton: 10,
    UrlButton: 2,
    PhoneButton: 1,
    CopyCodeButton: 1,
    FlowButton: 1,
    OneTimeCodeButton: 0,
    VoiceCallButton: 1,
    ContactRequestButton: 1,
}
"""How many of each kind of button one template may have."""
TTL = {
    "UTILITY": (30, 43_200),
    "MARKETING": (43_200, 2_592_000),
    AUTHENTICATION: (30, 900),
}
"""Least and most seconds; -1 stands for 30 days (not for marketing)."""
EXPIRATION_MINUTES = (1, 90)
"""For how long a one-time code may be said to hold."""
# Meta publishes no ratio; templates with fewer words are known to be refused (2388293).
WORDS_PER_VARIABLE = 2

_BRACED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_NAMED_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,511}")
_MARKDOWN = re.compile(r"[*_~`]")
_URL = re.compile(r"https?://[^\s/?#@{}]+([/?#]\S*)?")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")

_TOO_LONG = _lt("1 to %(limit)s characters are allowed, there are %(length)s.")
_MISSING = _lt("This is missing.")
_NO_VARIABLE = _lt("No variable is possible here.")
_NO_LINE_BREAK = _lt("No line break is possible here.")
TOO_MANY = {
    QuickReplyButton: _lt("At most 10 quick replies are possible."),
    UrlButton: _lt("At most 2 buttons can open a page."),
    PhoneButton: _lt("Only one button can call."),
    CopyCodeButton: _lt("Only one button can copy a code."),
    FlowButton: _lt("Only one button can open a form."),
    OneTimeCodeButton: _lt("A one-time code needs the category Authentication."),
    VoiceCallButton: _lt("Only one button can call on WhatsApp."),
    ContactRequestButton: _lt("Only one button can ask for the phone number."),
}
_LABELLED = (CopyCodeButton, OneTimeCodeButton, ContactRequestButton)
"""WhatsApp itself labels these."""


def problems(definition: TemplateDefinition) -> list[Problem]:
    """Return everything that keeps WhatsApp from taking a template, in its order.

    Problems with ``is_advice`` do not have to be fixed.
    """
    is_code = definition.category == AUTHENTICATION
    rules = _CODE_RULES if is_code else _RULES
    return [problem for rule in rules for problem in rule(definition)]


def _identity(definition: TemplateDefinition) -> Iterator[Problem]:
    name, language = definition.name, definition.language
    if not re.fullmatch(rf"[a-z0-9_]{{1,{NAME}}}", name):
        yield Problem(
            "name",
            name,
            _lt("1 to %(limit)s small letters a to z, digits or underscores."),
            {"limit": NAME},
        )
    if not _LANGUAGE.fullmatch(language):
        yield Problem(
            "language", language, _lt("This is no language code of WhatsApp.")
        )
    elif language_code(language) != language:
        yield Problem(
            "language",
            language,
            _lt("WhatsApp calls this language %(code)s."),
            {"code": language_code(language)},
        )
    if definition.category not in CATEGORIES:
        yield Problem("category", definition.category, _lt("Choose a category."))


def _time_to_live(definition: TemplateDefinition) -> Iterator[Problem]:
    seconds = definition.ttl_seconds
    if seconds is None or definition.category not in TTL:
        return
    least, most = TTL[definition.category]
    is_month = seconds == -1 and definition.category != "MARKETING"
    if not is_month and not least <= seconds <= most:
        yield Problem(
            "ttl",
            str(seconds),
            _lt("%(least)s to %(most)s seconds are allowed."),
            {"least": least, "most": most},
        )


def _header(definition: TemplateDefinition) -> Iterator[Problem]:
    header = definition.header
    if not header:
        return
    if header.kind not in HEADER_KINDS:
        yield Problem("header", header.kind, _lt("WhatsApp has no such header."))
    elif header.kind == "TEXT":
        yield from _header_text(definition, header.text)
    elif header.kind != "LOCATION" and not header.handle:
        yield Problem("header", "", _lt("Add a sample file for WhatsApp's reviewers."))


def _header_text(definition: TemplateDefinition, text: str) -> Iterator[Problem]:
    yield from _length("header", text, HEADER)
    yield from _line_break("header", text)
    found = _MARKDOWN.search(_BRACED.sub("", text))
    if found:
        yield Problem(
            "header", found[0], _lt("A header cannot have *, _, ~ or ` for formatting.")
        )
    yield from _variables(definition, "header", text)
    names = variables(definition, "header")
    if len(names) > 1:
        yield Problem(
            "header", _braced(names[1]), _lt("A header has one variable at most.")
        )


def _body(definition: TemplateDefinition) -> Iterator[Problem]:
    text = definition.body
    yield from _length("body", text, TEMPLATE_BODY)
    yield from _variables(definition, "body", text)
    yield from _places(text)
    fixed = len(re.findall(r"\w+", _BRACED.sub(" ", text)))
    count = len(_BRACED.findall(text))
    if count and fixed < WORDS_PER_VARIABLE * count:
        yield Problem(
            "body",
            text,
            _lt(
                "WhatsApp may refuse it: %(words)s words are few for %(count)s"
                " variables."
            ),
            {"words": fixed, "count": count},
            is_advice=True,
        )


def _places(text: str) -> Iterator[Problem]:
    """Variables stand inside the text and apart (2388299)."""
    stripped = text.strip()
    found = list(_BRACED.finditer(stripped))
    if found and found[0].start() == 0:
        yield Problem("body", found[0][0], _lt("No variable can begin the text."))
    if found and found[-1].end() == len(stripped):
        yield Problem("body", found[-1][0], _lt("No variable can end the text."))
    for first, second in zip(found, found[1:], strict=False):
        between = stripped[first.end() : second.start()]
        if not between.strip():
            yield Problem(
                "body",
                first[0] + between + second[0],
                _lt("Put words between these variables."),
            )


def _variables(
    definition: TemplateDefinition, part: str, text: str
) -> Iterator[Problem]:
    """How variables are written, named and numbered."""
    yield from _braces(part, text)
    names = [found.strip() for found in _BRACED.findall(text)]
    is_named = definition.parameter_format == NAMED
    if definition.parameter_format not in (NAMED, POSITIONAL):
        yield Problem(
            part, definition.parameter_format, _lt("Variables have names or numbers.")
        )
        return
    pattern = _NAMED_VARIABLE if is_named else _NUMBER
    wrong = [name for name in names if not pattern.fullmatch(name)]
    for name in dict.fromkeys(wrong):
        message = (
            _lt("A name has small letters, digits and underscores only.")
            if is_named
            else _lt("This template's variables are numbers: {{1}}, {{2}} …")
        )
        yield Problem(part, _braced(name), message)
    if wrong:
        return
    yield from _repeated(part, names) if is_named else _gaps(part, names)


def _braces(part: str, text: str) -> Iterator[Problem]:
    rest = _BRACED.sub("", text)
    found = re.search(r"\{\{|\}\}", rest)
    if found:
        yield Problem(
            part, found[0], _lt("A variable needs two braces on either side.")
        )


def _repeated(part: str, names: list[str]) -> Iterator[Problem]:
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Problem(
            part, _braced(name), _lt("Each name can be used once; add a second one.")
        )


def _gaps(part: str, names: list[str]) -> Iterator[Problem]:
    numbers = {int(name) for name in names}
    for number in range(1, max(numbers, default=0) + 1):
        if number not in numbers:
            yield Problem(
                part,
                _braced(number),
                _lt("Numbers run from 1 without a gap; this one is missing."),
            )
            return


def _examples(definition: TemplateDefinition) -> Iterator[Problem]:
    """Reviewers see each variable filled, and what they see keeps the limits too."""
    for component, limit in (("header", HEADER), ("body", TEMPLATE_BODY)):
        for name in variables(definition, component):
            value = definition.examples.get((component, name), "")
            yield from _example(f"{component}:{name}", value, limit)
    body = {"type": "BODY", "text": definition.body}
    filled = len(render([body], definition.examples))
    if len(definition.body) <= TEMPLATE_BODY < filled:
        yield Problem(
            "body", definition.body, _TOO_LONG, _lengths(TEMPLATE_BODY, filled)
        )


def _example(part: str, value: str, limit: int) -> Iterator[Problem]:
    if not value.strip():
        yield Problem(part, "", _lt("Give an example for WhatsApp's reviewers."))
        return
    try:
        parameter_text(part, value, limit)
    except PayloadError:
        yield Problem(
            part,
            value,
            _lt(
                "At most %(limit)s characters, no line break, tab or more than four"
                " spaces in a row."
            ),
            {"limit": limit},
        )


def _footer(definition: TemplateDefinition) -> Iterator[Problem]:
    if definition.footer:
        yield from _length("footer", definition.footer, FOOTER)
        yield from _line_break("footer", definition.footer)
        yield from _no_variable("footer", definition.footer)


def _buttons(definition: TemplateDefinition) -> Iterator[Problem]:
    buttons = definition.buttons
    if len(buttons) > TEMPLATE_BUTTONS:
        yield Problem(
            "buttons",
            _text(buttons[TEMPLATE_BUTTONS]),
            _lt("At most %(limit)s buttons are possible."),
            {"limit": TEMPLATE_BUTTONS},
        )
    for kind, limit in LIMITS.items():
        of_kind = [button for button in buttons if isinstance(button, kind)]
        if len(of_kind) > limit:
            yield Problem("buttons", _text(of_kind[limit]), TOO_MANY[kind])
    yield from _grouping(buttons)
    for index, button in enumerate(buttons):
        yield from _button(f"button:{index}", button)


def _grouping(buttons: list[Button]) -> Iterator[Problem]:
    """Quick replies stand together, before or after all others."""
    replies = [isinstance(button, QuickReplyButton) for button in buttons]
    changes = [
        index
        for index in range(1, len(replies))
        if replies[index - 1] != replies[index]
    ]
    if len(changes) > 1:
        yield Problem(
            "buttons",
            _text(buttons[changes[1]]),
            _lt("Put all quick replies together, before or after the other buttons."),
        )
    if changes or len(buttons) > DESKTOP_BUTTONS:
        yield Problem(
            "buttons",
            "",
            _lt(
                "WhatsApp on a computer shows no message with more than three buttons"
                " or with quick replies beside others."
            ),
            is_advice=True,
        )


def _button(part: str, button: Button) -> Iterator[Problem]:
    if not isinstance(button, _LABELLED):
        yield from _length(part, button.text, BUTTON_TEXT)
        yield from _line_break(part, button.text)
        yield from _no_variable(part, button.text)
    yield from _OF_BUTTON.get(type(button), _nothing)(part, button)


def _nothing(part: str, button: Button) -> Iterator[Problem]:
    return iter(())


def _url_button(part: str, button: UrlButton) -> Iterator[Problem]:
    bare, opening, variable = button.url.partition("{{")
    if not _URL.fullmatch(bare):
        yield Problem(
            part, button.url, _lt("An address starts with https:// and has no blanks.")
        )
    if len(button.url) > TEMPLATE_URL:
        yield Problem(
            part, button.url, _TOO_LONG, _lengths(TEMPLATE_URL, len(button.url))
        )
    if not opening:
        return
    if variable != "1}}":
        yield Problem(
            part,
            opening + variable,
            _lt("An address has one variable, {{1}}, and only at its end."),
        )
    if not button.example.startswith(bare) or not _URL.fullmatch(button.example):
        yield Problem(
            part,
            button.example,
            _lt("Give the whole address with its end filled as an example."),
        )


def _phone_button(part: str, button: PhoneButton) -> Iterator[Problem]:
    if len(button.phone) > PHONE or not _PHONE.fullmatch(button.phone):
        yield Problem(
            part,
            button.phone,
            _lt("A phone number starts with + and the country's code, digits only."),
        )


def _code_texts(definition: TemplateDefinition) -> Iterator[Problem]:
    """WhatsApp writes them; a header is not possible."""
    header = definition.header
    if header:
        yield Problem(
            "header", header.kind, _lt("A one-time code comes without a header.")
        )
    for part, text in (("body", definition.body), ("footer", definition.footer)):
        if text:
            yield Problem(
                part, text, _lt("WhatsApp itself writes the text of a one-time code.")
            )
    minutes, (least, most) = definition.code_expiration_minutes, EXPIRATION_MINUTES
    if minutes is not None and not least <= minutes <= most:
        yield Problem(
            "footer",
            str(minutes),
            _lt("A code expires after %(least)s to %(most)s minutes."),
            {"least": least, "most": most},
        )


def _code_button(definition: TemplateDefinition) -> Iterator[Problem]:
    """One button, which copies the code."""
    found = 0
    for index, button in enumerate(definition.buttons):
        part = f"button:{index}"
        if not isinstance(button, OneTimeCodeButton):
            yield Problem(
                part,
                _text(button),
                _lt("A one-time code has no button but the one that copies it."),
            )
            continue
        found += 1
        if button.text:
            yield from _length(part, button.text, BUTTON_TEXT)
            yield from _line_break(part, button.text)
            yield from _no_variable(part, button.text)
    if found != 1:
        yield Problem("buttons", "", _lt("Add one button of the kind “One-time code”."))


def _copy_code_button(part: str, button: CopyCodeButton) -> Iterator[Problem]:
    yield from _length(part, button.example, COUPON_CODE)


def _flow_button(part: str, button: FlowButton) -> Iterator[Problem]:
    if not re.fullmatch("[0-9]{1,32}", button.flow_id):
        yield Problem(part, button.flow_id, _lt("The id of a form consists of digits."))


_OF_BUTTON: dict[type, Callable] = {
    UrlButton: _url_button,
    PhoneButton: _phone_button,
    CopyCodeButton: _copy_code_button,
    FlowButton: _flow_button,
}


def _length(part: str, text: str, limit: int) -> Iterator[Problem]:
    if not text.strip():
        yield Problem(part, "", _MISSING)
    elif len(text) > limit:
        yield Problem(part, text[limit:], _TOO_LONG, _lengths(limit, len(text)))


def _lengths(limit: int, length: int) -> dict:
    return {"limit": limit, "length": length}


def _line_break(part: str, text: str) -> Iterator[Problem]:
    if re.search(r"[\r\n]", text):
        yield Problem(part, text, _NO_LINE_BREAK)


def _no_variable(part: str, text: str) -> Iterator[Problem]:
    found = re.search(r"\{\{.*?(\}\}|$)|\}\}", text, re.DOTALL)
    if found:
        yield Problem(part, found[0], _NO_VARIABLE)


def _braced(name: str | int) -> str:
    return "{{" + str(name) + "}}"


def _text(button: Button) -> str:
    if isinstance(button, CopyCodeButton):
        return button.example
    return getattr(button, "text", "")


_RULES = (_identity, _time_to_live, _header, _body, _examples, _footer, _buttons)
_CODE_RULES = (_identity, _time_to_live, _code_texts, _code_button)
