"""Message templates in Meta's own shape, and what filling one gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(slots=True)
class Content:
    """What the patient sees of a message; its file is ``media_id`` or ``link``.

    ``media_kind`` is the file's kind: the message's own, or its header's.
    ``filename`` is a document's; ``place`` a location, ``cards`` are contacts;
    ``list_label`` is on the button that opens a list, whose rows are ``buttons``;
    ``carousel`` has the cards of a template, each with a file, text and buttons.
    """

    type: str
    text: str | None = None
    header: str | None = None
    footer: str | None = None
    buttons: list[dict[str, Any]] = field(default_factory=list)
    list_label: str | None = None
    template: str | None = None
    category: str = "service"
    ttl_seconds: float | None = None
    media_kind: str | None = None
    media_id: str | None = None
    link: str | None = None
    caption: str | None = None
    filename: str | None = None
    voice: bool = False
    place: dict[str, Any] | None = None
    cards: list[dict[str, Any]] | None = None
    target_id: str | None = None
    template_id: str | None = None
    carousel: list[Content] = field(default_factory=list)

    @property
    def pieces(self) -> list[Content]:
        """All that may have a file of its own: the message, and each of its cards."""
        return [self, *self.carousel]


# Time to live: Cloud API, seconds by category; -1 is WhatsApp's 30 days.
TTL_SECONDS = {
    "AUTHENTICATION": (30, 900),
    "UTILITY": (30, 43_200),
    "MARKETING": (43_200, 2_592_000),
}


class Parts:
    """The components of a template, or of one of the ``cards`` of its carousel.

    ``variables`` has the names (or numbers) in each component's text, each once.
    """

    def __init__(self, components: list[dict[str, Any]], named: bool) -> None:
        self.named = named
        self.components: dict[str, dict[str, Any]] = {
            component["type"].lower(): component for component in components
        }
        self.buttons: list[dict[str, Any]] = self.components.get("buttons", {}).get(
            "buttons", []
        )
        self.variables = {
            name: list(dict.fromkeys(VARIABLE.findall(component.get("text", ""))))
            for name, component in self.components.items()
        }
        self.header_format: str | None = self.components.get("header", {}).get("format")
        self.cards = [
            Parts(card["components"], named)
            for card in self.components.get("carousel", {}).get("cards", ())
        ]

    def text(self, component: str, values: dict[str, str]) -> str | None:
        """Text of ``component`` with ``values`` put in, None where there is no text."""
        text = self.components.get(component, {}).get("text")
        if text is None:
            return None
        return VARIABLE.sub(lambda match: values[match[1]], text)


class Template:
    """One template in one language; ``definition`` is what the Graph API returns.

    ``edits`` has the times of edits while approved, ``pauses`` counts those for
    quality, ``submissions`` reviews begun and ended.
    """

    def __init__(self, definition: dict[str, Any], business_id: str) -> None:
        self.business_id = business_id
        self.id: str = definition["id"]
        self.edits: list[float] = []
        self.pauses = 0
        self.submissions = 0
        self.pacing_paused_at: float | None = None
        self.read(definition)

    def read(self, definition: dict[str, Any]) -> None:
        """Take ``definition`` as what the template is from now on."""
        self.definition = definition
        self.name: str = definition["name"]
        self.language: str = definition["language"]
        self.category: str = definition["category"]
        self.status: str = definition["status"]
        named = definition.get("parameter_format") == "NAMED"
        self.parts = Parts(definition["components"], named)
        ttl = self.definition.get("message_send_ttl_seconds", -1)
        self.ttl_seconds: float | None = None if ttl == -1 else ttl

    def update(self, **changes: Any) -> None:
        self.read({**self.definition, **changes})

    @property
    def texts(self) -> list[str]:
        """All that can be read of it."""
        components = self.parts.components.values()
        found = [component.get("text", "") for component in components]
        return [*found, *(button.get("text", "") for button in self.parts.buttons)]

    @property
    def score(self) -> str:
        """Quality: GREEN, YELLOW, RED, or UNKNOWN for a template that is new."""
        return self.definition.get("quality_score", {}).get("score", "UNKNOWN")
