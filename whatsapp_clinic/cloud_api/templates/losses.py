"""What an edit would take away: it replaces all components (Cloud API, templates)."""

from collections.abc import Iterator, Mapping, Sequence

from ..payloads import template_parts
from .definition import TemplateDefinition

# Only reviewers see it, and WhatsApp gives another one back than it got.
_UNSEEN = ("example",)
# What WhatsApp adds where nothing else was said.
_DEFAULTS = {("flow_action", "NAVIGATE")}


def lost_parts(components: Sequence[dict], definition: TemplateDefinition) -> list[str]:
    """Name the parts of a template that ``definition`` does not say again.

    ``components`` are Meta's own. Parts are named as in ``payloads.unfillable_parts``:
    ``HEADER GIF``, ``CAROUSEL``, ``BUTTON CATALOG``, ``BODY`` …
    """
    written = [facts for _name, facts in _named_facts(definition.components())]
    return [
        name
        for name, facts in _named_facts(components)
        if not any(facts <= one for one in written)
    ]


def _named_facts(components: Sequence[dict]) -> Iterator[tuple[str, set]]:
    for name, part in template_parts(components):
        yield name, _facts(part)


def _facts(part: Mapping) -> set[tuple[str, str]]:
    facts = {
        (name, str(value).upper() if name in ("type", "format") else str(value))
        for name, value in part.items()
        if value and name not in _UNSEEN
    }
    if ("type", "COPY_CODE") in facts:
        # WhatsApp labels this button itself.
        facts = {("type", "COPY_CODE")}
    return {fact for fact in facts if (fact[0], fact[1].upper()) not in _DEFAULTS}
