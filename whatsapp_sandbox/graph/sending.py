"""POST /{phone_number_id}/messages: checks in the Cloud API's order, acceptance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .. import delivery, phone_number, wamid
from ..faults import Fault
from ..media import OPTIONS
from ..sandbox import Sandbox
from ..template import Content
from ..world import Message, Number, Patient
from . import content, filling
from .body import check_product, lowered, message
from .breaking import break_after, break_before
from .errors import GraphError, invalid, missing, not_one_of
from .interactive import interactive

EDGE = "messages"
CALLBACK_DATA_LIMIT = 512
READ_WITHIN_SECONDS = 30 * 24 * 3600
CONTENTS: dict[str, Callable[[Any], Content]] = {
    "text": content.text,
    "interactive": interactive,
    "location": content.location,
    "contacts": content.contacts,
    "reaction": content.reaction,
    "template": filling.shape,
    **{kind: partial(content.media, kind) for kind in OPTIONS},
}
TYPES = ", ".join(sorted(CONTENTS))


async def send(sandbox: Sandbox, request: Request, number: Number) -> Response:
    """Answer a call of the messages edge, with the faults that tests asked for."""
    if number.number.status != "CONNECTED":
        raise GraphError(133010)
    world = sandbox.world
    payload = await message(request)
    recipient = str(payload.get("to") or payload.get("recipient") or "")
    fault = sandbox.faults.strike(EDGE, number.id, recipient)
    if sandbox.switches.latency_ms:
        await asyncio.sleep(sandbox.switches.latency_ms / 1000)
    if fault is not None:
        before = await break_before(fault, request, number.business.id)
        if before is not None:
            return before
    if sandbox.world is not world:
        raise GraphError(131016, "the sandbox was reset during this call")
    answer = JSONResponse(take(sandbox, number, payload, fault))
    return answer if fault is None else await break_after(fault, request, answer)


def take(
    sandbox: Sandbox, number: Number, payload: dict[str, Any], fault: Fault | None
) -> dict[str, Any]:
    """Check and accept one payload; returns the answer, raises GraphError."""
    check_product(payload)
    if payload.get("status") is not None:
        return mark_as_read(sandbox, number, payload)
    message = checked_message(sandbox, number, payload)
    forced = fault.code if fault and fault.kind == "failed_status" else None
    delivery.accept(sandbox, message, forced)
    return answer(sandbox, message)


def checked_message(
    sandbox: Sandbox, number: Number, payload: dict[str, Any]
) -> Message:
    wa_id, user_id = addressee(sandbox, payload, number)
    shown = checked_content(payload)
    allowed = number.number.allowed_recipients
    if allowed is not None and f"+{wa_id}" not in allowed and wa_id not in allowed:
        raise GraphError(131030)
    if wa_id == number.number.wa_id:
        raise GraphError(131021)
    patient = find_patient(sandbox, payload, wa_id, user_id)
    if patient.is_blocked_by(number.number.id):
        raise GraphError(130403)
    if number.business.restriction is not None:
        raise GraphError(number.business.restriction)
    if shown.template is not None:
        templates = sandbox.world.templates[number.business.id]
        template = filling.choose(templates, payload["template"])
        limit = sandbox.switches.button_payload_limit
        shown = filling.fill(template, payload["template"], limit)
        if wa_id is None and shown.category == "authentication":
            raise GraphError(131062)
    check_files(sandbox, number, shown)
    check_payment(sandbox, number, shown)
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
        payload=json.dumps(payload),
    )


def addressee(
    sandbox: Sandbox, payload: dict[str, Any], number: Number
) -> tuple[str | None, str | None]:
    """(wa_id, None) or (None, BSUID); ``to`` wins over ``recipient``.

    Of a user id in ``to`` only the digits are taken, which are nobody's phone.
    """
    to, recipient = payload.get("to"), payload.get("recipient")
    if not to and not recipient:
        raise missing("to")
    if lowered(payload.get("recipient_type", "individual")) != "individual":
        raise not_one_of("recipient_type", "individual", payload["recipient_type"])
    if not to:
        return None, str(recipient)
    if phone_number.is_user_id(str(to)):
        return phone_number.digits_of(str(to)), None
    wa_id = wa_id_of(sandbox, str(to), number)
    if wa_id is None:
        raise invalid("Param to is not a valid phone number")
    return wa_id, None


def wa_id_of(sandbox: Sandbox, phone: str, number: Number) -> str | None:
    return phone_number.wa_id(
        phone,
        number.number.wa_id,
        sandbox.world.patients,
        sandbox.switches.national_numbers,
    )


def checked_content(payload: dict[str, Any]) -> Content:
    kind = lowered(payload.get("type", "text"))
    if not isinstance(kind, str) or kind not in CONTENTS:
        raise not_one_of("type", TYPES, kind)
    if not isinstance(payload.get(kind), list if kind == "contacts" else dict):
        raise missing(kind)
    if "category" in payload:
        raise invalid("Direct Send is not enabled for this account")
    context = payload.get("context")
    if context is not None and kind == "reaction":
        raise invalid("a reaction has no context")
    if context is not None:
        quoted = content.need(context, "message_id", "context")
        content.only(context, ("message_id",), "context")
        if not isinstance(quoted, str):
            raise invalid("Param context['message_id'] must be a string")
    data = payload.get("biz_opaque_callback_data")
    if data is not None and (
        not isinstance(data, str) or len(data) > CALLBACK_DATA_LIMIT
    ):
        raise invalid(
            f"biz_opaque_callback_data is longer than {CALLBACK_DATA_LIMIT} characters"
        )
    return CONTENTS[kind](payload[kind])


def find_patient(
    sandbox: Sandbox, payload: dict[str, Any], wa_id: str | None, user_id: str | None
) -> Patient:
    """An unknown phone gets an invented patient, an unknown BSUID reaches nobody."""
    if wa_id is not None and phone_number.is_user_id(str(payload["to"])):
        return Patient(wa_id, "", "", on_whatsapp=False)
    if wa_id is not None:
        return sandbox.world.patient(wa_id)
    known = sandbox.world.patients_by_user_id.get(user_id or "")
    if known is None:
        raise GraphError(131009, "recipient is not a user id of this business")
    return known


def check_files(sandbox: Sandbox, number: Number, shown: Content) -> None:
    """An id that is not the number's is refused at once, as captured answers show."""
    if sandbox.switches.unknown_media_path == "async":
        return
    now, media = sandbox.clock.now(), sandbox.world.media
    for piece in shown.pieces:
        file = piece.media_id
        if file is not None and not media.of_number(file, number.id, now):
            raise GraphError(
                100,
                message=f"(#100) Param {piece.media_kind}['id'] is not a valid whatsapp"
                " business account media attachment ID",
            )


def check_payment(sandbox: Sandbox, number: Number, shown: Content) -> None:
    at_once = sandbox.switches.payment_error_path == "sync"
    if at_once and shown.template is not None and not number.business.payment_method:
        raise GraphError(131042)


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


def answer(sandbox: Sandbox, message: Message) -> dict[str, Any]:
    contact = {"input": message.to}
    if message.sent_to_user_id:
        contact["user_id"] = message.patient.user_id
    else:
        contact["wa_id"] = message.patient.wa_id
    accepted = {"id": message.id}
    told = sandbox.switches.message_status
    if message.held and told != "never":
        accepted["message_status"] = "held_for_quality_assessment"
    elif message.content.template is not None and told == "templates":
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
    typing = payload.get("typing_indicator")
    if typing is not None and typing != {"type": "text"}:
        raise invalid("Param typing_indicator must have the type text")
    message = sandbox.world.messages.get(str(message_id))
    if (
        message is None
        or message.direction != "in"
        or message.phone_number_id != number.number.id
        or sandbox.clock.now() - message.timestamp > READ_WITHIN_SECONDS
    ):
        raise GraphError(131009, "message_id is not a message that can be read")
    delivery.clinic_reads(sandbox, message, typing is not None)
    return {"success": True}
