"""Message templates in Meta's own shape, and what filling one gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(slots=True)
class Content:
    """What the patient sees of a message; its file is ``media_id`` or ``link``."""

    type: str
    text: str | None = None
    header: str | None = None
    footer: str | None = None
    buttons: list[dict[str, Any]] = field(default_factory=list)
    template: str | None = None
    category: str = "service"
    ttl_seconds: float | None = None
    media_id: str | None = None
    link: str | None = None


# Time to live: Cloud API, seconds by category; -1 is WhatsApp's 30 days.
TTL_SECONDS = {
    "AUTHENTICATION": (30, 900),
    "UTILITY": (30, 43_200),
    "MARKETING": (43_200, 2_592_000),
}


class Template:
    """One template in one language; ``definition`` is what the Graph API returns.

    ``variables`` has the names (or numbers) in each component's text, each once.
    """

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = definition
        self.id: str = definition["id"]
        self.name: str = definition["name"]
        self.language: str = definition["language"]
        self.category: str = definition["category"]
        self.status: str = definition["status"]
        self.named = definition.get("parameter_format") == "NAMED"
        self.components: dict[str, dict[str, Any]] = {
            component["type"].lower(): component
            for component in definition["components"]
        }
        self.buttons: list[dict[str, Any]] = self.components.get("buttons", {}).get(
            "buttons", []
        )
        self.variables = {
            name: list(dict.fromkeys(VARIABLE.findall(component.get("text", ""))))
            for name, component in self.components.items()
        }
        ttl = self.definition.get("message_send_ttl_seconds", -1)
        self.ttl_seconds: float | None = None if ttl == -1 else ttl
        self.header_format: str | None = self.components.get("header", {}).get("format")

    def text(self, component: str, values: dict[str, str]) -> str | None:
        """Text of ``component`` with ``values`` put in, None where there is no text."""
        text = self.components.get(component, {}).get("text")
        if text is None:
            return None
        return VARIABLE.sub(lambda match: values[match[1]], text)
