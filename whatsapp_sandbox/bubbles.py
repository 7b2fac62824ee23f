"""What is on a patient's phone: the messages of a thread, and what is done to them."""

from __future__ import annotations

from typing import Any

from .sandbox import Sandbox
from .template import Content
from .world import Message, Patient

RANKS = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}


def on_phone(message: Message) -> bool:
    """Whether it shows there as a bubble; a reaction is part of another one."""
    if message.content.type == "reaction":
        return False
    return message.direction == "in" or RANKS.get(message.status, 0) >= 2


def threads(sandbox: Sandbox, patient: Patient) -> list[list[Message]]:
    world = sandbox.world
    keys = ((number_id, patient.wa_id) for number_id in world.numbers)
    return [world.threads[key] for key in keys if key in world.threads]


def thread(
    sandbox: Sandbox, patient: Patient, number_id: str | None
) -> list[dict[str, Any]]:
    """The bubbles on the patient's phone, oldest first; of all numbers if None."""
    messages = [
        message
        for one in threads(sandbox, patient)
        for message in one
        if on_phone(message) and number_id in (None, message.phone_number_id)
    ]
    messages.sort(key=lambda message: message.timestamp)
    return [bubble(message) for message in messages]


def bubble(message: Message) -> dict[str, Any]:
    """A message as the phone shows it."""
    content = message.content
    return {
        "id": message.id,
        "direction": message.direction,
        "phone_number_id": message.phone_number_id,
        "type": content.type,
        "text": None if message.deleted else content.text,
        "header": content.header,
        "footer": content.footer,
        "buttons": content.buttons,
        "list_label": content.list_label,
        "status": message.status,
        "timestamp": message.timestamp,
        "context_id": message.context_id,
        "biz_opaque_callback_data": message.callback_data,
        "file": None if message.deleted else file(content),
        "place": content.place,
        "cards": content.cards,
        "carousel": carousel(content),
        "reactions": message.reactions,
        "edited": message.edited,
        "deleted": message.deleted,
    }


def carousel(content: Content) -> list[dict[str, Any]]:
    """The cards of a template's carousel, from left to right."""
    return [
        {"text": card.text, "file": file(card), "buttons": card.buttons}
        for card in content.carousel
    ]


def file(content: Content) -> dict[str, Any] | None:
    """The file of a message or card; ``media_id`` is None where nothing was fetched."""
    if content.media_kind is None:
        return None
    return {
        "kind": content.media_kind,
        "media_id": content.media_id,
        "caption": content.caption,
        "filename": content.filename,
        "voice": content.voice,
    }


def show(sandbox: Sandbox, message: Message) -> None:
    """Tell the phone's page of a message that is new there, or has changed."""
    if sandbox.feed.subscribers and on_phone(message):
        patient = message.patient.wa_id
        sandbox.feed.publish("message", patient=patient, bubble=bubble(message))
