"""The control API: what tests and the phone's page do to the sandbox itself.

An unknown patient, number or message answers 404, an act that is not possible 409,
a refused webhook url 400, a malformed body 422.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from . import bubbles, flood
from .faults import Fault, FaultSpec
from .sandbox import Sandbox
from .switches import Switches
from .webhooks import WebhookRefused
from .world import Message, Number

router = APIRouter()


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WebhookBody(Body):
    url: str | None
    verify: bool = False


class ClockBody(Body):
    """Exactly one of the three; ``now`` without an offset is UTC."""

    offset_seconds: float | None = None
    advance_seconds: float | None = None
    now: datetime | None = None


class ReplayBody(Body):
    count: int | None = Field(default=None, ge=1)
    shuffle: bool = False


async def current_sandbox(request: Request) -> Sandbox:
    return request.app.state.sandbox


Here = Annotated[Sandbox, Depends(current_sandbox)]


def known_number(sandbox: Sandbox, number_id: str) -> Number:
    number = sandbox.world.numbers.get(number_id)
    if number is None:
        raise HTTPException(404, "no such phone number id")
    return number


def message_record(message: Message) -> dict[str, Any]:
    content = message.content
    parts = (content.header, content.text, content.footer)
    return {
        "id": message.id,
        "to": message.patient.wa_id,
        "phone_number_id": message.phone_number_id,
        "type": content.type,
        "template": content.template,
        "rendered_text": "\n".join(part for part in parts if part),
        "buttons": content.buttons,
        "carousel": bubbles.carousel(content),
        "biz_opaque_callback_data": message.callback_data,
        "status": message.status,
        "timestamp": message.timestamp,
        "payload": json.loads(message.payload),
    }


@router.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@router.post("/reset")
async def reset(sandbox: Here) -> dict[str, str]:
    sandbox.reset()
    return {"status": "ok"}


@router.get("/webhook")
async def get_webhook(sandbox: Here) -> dict[str, Any]:
    return {"url": sandbox.webhooks.url}


@router.put("/webhook")
async def put_webhook(sandbox: Here, body: WebhookBody) -> dict[str, Any]:
    before = sandbox.webhooks.url
    try:
        sandbox.webhooks.set_url(body.url)
        if body.url is not None and body.verify:
            await sandbox.webhooks.verify(
                body.url, sandbox.world.account.app.verify_token
            )
    except WebhookRefused as error:
        sandbox.webhooks.url = before
        raise HTTPException(400, str(error)) from error
    return {"url": sandbox.webhooks.url}


@router.get("/numbers")
async def numbers(sandbox: Here) -> list[dict[str, Any]]:
    return [
        {
            "id": one.number.id,
            "display_phone_number": one.number.display_phone_number,
            "verified_name": one.number.verified_name,
            "business_name": one.business.name,
        }
        for one in sandbox.world.numbers.values()
    ]


@router.get("/messages")
async def messages(
    sandbox: Here,
    since_id: str | None = None,
    to: str | None = None,
    status: str | None = None,
) -> dict[str, Any]:
    accepted = sandbox.world.accepted
    if since_id is not None:
        since = sandbox.world.messages.get(since_id)
        if since is None or since.direction != "out":
            raise HTTPException(404, "no such message")
        accepted = accepted[accepted.index(since) + 1 :]
    wa_id = to.strip().lstrip("+") if to else None
    records = [
        message_record(message)
        for message in accepted
        if wa_id in (None, message.patient.wa_id) and status in (None, message.status)
    ]
    return {"count": len(records), "messages": records}


@router.get("/stats")
async def stats(sandbox: Here) -> dict[str, Any]:
    counts = sandbox.webhooks.counts
    return {
        "requests": sandbox.requests,
        "accepted": sandbox.accepted,
        "rejected": sandbox.rejected.total(),
        "rejected_by_code": dict(sandbox.rejected),
        "webhooks_queued": counts["queued"],
        "webhooks_delivered": counts["delivered"],
        "webhooks_failed": counts["failed_attempts"],
        "webhooks_given_up": counts["given_up"],
        "webhooks_waiting": len(sandbox.webhooks.waiting),
    }


@router.get("/deliveries")
async def deliveries(
    sandbox: Here, limit: Annotated[int, Query(ge=1)] = 100
) -> list[dict[str, Any]]:
    return [asdict(one) for one in list(sandbox.webhooks.attempts)[-limit:]]


@router.post("/faults")
async def add_fault(sandbox: Here, body: FaultSpec) -> dict[str, int]:
    return {"id": sandbox.faults.add(body).id}


@router.get("/faults")
async def faults(sandbox: Here) -> list[Fault]:
    return sandbox.faults.active


@router.delete("/faults")
async def remove_faults(sandbox: Here) -> dict[str, int]:
    removed = len(sandbox.faults.active)
    sandbox.faults.active.clear()
    return {"removed": removed}


@router.get("/switches")
async def switches(sandbox: Here) -> Switches:
    return sandbox.switches


@router.patch("/switches")
async def change_switches(sandbox: Here, body: Switches) -> Switches:
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    sandbox.switches = sandbox.switches.model_copy(update=changes)
    if "seed" in changes:
        sandbox.dice.seed(body.seed)
    sandbox.webhooks.apply_switches()
    return sandbox.switches


def clock_record(sandbox: Sandbox) -> dict[str, Any]:
    now = datetime.fromtimestamp(sandbox.clock.now(), timezone.utc)
    offset = sandbox.clock.offset_seconds
    return {"now": now.isoformat(), "offset_seconds": offset}


@router.get("/clock")
async def clock(sandbox: Here) -> dict[str, Any]:
    return clock_record(sandbox)


@router.put("/clock")
@router.post("/clock")
async def set_clock(sandbox: Here, body: ClockBody) -> dict[str, Any]:
    if len(body.model_fields_set) != 1:
        raise HTTPException(422, "give one of offset_seconds, advance_seconds, now")
    if body.offset_seconds is not None:
        sandbox.clock.offset_seconds = body.offset_seconds
    if body.advance_seconds is not None:
        sandbox.clock.offset_seconds += body.advance_seconds
    if body.now is not None:
        aware = body.now if body.now.tzinfo else body.now.replace(tzinfo=timezone.utc)
        sandbox.clock.set(aware.timestamp())
    sandbox.schedule.wake()
    return clock_record(sandbox)


@router.post("/webhooks/replay")
async def replay(sandbox: Here, body: ReplayBody | None = None) -> dict[str, int]:
    body = body or ReplayBody()
    require_webhook(sandbox)
    return {"queued": sandbox.webhooks.replay(body.count, body.shuffle)}


@router.post("/webhooks/flood")
async def start_flood(sandbox: Here, body: flood.FloodSpec) -> dict[str, Any]:
    require_webhook(sandbox)
    number = known_number(sandbox, body.phone_number_id)
    return await flood.run(sandbox, number, body)


def require_webhook(sandbox: Sandbox) -> None:
    if sandbox.webhooks.url is None:
        raise HTTPException(409, "no webhook url is set")


@router.get("/events")
async def events(sandbox: Here) -> StreamingResponse:
    stream: AsyncIterator[str] = sandbox.feed.subscribe()
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )
