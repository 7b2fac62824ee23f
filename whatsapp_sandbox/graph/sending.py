"""POST /{phone_number_id}/messages: checks in the Cloud API's order, acceptance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from .. import conversation, phone_number, wamid
from ..faults import FOREVER_SECONDS, ConnectionCut, Fault, disconnected
from ..media import OPTIONS
from ..sandbox import Sandbox
from ..template import Content
from ..world import Message, Number, Patient
from . import content, filling
from .errors import GraphError, invalid, missing, not_one_of, usage_headers

CALLBACK_DATA_LIMIT = 512
READ_WITHIN_SECONDS = 30 * 24 * 3600
CONTENTS: dict[str, Callable[[Any], Content]] = {
    "text": content.text,
    "interactive": content.interactive,
    "template": filling.shape,
    **{kind: partial(content.media, kind) for kind in OPTIONS},
}
NOT_EMULATED = ("contacts", "location", "reaction")
TYPES = ", ".join(sorted([*CONTENTS, *NOT_EMULATED]))


class Truncated(JSONResponse):
    """Headers that promise the whole answer, half of it, and the end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionCut


async def send(sandbox: Sandbox, request: Request, number: Number) -> Response:
    """Answer a call of the messages edge, with the faults that tests asked for."""
    if number.number.status != "CONNECTED":
        raise GraphError(133010)
    world = sandbox.world
    payload = parsed(request.headers.get("content-type", ""), await request.body())
    recipient = str(payload.get("to") or payload.get("recipient") or "")
    fault = sandbox.faults.strike(number.number.id, recipient)
    if sandbox.switches.latency_ms:
        await asyncio.sleep(sandbox.switches.latency_ms / 1000)
    if fault is not None:
        before = await break_before(fault, request, number)
        if before is not None:
            return before
    if sandbox.world is not world:
        raise GraphError(131016, "the sandbox was reset during this call")
    answer = take(sandbox, number, payload, fault)
    if fault is not None:
        return await break_after(fault, request, answer)
    return JSONResponse(answer)


def parsed(content_type: str, body: bytes) -> dict[str, Any]:
    """The body as an object; only valid JSON in valid Unicode passes."""
    if not content_type.startswith("application/json"):
        raise missing("messaging_product")
    try:
        payload = json.loads(body)
        if b"\\ud" in body.lower():
            json.dumps(payload, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid("The body is not valid JSON") from error
    if not isinstance(payload, dict):
        raise invalid("The body is not a JSON object")
    return payload


def take(
    sandbox: Sandbox, number: Number, payload: dict[str, Any], fault: Fault | None
) -> dict[str, Any]:
    """Check and accept one payload; returns the answer, raises GraphError."""
    product = payload.get("messaging_product")
    if not product:
        raise missing("messaging_product")
    if product != "whatsapp":
        raise not_one_of("messaging_product", "WHATSAPP", product)
    if payload.get("status") is not None:
        return mark_as_read(sandbox, number, payload)
    message = checked_message(sandbox, number, payload)
    forced = fault.code if fault and fault.kind == "failed_status" else None
    conversation.accept(sandbox, message, forced)
    return answer(message)


def checked_message(
    sandbox: Sandbox, number: Number, payload: dict[str, Any]
) -> Message:
    wa_id, user_id = addressee(payload, number)
    shown = checked_content(payload)
    allowed = number.number.allowed_recipients
    if allowed is not None and f"+{wa_id}" not in allowed and wa_id not in allowed:
        raise GraphError(131030)
    if wa_id == number.number.wa_id:
        raise GraphError(131021)
    patient = find_patient(sandbox, wa_id, user_id)
    if patient.blocked_by_business:
        raise GraphError(130403)
    if number.business.restriction is not None:
        raise GraphError(number.business.restriction)
    if shown.template is not None:
        templates = sandbox.world.templates[number.business.id]
        template = filling.choose(templates, payload["template"])
        shown = filling.fill(template, payload["template"])
        if wa_id is None and shown.category == "authentication":
            raise GraphError(131062)
    check_pace(sandbox, number, patient)
    check_window(sandbox, number, patient, shown)
    return Message(
        id=wamid.new(wa_id or patient.user_id, wamid.OUTBOUND),
        direction="out",
        phone_number_id=number.number.id,
        patient=patient,
        content=shown,
        timestamp=sandbox.clock.now(),
        to=str(payload.get("to") or payload.get("recipient")),
        sent_to_user_id=wa_id is None,
        callback_data=payload.get("biz_opaque_callback_data"),
        context_id=(payload.get("context") or {}).get("message_id"),
        payload=payload,
    )


def addressee(payload: dict[str, Any], number: Number) -> tuple[str | None, str | None]:
    """(wa_id, None) or (None, BSUID); ``to`` wins over ``recipient``."""
    to, recipient = payload.get("to"), payload.get("recipient")
    if not to and not recipient:
        raise missing("to")
    if payload.get("recipient_type", "individual") != "individual":
        raise not_one_of("recipient_type", "individual", payload["recipient_type"])
    if not to:
        return None, str(recipient)
    wa_id = phone_number.wa_id(str(to), number.number.wa_id)
    if wa_id is None:
        raise invalid("Param to is not a valid phone number")
    return wa_id, None


def checked_content(payload: dict[str, Any]) -> Content:
    kind = payload.get("type", "text")
    if kind in NOT_EMULATED:
        raise GraphError(131051, f"the sandbox does not take type {kind} yet")
    if kind not in CONTENTS:
        raise not_one_of("type", TYPES, kind)
    if not isinstance(payload.get(kind), dict):
        raise missing(kind)
    if "category" in payload:
        raise invalid("Direct Send is not enabled for this account")
    context = payload.get("context")
    if context is not None:
        content.need(context, "message_id", "context")
    data = payload.get("biz_opaque_callback_data")
    if data is not None and (
        not isinstance(data, str) or len(data) > CALLBACK_DATA_LIMIT
    ):
        raise invalid(
            f"biz_opaque_callback_data is longer than {CALLBACK_DATA_LIMIT} characters"
        )
    return CONTENTS[kind](payload[kind])


def find_patient(sandbox: Sandbox, wa_id: str | None, user_id: str | None) -> Patient:
    """An unknown phone gets an invented patient, an unknown BSUID reaches nobody."""
    if wa_id is not None:
        return sandbox.world.patient(wa_id)
    known = sandbox.world.patients_by_user_id.get(user_id or "")
    if known is None:
        raise GraphError(131009, "recipient is not a user id of this business")
    return known


def check_pace(sandbox: Sandbox, number: Number, patient: Patient) -> None:
    now, own = sandbox.clock.now(), number.number
    if sandbox.switches.throughput_limit and not sandbox.pace.take_throughput(
        own.id, own.messages_per_second, now
    ):
        raise GraphError(130429)
    if sandbox.switches.pair_limit and not sandbox.pace.take_pair(
        own.id, patient.wa_id, now
    ):
        raise GraphError(131056)


def check_window(
    sandbox: Sandbox, number: Number, patient: Patient, shown: Content
) -> None:
    """What the switches say to refuse at once, not later by webhook."""
    switches, now = sandbox.switches, sandbox.clock.now()
    if sandbox.world.window_is_open(number.number.id, patient, now):
        return
    if shown.template is None:
        if switches.closed_window == "sync":
            raise GraphError(131047)
        return
    at_once = switches.messaging_limit and switches.messaging_limit_path == "sync"
    if at_once and not number.portfolio.has_room(patient.wa_id, now):
        raise GraphError(switches.messaging_limit_error)


def answer(message: Message) -> dict[str, Any]:
    contact = {"input": message.to}
    if message.sent_to_user_id:
        contact["user_id"] = message.patient.user_id
    else:
        contact["wa_id"] = message.patient.wa_id
    accepted = {"id": message.id}
    if message.content.template is not None:
        accepted["message_status"] = "accepted"
    return {
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [accepted],
    }


def mark_as_read(
    sandbox: Sandbox, number: Number, payload: dict[str, Any]
) -> dict[str, Any]:
    """Only messages a patient sent to this number in the last 30 days (Cloud API)."""
    if payload["status"] != "read":
        raise not_one_of("status", "read", payload["status"])
    message_id = content.need(payload, "message_id", "")
    message = sandbox.world.messages.get(str(message_id))
    if (
        message is None
        or message.direction != "in"
        or message.phone_number_id != number.number.id
        or sandbox.clock.now() - message.timestamp > READ_WITHIN_SECONDS
    ):
        raise GraphError(131009, "message_id is not a message that can be read")
    conversation.clinic_reads(sandbox, message, "typing_indicator" in payload)
    return {"success": True}


async def break_before(
    fault: Fault, request: Request, number: Number
) -> Response | None:
    """What happens instead of acceptance, None if the message is to be accepted."""
    if fault.kind == "latency":
        await asyncio.sleep(fault.seconds or 0)
    if fault.kind == "error":
        raise GraphError(
            fault.code,
            subcode=fault.subcode,
            http_status=fault.http_status,
            retry_after=fault.retry_after,
            headers=usage_headers(
                number.business.id, fault.estimated_time_to_regain_access
            ),
        )
    if fault.kind == "http_500":
        return server_error(fault)
    if fault.kind == "hang":
        await hang(fault, request)
    if fault.kind == "reset":
        raise ConnectionCut
    return None


async def break_after(
    fault: Fault, request: Request, answer: dict[str, Any]
) -> Response:
    """What happens to the answer of a message that was accepted."""
    if fault.kind == "hang_after_accept":
        await hang(fault, request)
    if fault.kind == "reset_after_accept":
        raise ConnectionCut
    if fault.kind == "http_500_after_accept":
        return server_error(fault)
    if fault.kind == "truncate_after_accept":
        return Truncated(answer)
    return JSONResponse(answer)


def server_error(fault: Fault) -> Response:
    """An answer of some machine on the way, without a WhatsApp error in it."""
    status = fault.http_status or 500
    return Response("<html>Sorry, something went wrong.</html>", status)


async def hang(fault: Fault, request: Request) -> None:
    """Say nothing until the caller or ``seconds`` give up, then close."""
    limit = FOREVER_SECONDS if fault.seconds is None else fault.seconds
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(disconnected(request.receive), limit)
    raise ConnectionCut
