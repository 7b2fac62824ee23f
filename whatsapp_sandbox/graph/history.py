"""GET /{phone_number_id}/message_history: what became of the messages of a number.

Meta documents the answer to ``message_id``; whether ordinary apps get one is not known,
so a switch decides. The list without ``message_id`` is an assumption of this sandbox.
"""

from __future__ import annotations

import zlib
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..sandbox import Sandbox
from ..world import Message, Number
from .errors import unknown_field, unknown_path
from .fields import NUMBER_NODE
from .paging import page


async def events(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    """The edge that older documents name is none (found by providers)."""
    raise unknown_path("/message_history_events")


async def message_history(
    sandbox: Sandbox, request: Request, number: Number
) -> JSONResponse:
    """Outgoing messages, newest first, filtered by ``biz_opaque_callback_data``."""
    if not sandbox.switches.message_history:
        raise unknown_field("message_history", NUMBER_NODE)
    query = request.query_params
    message_id = query.get("message_id")
    if message_id is not None:
        message = sandbox.world.messages.get(message_id)
        found = message is not None and is_of(message, number)
        return JSONResponse(page([documented(message)] if found else [], request))
    data = query.get("biz_opaque_callback_data")
    records = [
        assumed(message)
        for message in reversed(sandbox.world.accepted)
        if is_of(message, number) and data in (None, message.callback_data)
    ]
    return JSONResponse(page(records, request))


def is_of(message: Message, number: Number) -> bool:
    return message.direction == "out" and message.phone_number_id == number.number.id


def assumed(message: Message) -> dict[str, Any]:
    status, moment = message.history[-1]
    record = {"id": message.id, "status": status, "timestamp": str(int(moment))}
    if message.callback_data is not None:
        record["biz_opaque_callback_data"] = message.callback_data
    return record


def documented(message: Message) -> dict[str, Any]:
    history_id = str(zlib.crc32(message.id.encode()))
    events = [
        {
            "id": f"{history_id}{position}",
            "delivery_status": status.upper(),
            "timestamp": int(moment),
        }
        for position, (status, moment) in enumerate(message.history)
    ]
    return {"id": history_id, "message_id": message.id, "events": {"data": events}}
