"""What an edit would take away: it replaces all components (Cloud API, templates)."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..payloads import (
    is_one_time_code,
    one_time_code_type,
    shows_one_time_code,
    template_parts,
)
from .definition import AUTHENTICATION, TemplateDefinition

# Only reviewers see it, and WhatsApp gives another one back than it got.
_UNSEEN = ("example",)
# What WhatsApp itself words in authentication templates.
_WORDED = ("BODY", "FOOTER")
# Buttons that WhatsApp itself labels.
_LABELLED = {("type", "COPY_CODE"), ("type", "REQUEST_CONTACT_INFO")}
# What WhatsApp adds where nothing else was said.
_DEFAULTS = {("flow_action", "NAVIGATE")}


def lost_parts(components: Sequence[dict], definition: TemplateDefinition) -> list[str]:
    """Name the parts of a template that ``definition`` does not say again.

    ``components`` are Meta's own. Parts are named as in ``payloads.unfillable_parts``:
    ``HEADER GIF``, ``CAROUSEL``, ``BUTTON CATALOG``, ``BODY`` …
    """
    written = [facts for _name, facts in _named_facts(definition.components())]
    is_code = definition.category == AUTHENTICATION and shows_one_time_code(components)
    return [
        name
        for name, facts in _named_facts(components, _WORDED if is_code else ())
        if not any(facts <= one for one in written)
    ]


def _named_facts(
    components: Sequence[dict], worded: Collection[str] = ()
) -> Iterator[tuple[str, set]]:
    """Yield each part; of those in ``worded`` the text is WhatsApp's own."""
    for name, part in template_parts(components):
        facts = _facts(part)
        if name in worded:
            facts = {fact for fact in facts if fact[0] != "text"}
        yield name, facts


def _facts(part: Mapping) -> set[tuple[str, str]]:
    if is_one_time_code(part):
        part = _as_taken(part)
    facts = {
        (name, str(value).upper() if name in ("type", "format") else str(value))
        for name, value in part.items()
        if value and name not in _UNSEEN
    }
    facts = _LABELLED & facts or facts
    return {fact for fact in facts if (fact[0], fact[1].upper()) not in _DEFAULTS}


def _as_taken(button: Mapping) -> dict:
    """The button of a one-time code in the shape in which WhatsApp takes it."""
    taken = {name: value for name, value in button.items() if name != "url"}
    return {**taken, "type": "OTP", "otp_type": one_time_code_type(button)}
