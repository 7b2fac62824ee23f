"""Interactive messages: shape and limits (Cloud API, send messages)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..template import Content
from .body import lowered
from .content import (
    button_dict,
    contact_request,
    need,
    only,
    put_header_file,
    text_between,
    web_address,
)
from .errors import bad_value, not_one_of

BODY_LIMIT = 1024
LIST_BODY_LIMIT = 4096
HEADER_LIMIT = FOOTER_LIMIT = 60
FLOW_LABEL_LIMIT = 30
FLOW_VERSION = "3"
MEDIA_HEADERS = ("image", "video", "document")
WITHOUT_HEADER = ("location_request_message", "request_contact_info")
FLOW_ACTIONS = ("navigate", "data_exchange")
FLOW_MODES = ("published", "draft")
FLOW_PARAMETERS = (
    "flow_message_version",
    "flow_id",
    "flow_name",
    "flow_cta",
    "flow_token",
    "flow_action",
    "flow_action_payload",
    "mode",
)
PARTS = ("type", "header", "body", "footer", "action")


def interactive(content: Any) -> Content:
    kind = need(content, "type", "interactive")
    if not isinstance(kind, str) or kind.lower() not in ACTIONS:
        raise not_one_of("interactive['type']", ", ".join(ACTIONS), kind)
    kind = kind.lower()
    only(content, PARTS, "interactive")
    body = need(need(content, "body", "interactive"), "text", "interactive['body']")
    only(content["body"], ("text",), "interactive['body']")
    limit = LIST_BODY_LIMIT if kind == "list" else BODY_LIMIT
    text_between(body, 1, limit, "Body text")
    shown = Content("interactive", body)
    if kind in WITHOUT_HEADER and (content.get("header") or content.get("footer")):
        raise bad_value(f"interactive type {kind} has neither header nor footer")
    put_header(shown, content.get("header"), kind)
    shown.footer = footer(content.get("footer"))
    action = need(content, "action", "interactive")
    shown.buttons = ACTIONS[kind](action)
    shown.list_label = action["button"] if kind == "list" else None
    return shown


def put_header(shown: Content, content: Any, kind: str) -> None:
    """Text of the header; a media header shows as its type's name in brackets."""
    if content is None:
        return
    header_type = lowered(need(content, "type", "interactive['header']"))
    only(content, ("type", header_type), "interactive['header']")
    if header_type in MEDIA_HEADERS and kind != "list":
        media = need(content, header_type, "interactive['header']")
        path = f"interactive['header']['{header_type}']"
        put_header_file(shown, header_type, media, path)
        shown.header = f"[{header_type}]"
        return
    if header_type != "text":
        allowed = "text" if kind == "list" else ", ".join(("text", *MEDIA_HEADERS))
        raise not_one_of("interactive['header']['type']", allowed, header_type)
    value = need(content, "text", "interactive['header']")
    shown.header = text_between(value, 1, HEADER_LIMIT, "Header text")


def footer(content: Any) -> str | None:
    if content is None:
        return None
    value = need(content, "text", "interactive['footer']")
    only(content, ("text",), "interactive['footer']")
    return text_between(value, 1, FOOTER_LIMIT, "Footer text")


def reply_buttons(action: Any) -> list[dict[str, Any]]:
    path = "interactive['action']"
    buttons = need(action, "buttons", path)
    only(action, ("buttons",), path)
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise bad_value("Invalid buttons count. Min allowed buttons: 1, Max: 3")
    found = []
    for index, button in enumerate(buttons):
        here = f"{path}['buttons'][{index}]"
        if lowered(need(button, "type", here)) != "reply":
            raise not_one_of(f"{here}['type']", "reply", button["type"])
        reply = need(button, "reply", here)
        only(button, ("type", "reply"), here)
        only(reply, ("id", "title"), f"{here}['reply']")
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
    only(action, ("button", "sections"), path)
    if not isinstance(sections, list) or not 1 <= len(sections) <= 10:
        raise bad_value("Invalid sections count. Min: 1, Max: 10")
    found: list[dict[str, Any]] = []
    for position, section in enumerate(sections):
        here = f"{path}['sections'][{position}]"
        if len(sections) > 1:
            need(section, "title", here)
        rows = need(section, "rows", here)
        only(section, ("title", "rows"), here)
        if not isinstance(rows, list):
            raise bad_value("rows must be an array")
        title = text_between(section.get("title") or "", 0, 24, "Section title")
        found += [
            {**row_button(row, here, len(found) + n), "section": title}
            for n, row in enumerate(rows)
        ]
    if not 1 <= len(found) <= 10:
        raise bad_value("Total row count exceed max allowed count: 10")
    distinct([row["payload"] for row in found], "row.id")
    return found


def row_button(row: Any, path: str, index: int) -> dict[str, Any]:
    title = text_between(need(row, "title", path), 1, 24, "Row title")
    payload = identifier(need(row, "id", path), 200, "Row id")
    only(row, ("id", "title", "description"), path)
    description = text_between(row.get("description") or "", 0, 72, "Row description")
    button = button_dict(index, "row", title, payload)
    return {**button, "description": description} if description else button


def cta_url(action: Any) -> list[dict[str, Any]]:
    named(action, "cta_url")
    parameters = need(action, "parameters", "interactive['action']")
    path = "interactive['action']['parameters']"
    label = text_between(need(parameters, "display_text", path), 1, 20, "Button label")
    url = need(parameters, "url", path)
    only(parameters, ("display_text", "url"), path)
    return [button_dict(0, "url", label, web_address(url, "url"))]


def named(action: Any, name: str) -> None:
    if need(action, "name", "interactive['action']") != name:
        raise not_one_of("interactive['action']['name']", name, action["name"])
    only(action, ("name", "parameters"), "interactive['action']")


def location_request(action: Any) -> list[dict[str, Any]]:
    named(action, "send_location")
    return [button_dict(0, "send_location", "Send location", "")]


def request_contact_info(action: Any) -> list[dict[str, Any]]:
    named(action, "request_contact_info")
    return [contact_request(0)]


def flow(action: Any) -> list[dict[str, Any]]:
    """A form; its button's payload is the flow token, "unused" by default."""
    named(action, "flow")
    parameters = need(action, "parameters", "interactive['action']")
    path = "interactive['action']['parameters']"
    only(parameters, FLOW_PARAMETERS, path)
    if need(parameters, "flow_message_version", path) != FLOW_VERSION:
        raise not_one_of(
            f"{path}['flow_message_version']",
            FLOW_VERSION,
            parameters["flow_message_version"],
        )
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        raise bad_value("flow must have either flow_id or flow_name")
    label = need(parameters, "flow_cta", path)
    text_between(label, 1, FLOW_LABEL_LIMIT, "flow_cta")
    check_flow_options(parameters, path)
    token = str(parameters.get("flow_token") or "unused")
    return [button_dict(0, "flow", label, token)]


def check_flow_options(parameters: dict[str, Any], path: str) -> None:
    action = parameters.get("flow_action", "navigate")
    if action not in FLOW_ACTIONS:
        raise not_one_of(f"{path}['flow_action']", ", ".join(FLOW_ACTIONS), action)
    mode = parameters.get("mode", "published")
    if mode not in FLOW_MODES:
        raise not_one_of(f"{path}['mode']", ", ".join(FLOW_MODES), mode)
    payload = parameters.get("flow_action_payload")
    if payload is None:
        return
    need(payload, "screen", f"{path}['flow_action_payload']")
    if "data" in payload and not payload["data"]:
        raise bad_value("flow_action_payload data must not be empty")


ACTIONS: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "button": reply_buttons,
    "list": list_rows,
    "cta_url": cta_url,
    "location_request_message": location_request,
    "flow": flow,
    "request_contact_info": request_contact_info,
}
