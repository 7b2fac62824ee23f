"""What WhatsApp asks of each component of a template (Cloud API, components)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..switches import Switches
from .errors import GraphError, not_one_of
from .template_refusal import (
    BODY,
    EDGE_VARIABLE,
    FOOTER,
    HEADER,
    MISSING,
    TOO_MANY_VARIABLES,
    refused,
)

BODY_LIMIT = 1024
HEADER_LIMIT = FOOTER_LIMIT = 60
MARKED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
NAMED = re.compile(r"[a-z][a-z0-9_]*")
MARKDOWN = re.compile(r"[*_~`\n]")
FILES = {
    "IMAGE": ("image/jpeg", "image/png"),
    "VIDEO": ("video/mp4",),
    "DOCUMENT": ("application/pdf",),
}


@dataclass
class Rules:
    """What the checks need beside the template; ``file_type`` is of a handle's file."""

    category: str
    named: bool
    switches: Switches
    file_type: Callable[[str], str | None]


def by_type(components: Any, kinds: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The components by their types; raises unless each is one of ``kinds``, once."""
    if not isinstance(components, list) or not components:
        raise refused(MISSING, "components", "Components must be a list.")
    found = [upper_case(one, kinds) for one in components]
    parts = {part["type"]: part for part in found}
    if len(parts) != len(found):
        raise refused(MISSING, "components", "Every component may be there once.")
    return parts


def upper_case(component: Any, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Types and formats come in any case (Cloud API)."""
    if not isinstance(component, dict) or not isinstance(component.get("type"), str):
        raise refused(MISSING, "components", "A component needs a type.")
    kind = component["type"].upper()
    if kind not in kinds:
        raise not_one_of("components['type']", ", ".join(kinds), component["type"])
    changes: dict[str, Any] = {"type": kind}
    if kind == "HEADER":
        changes["format"] = str(component.get("format", "TEXT")).upper()
    if kind == "BUTTONS":
        buttons = component.get("buttons")
        if not isinstance(buttons, list) or not all(
            isinstance(one, dict) for one in buttons
        ):
            raise refused(MISSING, "buttons", "Buttons must be a list of objects.")
        changes["buttons"] = [
            {**one, "type": str(one.get("type", "")).upper()} for one in buttons
        ]
    return {**component, **changes}


def check_header(header: dict[str, Any] | None, rules: Rules) -> None:
    if header is None:
        return
    kind = header["format"]
    if rules.category == "AUTHENTICATION":
        raise refused(HEADER, "header", "An authentication template has no header.")
    if kind == "TEXT":
        check_text_header(header, rules)
    elif kind in FILES:
        check_sample_file(header, kind, rules)
    elif kind != "LOCATION":
        allowed = ", ".join(("TEXT", *FILES, "LOCATION"))
        raise not_one_of("components['format']", allowed, kind)


def check_text_header(header: dict[str, Any], rules: Rules) -> None:
    text = text_of(header, HEADER_LIMIT, HEADER)
    if MARKDOWN.search(MARKED.sub("", text)):
        raise refused(HEADER, "header", "A header has no markdown and no line breaks.")
    variables = check_variables(text, rules, "header", HEADER)
    if len(variables) > 1:
        raise refused(HEADER, "header", "A header has one variable at most.")
    check_examples(header, "header_text", variables, rules)


def check_sample_file(header: dict[str, Any], kind: str, rules: Rules) -> None:
    handles = example_of(header).get("header_handle")
    if not isinstance(handles, list) or len(handles) != 1:
        raise refused(MISSING, "header", "A header with a file needs header_handle.")
    if rules.file_type(str(handles[0])) not in FILES[kind]:
        raise refused(HEADER, "header", "header_handle is not a file of this format.")


def check_body(body: dict[str, Any], rules: Rules, limit: int = BODY_LIMIT) -> None:
    text = text_of(body, limit, BODY)
    variables = check_variables(text, rules, "body", BODY)
    bare = text.strip()
    if variables and (bare.startswith("{{") or bare.endswith("}}")):
        raise refused(EDGE_VARIABLE, "body", "Variables can't be at the start or end.")
    words = len(MARKED.sub("", text).split())
    if words < rules.switches.words_per_variable * len(variables):
        raise refused(
            TOO_MANY_VARIABLES, "body", "Too many variables for the text's length."
        )
    check_examples(body, "body_text", variables, rules)


def check_footer(footer: dict[str, Any] | None, rules: Rules) -> None:
    if footer is None:
        return
    text = text_of(footer, FOOTER_LIMIT, FOOTER)
    if not rules.switches.footer_variables and ("{{" in text or "}}" in text):
        raise refused(FOOTER, "footer", "A footer has no variables.")


def text_of(component: dict[str, Any], limit: int, subcode: int) -> str:
    text, name = component.get("text"), component["type"].lower()
    if not isinstance(text, str) or not text.strip():
        raise refused(MISSING, name, f"The {name} needs a text.")
    if len(text) > limit:
        raise refused(subcode, name, f"The {name} is longer than {limit} characters.")
    return text


def check_variables(text: str, rules: Rules, name: str, subcode: int) -> list[str]:
    """The variables' names, in order; raises if they are not as WhatsApp wants them."""
    variables = [match.strip() for match in MARKED.findall(text)]
    rest = MARKED.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise refused(subcode, name, "The braces of a variable do not match.")
    if re.search(r"\}\}\s*\{\{", text):
        raise refused(subcode, name, "Variables can't be next to each other.")
    if rules.named:
        good = (
            all(map(NAMED.fullmatch, variables))
            and max(Counter(variables).values(), default=1) == 1
        )
    else:
        expected = [str(number) for number in range(1, len(set(variables)) + 1)]
        good = sorted(set(variables), key=lambda one: one.zfill(9)) == expected
    if not good:
        raise refused(subcode, name, "The variables' names are not right.")
    return list(dict.fromkeys(variables))


def check_examples(
    component: dict[str, Any], key: str, variables: list[str], rules: Rules
) -> None:
    """Every variable needs a sample; a flat array of them passes like a nested one."""
    if not variables:
        return
    example, name = example_of(component), component["type"].lower()
    if rules.named:
        complete = sorted(named_samples(example, key)) == sorted(variables)
    else:
        given = example.get(key)
        if isinstance(given, list) and given and isinstance(given[0], list):
            given = given[0]
        complete = (
            isinstance(given, list)
            and len(given) == len(variables)
            and all(isinstance(one, str) and one.strip() for one in given)
        )
    if not complete:
        raise refused(MISSING, name, f"The {name} needs an example of each variable.")


def named_samples(example: dict[str, Any], key: str) -> list[str]:
    """The names of the variables that have a sample."""
    given = example.get(f"{key}_named_params")
    return [
        str(one.get("param_name"))
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, dict) and str(one.get("example") or "").strip()
    ]


def example_of(component: dict[str, Any]) -> dict[str, Any]:
    example = component.get("example") or {}
    if not isinstance(example, dict):
        raise GraphError(100, message="(#100) Param example must be an object.")
    return example
