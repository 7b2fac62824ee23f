"""What patients send, as the type of a message and the object named like it. Pure."""

from __future__ import annotations

import base64
import json
from typing import Any

from .graph.errors import webhook_error
from .media import Media
from .switches import Switches
from .world import Message, Patient

UNSUPPORTED = 131051


def text(body: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": body}}


def media(
    kind: str, file: Media, url: str, options: dict[str, Any], switches: Switches
) -> dict[str, Any]:
    """A file; sha256 is base64 here, not hex, and the address may be missing."""
    content = {
        "id": file.id,
        "mime_type": file.mime_type,
        "sha256": base64.b64encode(file.digest(switches)).decode(),
        "url": url,
        **options,
    }
    if not switches.media_url_in_webhook:
        del content["url"]
    return {"type": kind, kind: content}


def location(place: dict[str, Any]) -> dict[str, Any]:
    return {"type": "location", "location": place}


def contacts(cards: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "contacts", "contacts": cards}


def own_contact(patient: Patient) -> dict[str, Any]:
    """The card with which a patient answers a request for the phone number."""
    phone = {"phone": f"+{patient.wa_id}", "type": "CELL", "wa_id": patient.wa_id}
    name = {"formatted_name": patient.name, "first_name": patient.name}
    return {"name": name, "phones": [phone], "origin": "contact_request"}


def reaction(message_id: str, emoji: str | None) -> dict[str, Any]:
    """``emoji`` "" or None takes the reaction away; WhatsApp is known to do both."""
    content = {"message_id": message_id}
    if emoji is not None:
        content["emoji"] = emoji
    return {"type": "reaction", "reaction": content}


def tap(button: dict[str, Any]) -> dict[str, Any]:
    """The answer of a template's quick reply, a reply button, or a list's row."""
    title, payload = button["title"], button["payload"]
    if button["kind"] == "quick_reply":
        return {"type": "button", "button": {"payload": payload, "text": title}}
    reply = "list_reply" if button["kind"] == "row" else "button_reply"
    chosen = {"id": payload, "title": title}
    if button.get("description"):
        chosen["description"] = button["description"]
    return {"type": "interactive", "interactive": {"type": reply, reply: chosen}}


def form(response_json: str) -> dict[str, Any]:
    reply = {"name": "flow", "body": "Sent", "response_json": response_json}
    return {
        "type": "interactive",
        "interactive": {"type": "nfm_reply", "nfm_reply": reply},
    }


def filled_form(answers: dict[str, Any], flow_token: str) -> str:
    return json.dumps({**answers, "flow_token": flow_token})


def order(content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "order", "order": content}


def edit(message: Message, body: str) -> dict[str, Any]:
    """The new text of a message, or the new caption of a file."""
    kind = message.content.type
    changed = {"body": body} if kind == "text" else {"caption": body}
    content = {
        "original_message_id": message.id,
        "message": {"type": kind, kind: changed},
    }
    return {"type": "edit", "edit": content}


def revoke(message: Message) -> dict[str, Any]:
    return {"type": "revoke", "revoke": {"original_message_id": message.id}}


def unsupported(kind: str) -> dict[str, Any]:
    """What the Cloud API does not pass on; ``kind`` is e.g. "poll"."""
    error = webhook_error(UNSUPPORTED)
    error["error_data"]["details"] = "Message type is currently not supported."
    del error["href"]
    return {"type": "unsupported", "errors": [error], "unsupported": {"type": kind}}
