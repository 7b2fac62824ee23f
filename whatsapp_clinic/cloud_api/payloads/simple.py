"""Texts, places, reactions, and what is told about messages of the patient."""

from .checks import check_sendable, checked, checked_message_id, message
from .parts import Location

TEXT_BODY = 4096


def text(
    recipient: str,
    body: str,
    preview_url: bool = False,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a text message (needs an open 24-hour window)."""
    content = {"body": checked("body", body, TEXT_BODY)}
    if preview_url:
        content["preview_url"] = True
    return message(recipient, "text", content, reply_to, callback_data)


def location(
    recipient: str,
    place: Location,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message that shows a place on a map."""
    return message(recipient, "location", place.content(), reply_to, callback_data)


def reaction(
    recipient: str, message_id: str, emoji: str, callback_data: str | None = None
) -> dict:
    """Build a reaction to a message of the patient; an empty emoji takes it back.

    The message must be of the last 30 days and no reaction itself; otherwise WhatsApp
    tells by webhook that it failed (131009).
    """
    check_sendable("emoji", emoji)
    content = {"message_id": checked_message_id(message_id), "emoji": emoji}
    return message(recipient, "reaction", content, None, callback_data)


def read(message_id: str, typing: bool = False) -> dict:
    """Build "read up to here", optionally with "typing …" shown for up to 25 s."""
    payload = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": checked_message_id(message_id),
    }
    if typing:
        payload["typing_indicator"] = {"type": "text"}
    return payload
