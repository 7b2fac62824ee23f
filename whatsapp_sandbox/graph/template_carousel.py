"""A carousel: cards side by side that look alike (Cloud API, media card carousels)."""

from __future__ import annotations

from typing import Any

from .errors import not_one_of
from .template_buttons import check_buttons
from .template_parts import Rules, by_type, check_body, check_header
from .template_refusal import MISSING, TOO_LONG, refused

FEWEST, MOST = 2, 10
CATEGORIES = ("MARKETING", "UTILITY")
COMPONENTS = ("HEADER", "BODY", "BUTTONS")
FORMATS = ("IMAGE", "VIDEO")
BODY_LIMIT = 160
BUTTON_TYPES = ("QUICK_REPLY", "URL", "PHONE_NUMBER")
BUTTON_LIMIT = 2


def check_carousel(parts: dict[str, dict[str, Any]], rules: Rules) -> None:
    """Raise for the first mistake; the cards are left as the Graph API returns them."""
    if rules.category not in CATEGORIES:
        raise not_one_of("category", ", ".join(CATEGORIES), rules.category)
    if parts.keys() != {"BODY", "CAROUSEL"}:
        raise refused(MISSING, "carousel", "A carousel has only a body beside it.")
    cards = parts["CAROUSEL"].get("cards")
    if not isinstance(cards, list) or not FEWEST <= len(cards) <= MOST:
        raise refused(MISSING, "carousel", f"A carousel has {FEWEST} to {MOST} cards.")
    checked = [checked_card(card, rules) for card in cards]
    if any(look(card) != look(checked[0]) for card in checked):
        raise refused(MISSING, "carousel", "All cards must have the same components.")
    parts["CAROUSEL"]["cards"] = [
        {"components": [card[name] for name in COMPONENTS if name in card]}
        for card in checked
    ]


def checked_card(card: Any, rules: Rules) -> dict[str, dict[str, Any]]:
    """The components of a card by their types."""
    if not isinstance(card, dict):
        raise refused(MISSING, "carousel", "Every card must be an object.")
    parts = by_type(card.get("components"), COMPONENTS)
    if "HEADER" not in parts or "BUTTONS" not in parts:
        raise refused(MISSING, "carousel", "A card needs a header and buttons.")
    if parts["HEADER"]["format"] not in FORMATS:
        kinds = ", ".join(FORMATS)
        raise not_one_of("components['format']", kinds, parts["HEADER"]["format"])
    check_header(parts["HEADER"], rules)
    if "BODY" in parts:
        check_body(parts["BODY"], rules, BODY_LIMIT)
    check_card_buttons(parts["BUTTONS"], rules)
    return parts


def check_card_buttons(component: dict[str, Any], rules: Rules) -> None:
    for button in component["buttons"]:
        if button["type"] not in BUTTON_TYPES:
            raise not_one_of("buttons['type']", ", ".join(BUTTON_TYPES), button["type"])
    if len(component["buttons"]) > BUTTON_LIMIT:
        raise refused(TOO_LONG, "buttons", f"A card has 1 to {BUTTON_LIMIT} buttons.")
    check_buttons(component, rules.category)


def look(card: dict[str, dict[str, Any]]) -> tuple[Any, ...]:
    """What must be the same on all cards."""
    buttons = [one["type"] for one in card["BUTTONS"]["buttons"]]
    return card["HEADER"]["format"], "BODY" in card, buttons
