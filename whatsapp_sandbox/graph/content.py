"""Texts, media, places, contacts, reactions: shape and limits (Cloud API, sending)."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from ..media import OPTIONS, bubble_text
from ..template import Content
from .errors import GraphError, bad_value, missing, unexpected

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CONTACTS_LIMIT = 257
LONGEST_EMOJI = 32
FLAGS = (None, True, False, "true", "false")
BIRTHDAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ASCII_ONLY = re.compile(r"[\x20-\x7e]*[A-Za-z ][\x20-\x7e]*")
PLACE = ("latitude", "longitude", "name", "address")
# What a contact card may have, and each entry of its parts (Cloud API, contacts).
CARD = {
    "name": ("formatted_name", "first_name", "last_name", "middle_name", "suffix")
    + ("prefix",),
    "phones": ("phone", "type", "wa_id"),
    "emails": ("email", "type"),
    "urls": ("url", "type"),
    "addresses": ("street", "city", "state", "zip", "country", "country_code", "type"),
    "org": ("company", "department", "title"),
    "birthday": (),
}


def need(container: Any, key: str, path: str) -> Any:
    """Value of ``key``; ``path`` names the container in the error."""
    if not isinstance(container, dict):
        raise missing(path)
    value = container.get(key)
    if value is None or value == "":
        raise missing(f"{path}['{key}']" if path else key)
    return value


def only(container: Any, keys: Container[str], path: str) -> None:
    """Raise for a member that the Graph API does not know; ``path`` names it."""
    if not isinstance(container, dict):
        raise missing(path)
    for key in container:
        if key not in keys:
            raise unexpected(key, path)


def text_between(value: Any, low: int, high: int, what: str) -> str:
    if not isinstance(value, str):
        raise bad_value(f"{what} must be a string")
    if not low <= len(value) <= high:
        raise bad_value(f"{what} length invalid. Min length: {low}, Max length: {high}")
    return value


def text(content: Any) -> Content:
    body = need(content, "body", "text")
    only(content, ("body", "preview_url"), "text")
    if content.get("preview_url") not in FLAGS:
        raise GraphError(
            100, message="(#100) Param text['preview_url'] must be a boolean."
        )
    if not isinstance(body, str):
        raise GraphError(100, message="(#100) Param text['body'] must be a string.")
    if len(body) > TEXT_LIMIT:
        raise GraphError(
            100,
            message=f"(#100) Param text['body'] must be at most {TEXT_LIMIT}"
            " characters long.",
        )
    return Content("text", body)


def media(kind: str, content: Any) -> Content:
    """A file by ``id`` or ``link``; whether it fits shows after acceptance."""
    exactly_one_source(content, kind)
    only(content, {"id", "link"} | OPTIONS[kind], kind)
    caption, filename = content.get("caption"), content.get("filename")
    if caption is not None:
        text_between(caption, 1, CAPTION_LIMIT, "Caption")
    shown = Content(kind)
    put_file(shown, kind, content, kind)
    shown.caption = caption
    shown.text = bubble_text(kind, caption, filename)
    shown.voice = bool(content.get("voice"))
    return shown


def put_header_file(shown: Content, kind: str, content: Any, path: str) -> None:
    """A header's file: only a document's has a name, none has a caption."""
    exactly_one_source(content, path)
    only(content, {"id", "link"} | (OPTIONS[kind] & {"filename"}), path)
    put_file(shown, kind, content, path)


def put_file(shown: Content, kind: str, content: Any, path: str) -> None:
    """Make the file that ``content`` names the one of ``shown``."""
    exactly_one_source(content, path)
    filename = content.get("filename")
    if filename is not None and not isinstance(filename, str):
        raise bad_value("filename must be a string")
    shown.media_kind, shown.filename = kind, filename
    if "link" in content:
        shown.link = web_address(content["link"], "link")
    else:
        shown.media_id = str(content["id"])


def exactly_one_source(media: Any, path: str) -> None:
    if not isinstance(media, dict) or ("id" in media) == ("link" in media):
        raise bad_value(f"{path} must have either id or link")


def web_address(value: Any, what: str) -> str:
    if not str(value).startswith(("https://", "http://")):
        raise bad_value(f"{what} must be a valid http(s) address")
    return value


def location(content: Any) -> Content:
    found = place(content, "location")
    shown = " ".join(str(found[key]) for key in ("name", "address") if found.get(key))
    return Content("location", shown or "[location]", place=found)


def place(content: Any, path: str) -> dict[str, Any]:
    """Decimal degrees, as texts or numbers; a name and an address may stand by."""
    only(content, PLACE, path)
    found: dict[str, Any] = {
        "latitude": degrees(need(content, "latitude", path), 90, f"{path} latitude"),
        "longitude": degrees(
            need(content, "longitude", path), 180, f"{path} longitude"
        ),
    }
    for key in ("name", "address"):
        if content.get(key) is not None:
            found[key] = text_between(content[key], 1, 1000, f"{path} {key}")
    return found


def degrees(value: Any, most: int, what: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise bad_value(f"{what} must be in decimal degrees") from None
    if isinstance(value, bool) or not -most <= found <= most:
        raise bad_value(f"{what} must be between -{most} and {most}")
    return found


def contacts(content: Any) -> Content:
    if not 1 <= len(content) <= CONTACTS_LIMIT:
        raise bad_value(f"Invalid contacts count. Min: 1, Max: {CONTACTS_LIMIT}")
    names = [
        check_contact(card, f"contacts[{position}]")
        for position, card in enumerate(content)
    ]
    return Content("contacts", ", ".join(names), cards=content)


def check_contact(card: Any, path: str) -> str:
    """Raise unless the card is one; returns the name it shows."""
    name = need(need(card, "name", path), "formatted_name", f"{path}['name']")
    text_between(name, 1, 1000, f"{path} formatted_name")
    only(card, CARD, path)
    for key in ("phones", "emails", "addresses", "urls"):
        entries = card.get(key, [])
        if not isinstance(entries, list):
            raise bad_value(f"{path} {key} must be an array")
        for position, entry in enumerate(entries):
            only(entry, CARD[key], f"{path}['{key}'][{position}]")
    for key in ("name", "org"):
        only(card.get(key, {}), CARD[key], f"{path}['{key}']")
    birthday = card.get("birthday")
    if birthday is not None and not BIRTHDAY.fullmatch(str(birthday)):
        raise bad_value(f"{path} birthday must be YYYY-MM-DD")
    return name


def reaction(content: Any) -> Content:
    """``emoji`` may be empty, which takes the reaction away."""
    target = need(content, "message_id", "reaction")
    only(content, ("message_id", "emoji"), "reaction")
    emoji = content.get("emoji")
    if emoji is None:
        raise missing("reaction['emoji']")
    if not isinstance(emoji, str) or len(emoji) > LONGEST_EMOJI:
        raise bad_value("reaction emoji is not an emoji")
    if ASCII_ONLY.fullmatch(emoji):
        raise bad_value("reaction emoji is not an emoji")
    return Content("reaction", emoji, target_id=str(target))


def button_dict(index: int, kind: str, title: str, payload: str) -> dict[str, Any]:
    return {"index": index, "kind": kind, "title": title, "payload": payload}


def contact_request(index: int) -> dict[str, Any]:
    """A button that sends the patient's own contact."""
    return button_dict(index, "send_contact", "Share contact info", "")
