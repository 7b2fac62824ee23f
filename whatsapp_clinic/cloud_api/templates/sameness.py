"""What of a template patients read: two that say the same are equal in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .definition import (
    Button,
    Card,
    ContactRequestButton,
    CopyCodeButton,
    Header,
    OneTimeCodeButton,
    OtherButton,
    TemplateDefinition,
    UrlButton,
)


def wording(definition: TemplateDefinition) -> TemplateDefinition:
    """Return a definition without its name and what only reviewers or WhatsApp see:
    category, time to live, samples and examples, WhatsApp's own labels."""
    return replace(
        definition,
        name="",
        language="",
        category="",
        ttl_seconds=None,
        examples={},
        header=_header(definition.header),
        buttons=_buttons(definition.buttons),
        cards=tuple(
            Card(_header(card.header), card.body, _buttons(card.buttons))
            for card in definition.cards
        ),
        others=tuple(_unseen_taken_away(part) for part in definition.others),
        add_security_recommendation=False,
        code_expiration_minutes=None,
    )


def _header(header: Header | None) -> Header | None:
    return header and replace(header, handle="")


def _buttons(buttons: Sequence[Button]) -> tuple[Button, ...]:
    return tuple(map(_button, buttons))


def _button(button: Button) -> Button:
    if isinstance(button, UrlButton):
        return replace(button, example="")
    if isinstance(button, CopyCodeButton):
        return CopyCodeButton("")
    if isinstance(button, ContactRequestButton | OneTimeCodeButton):
        return type(button)()
    if isinstance(button, OtherButton):
        return replace(button, listed=_unseen_taken_away(button.listed))
    return button


def _unseen_taken_away(part: Mapping) -> dict:
    return {name: value for name, value in part.items() if name != "example"}
