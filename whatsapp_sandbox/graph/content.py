"""Texts, media, interactive messages: shape and limits (Cloud API, send messages)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..media import OPTIONS, bubble_text
from ..template import Content
from .errors import GraphError, bad_value, missing, not_one_of

TEXT_LIMIT = 4096
BODY_LIMIT = 1024
LIST_BODY_LIMIT = 4096
CAPTION_LIMIT = 1024
HEADER_LIMIT = FOOTER_LIMIT = 60
MEDIA_HEADERS = ("image", "video", "document")


def need(container: Any, key: str, path: str) -> Any:
    """Value of ``key``; ``path`` names the container in the error."""
    if not isinstance(container, dict):
        raise missing(path)
    value = container.get(key)
    if value is None or value == "":
        raise missing(f"{path}['{key}']" if path else key)
    return value


def text_between(value: Any, low: int, high: int, what: str) -> str:
    if not isinstance(value, str):
        raise bad_value(f"{what} must be a string")
    if not low <= len(value) <= high:
        raise bad_value(f"{what} length invalid. Min length: {low}, Max length: {high}")
    return value


def text(content: Any) -> Content:
    body = need(content, "body", "text")
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
    for key in content.keys() - OPTIONS[kind] - {"id", "link"}:
        raise GraphError(
            100, message=f'(#100) Unexpected key "{key}" on param "{kind}".'
        )
    caption, filename = content.get("caption"), content.get("filename")
    if caption is not None:
        text_between(caption, 1, CAPTION_LIMIT, "Caption")
    if filename is not None and not isinstance(filename, str):
        raise bad_value("filename must be a string")
    shown = Content(kind, bubble_text(kind, caption, filename))
    if "link" in content:
        shown.link = web_address(content["link"], "link")
    else:
        shown.media_id = str(content["id"])
    return shown


def interactive(content: Any) -> Content:
    kind = need(content, "type", "interactive")
    if kind not in ACTIONS:
        raise not_one_of("interactive['type']", ", ".join(ACTIONS), kind)
    body = need(need(content, "body", "interactive"), "text", "interactive['body']")
    limit = LIST_BODY_LIMIT if kind == "list" else BODY_LIMIT
    text_between(body, 1, limit, "Body text")
    action = need(content, "action", "interactive")
    return Content(
        type="interactive",
        text=body,
        header=header(content.get("header"), kind),
        footer=footer(content.get("footer")),
        buttons=ACTIONS[kind](action),
    )


def header(content: Any, kind: str) -> str | None:
    """Text of the header; a media header shows as its type's name in brackets."""
    if content is None:
        return None
    header_type = need(content, "type", "interactive['header']")
    if header_type in MEDIA_HEADERS and kind != "list":
        media = need(content, header_type, "interactive['header']")
        exactly_one_source(media, f"interactive['header']['{header_type}']")
        return f"[{header_type}]"
    if header_type != "text":
        allowed = "text" if kind == "list" else ", ".join(("text", *MEDIA_HEADERS))
        raise not_one_of("interactive['header']['type']", allowed, header_type)
    value = need(content, "text", "interactive['header']")
    return text_between(value, 1, HEADER_LIMIT, "Header text")


def exactly_one_source(media: Any, path: str) -> None:
    if not isinstance(media, dict) or ("id" in media) == ("link" in media):
        raise bad_value(f"{path} must have either id or link")


def footer(content: Any) -> str | None:
    if content is None:
        return None
    value = need(content, "text", "interactive['footer']")
    return text_between(value, 1, FOOTER_LIMIT, "Footer text")


def button_dict(index: int, kind: str, title: str, payload: str) -> dict[str, Any]:
    return {"index": index, "kind": kind, "title": title, "payload": payload}


def reply_buttons(action: Any) -> list[dict[str, Any]]:
    path = "interactive['action']"
    buttons = need(action, "buttons", path)
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise bad_value("Invalid buttons count. Min allowed buttons: 1, Max: 3")
    found = []
    for index, button in enumerate(buttons):
        here = f"{path}['buttons'][{index}]"
        if need(button, "type", here) != "reply":
            raise not_one_of(f"{here}['type']", "reply", button["type"])
        reply = need(button, "reply", here)
        title = need(reply, "title", f"{here}['reply']")
        text_between(title, 1, 20, "Button title")
        payload = identifier(need(reply, "id", f"{here}['reply']"), 256, "Button id")
        found.append(button_dict(index, "reply", title, payload))
    distinct([button["payload"] for button in found], "reply.id")
    distinct([button["title"] for button in found], "reply.title")
    return found


def identifier(value: Any, limit: int, what: str) -> str:
    text_between(value, 1, limit, what)
    if value != value.strip():
        raise bad_value(f"{what} cannot have leading or trailing spaces")
    return value


def distinct(values: list[str], what: str) -> None:
    if len(set(values)) != len(values):
        raise bad_value(f"Duplicated {what} in the list of buttons or rows")


def list_rows(action: Any) -> list[dict[str, Any]]:
    path = "interactive['action']"
    text_between(need(action, "button", path), 1, 20, "Button label")
    sections = need(action, "sections", path)
    if not isinstance(sections, list) or not 1 <= len(sections) <= 10:
        raise bad_value("Invalid sections count. Min: 1, Max: 10")
    found: list[dict[str, Any]] = []
    for position, section in enumerate(sections):
        here = f"{path}['sections'][{position}]"
        if len(sections) > 1:
            need(section, "title", here)
        rows = need(section, "rows", here)
        if not isinstance(rows, list):
            raise bad_value("rows must be an array")
        text_between(section.get("title") or "", 0, 24, "Section title")
        found += [row_button(row, here, len(found) + n) for n, row in enumerate(rows)]
    if not 1 <= len(found) <= 10:
        raise bad_value("Total row count exceed max allowed count: 10")
    distinct([row["payload"] for row in found], "row.id")
    return found


def row_button(row: Any, path: str, index: int) -> dict[str, Any]:
    title = text_between(need(row, "title", path), 1, 24, "Row title")
    payload = identifier(need(row, "id", path), 200, "Row id")
    description = text_between(row.get("description") or "", 0, 72, "Row description")
    button = button_dict(index, "row", title, payload)
    return {**button, "description": description} if description else button


def cta_url(action: Any) -> list[dict[str, Any]]:
    path = "interactive['action']"
    if need(action, "name", path) != "cta_url":
        raise not_one_of(f"{path}['name']", "cta_url", action["name"])
    parameters = need(action, "parameters", path)
    label = need(parameters, "display_text", f"{path}['parameters']")
    text_between(label, 1, 20, "Button label")
    url = need(parameters, "url", f"{path}['parameters']")
    return [button_dict(0, "url", label, web_address(url, "url"))]


def web_address(value: Any, what: str) -> str:
    if not str(value).startswith(("https://", "http://")):
        raise bad_value(f"{what} must be a valid http(s) address")
    return value


ACTIONS: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "button": reply_buttons,
    "list": list_rows,
    "cta_url": cta_url,
}
