"""Messages with something to tap (Cloud API, interactive messages)."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .checks import (
    PayloadError,
    check_count,
    check_unique,
    checked,
    checked_address,
    checked_id,
    message,
)
from .parts import HEADER, Header

INTERACTIVE_BODY = 1024
FOOTER = 60
BUTTONS = 3
BUTTON_ID = 256
BUTTON_TITLE = 20
LIST_BUTTON = 20
LIST_SECTIONS = 10
LIST_ROWS = 10
SECTION_TITLE = 24
ROW_ID = 200
ROW_TITLE = 24
ROW_DESCRIPTION = 72
LINK_LABEL = 20
FLOW_LABEL = 30
_LINK = 2000
_FLOW_VERSION = "3"
_FLOW_TOKEN = 1024


class Row(NamedTuple):
    """A line of a list message."""

    id: str
    title: str
    description: str = ""


class Section(NamedTuple):
    """A titled group of rows of a list message."""

    title: str
    rows: Sequence[Row | tuple]


def buttons(
    recipient: str,
    body: str,
    buttons: Sequence[tuple[str, str]],
    header: Header | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message with one to three reply buttons, each an (id, title)."""
    check_count("buttons", len(buttons), BUTTONS)
    check_unique("button id", [button_id for button_id, _ in buttons])
    check_unique("button title", [title for _, title in buttons])
    action = {
        "buttons": [
            {
                "type": "reply",
                "reply": {
                    "id": checked_id("button id", button_id, BUTTON_ID),
                    "title": checked("button title", title, BUTTON_TITLE),
                },
            }
            for button_id, title in buttons
        ]
    }
    content = _interactive("button", body, action, header, footer)
    return message(recipient, "interactive", content, reply_to, callback_data)


def list_(
    recipient: str,
    body: str,
    button: str,
    sections: Sequence[Section | tuple],
    header: str | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message whose ``button`` opens a list of up to ten rows.

    ``sections`` are ``Section`` or plain (title, rows); rows ``Row`` or plain
    (id, title[, description]). The body's limit is the smaller of two that Meta
    documents.
    """
    sections = [Section(title, [Row(*row) for row in rows]) for title, rows in sections]
    rows = [row for section in sections for row in section.rows]
    check_count("sections", len(sections), LIST_SECTIONS)
    check_count("rows", len(rows), LIST_ROWS)
    check_unique("row id", [row.id for row in rows])
    if header is not None and not isinstance(header, str):
        raise PayloadError("header", "a list has a text as its header")
    action = {
        "button": checked("button", button, LIST_BUTTON),
        "sections": [_section(section, len(sections) > 1) for section in sections],
    }
    content = _interactive("list", body, action, header, footer)
    return message(recipient, "interactive", content, reply_to, callback_data)


def cta_url(
    recipient: str,
    body: str,
    label: str,
    url: str,
    header: Header | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message with a button that opens a web page."""
    parameters = {
        "display_text": checked("button label", label, LINK_LABEL),
        "url": checked_address("button url", url, _LINK),
    }
    action = {"name": "cta_url", "parameters": parameters}
    content = _interactive("cta_url", body, action, header, footer)
    return message(recipient, "interactive", content, reply_to, callback_data)


def location_request(
    recipient: str,
    body: str,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message that asks the patient for a place; it has no header or footer."""
    action = {"name": "send_location"}
    content = _interactive("location_request_message", body, action, None, None)
    return message(recipient, "interactive", content, reply_to, callback_data)


def flow(
    recipient: str,
    body: str,
    label: str,
    *,
    flow_id: str | None = None,
    flow_name: str | None = None,
    token: str | None = None,
    screen: str | None = None,
    data: Mapping | None = None,
    exchanges_data: bool = False,
    draft: bool = False,
    header: Header | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message whose button ``label`` opens a form (WhatsApp Flow).

    ``token`` comes back in the answer. ``screen`` is the first one and ``data`` fills
    it; ``exchanges_data`` lets the form's own endpoint choose it instead. ``draft``
    tries a form that is not published.
    """
    if (flow_id is None) == (flow_name is None):
        raise PayloadError("flow", "either an id or a name is needed")
    if _has_emoji(label):
        raise PayloadError("flow label", "no emoji allowed")
    named = {"flow_id": flow_id} if flow_id is not None else {"flow_name": flow_name}
    parameters = {
        "flow_message_version": _FLOW_VERSION,
        **{key: checked("flow", value, _FLOW_TOKEN) for key, value in named.items()},
        "flow_cta": checked("flow label", label, FLOW_LABEL),
        **_flow_start(screen, data, exchanges_data),
    }
    if token is not None:
        parameters["flow_token"] = checked("flow token", token, _FLOW_TOKEN)
    if draft:
        parameters["mode"] = "draft"
    action = {"name": "flow", "parameters": parameters}
    content = _interactive("flow", body, action, header, footer)
    return message(recipient, "interactive", content, reply_to, callback_data)


def _flow_start(screen: str | None, data: Mapping | None, exchanges_data: bool) -> dict:
    if exchanges_data:
        if screen is not None or data is not None:
            raise PayloadError("flow screen", "the form's endpoint chooses the screen")
        return {"flow_action": "data_exchange"}
    if screen is None:
        if data is not None:
            raise PayloadError("flow data", "needs the screen that it fills")
        return {}
    payload = {"screen": checked("flow screen", screen, _FLOW_TOKEN)}
    if data is not None:
        if not data:
            raise PayloadError("flow data", "must not be empty")
        payload["data"] = dict(data)
    return {"flow_action": "navigate", "flow_action_payload": payload}


def _has_emoji(label: str) -> bool:
    return any(unicodedata.category(character) == "So" for character in label)


def _interactive(
    kind: str, body: str, action: dict, header: Header | None, footer: str | None
) -> dict:
    content = {
        "type": kind,
        "body": {"text": checked("body", body, INTERACTIVE_BODY)},
        "action": action,
    }
    if isinstance(header, str):
        content["header"] = {"type": "text", "text": checked("header", header, HEADER)}
    elif header is not None:
        content["header"] = header.content()
    if footer is not None:
        content["footer"] = {"text": checked("footer", footer, FOOTER)}
    return content


def _section(section: Section, needs_title: bool) -> dict:
    if not section.rows:
        raise PayloadError("rows", "a section without rows")
    content = {"rows": [_row(row) for row in section.rows]}
    if section.title or needs_title:
        content["title"] = checked("section title", section.title, SECTION_TITLE)
    return content


def _row(row: Row) -> dict:
    content = {
        "id": checked_id("row id", row.id, ROW_ID),
        "title": checked("row title", row.title, ROW_TITLE),
    }
    if row.description:
        content["description"] = checked(
            "row description", row.description, ROW_DESCRIPTION
        )
    return content
