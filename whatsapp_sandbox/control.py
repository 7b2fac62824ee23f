"""The control API: what tests and the phone's page do to the sandbox.

An unknown patient, number or message answers 404, an act that is not possible 409,
a refused webhook url 400, a malformed body 422.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator
from starlette.responses import StreamingResponse

from . import conversation, flood
from .account import PatientEntry
from .conversation import NotPossible
from .faults import Fault, FaultSpec
from .media import OPTIONS
from .sandbox import Sandbox
from .switches import Switches
from .webhooks import WebhookRefused
from .world import Message, Number, Patient

router = APIRouter()
PHONE_PATTERN = r"^\+[0-9]{7,15}$"
MIME_TYPE_PATTERN = r"^[a-z]+/[a-z0-9.+-]+(; ?[a-z]+=[a-z0-9.+-]+)?$"
LARGEST_MEDIA = 5_000_000
MEDIA_OPTIONS = {"caption", "filename", "voice"}


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WebhookBody(Body):
    url: str | None
    verify: bool = False


class PatientChange(Body):
    online: bool | None = None
    auto_read: bool | None = None
    on_whatsapp: bool | None = None
    marketing_capped: bool | None = None
    in_experiment: bool | None = None
    blocked: bool | None = None
    blocked_by_business: bool | None = None
    user_id: str | None = None
    username: str | None = None


class TextBody(Body):
    phone_number_id: str
    text: str = Field(min_length=1, max_length=65536)
    context_id: str | None = None


class MediaBody(Body):
    """``content`` in base64; which of the last three may be, the kind says."""

    phone_number_id: str
    kind: Literal["audio", "document", "image", "sticker", "video"]
    mime_type: str = Field(pattern=MIME_TYPE_PATTERN)
    content: Annotated[Base64Bytes, Field(min_length=1, max_length=LARGEST_MEDIA)]
    caption: str | None = Field(default=None, min_length=1, max_length=1024)
    filename: str | None = Field(default=None, min_length=1, max_length=255)
    voice: bool | None = None

    def options(self) -> dict[str, Any]:
        return self.model_dump(include=MEDIA_OPTIONS, exclude_none=True)

    @model_validator(mode="after")
    def has_options_of_its_kind(self) -> MediaBody:
        if self.options().keys() - OPTIONS[self.kind]:
            raise ValueError(f"not all of this is possible with {self.kind}")
        return self


class TapBody(Body):
    message_id: str
    button: int | str


class ReadBody(Body):
    message_id: str | None = None


class PreferenceBody(Body):
    phone_number_id: str
    value: Literal["stop", "resume"]


class NumberBody(Body):
    phone_number_id: str
    new_phone: str = Field(pattern=PHONE_PATTERN)


class UserIdBody(Body):
    phone_number_id: str
    new_user_id: str = Field(min_length=1, max_length=200)


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


async def known_patient(sandbox: Here, wa_id: str) -> Patient:
    world = sandbox.world
    patient = world.patients.get(wa_id) or world.patients_by_user_id.get(wa_id)
    if patient is None:
        raise HTTPException(404, "no such patient")
    return patient


Who = Annotated[Patient, Depends(known_patient)]


def known_number(sandbox: Sandbox, number_id: str) -> Number:
    number = sandbox.world.numbers.get(number_id)
    if number is None:
        raise HTTPException(404, "no such phone number id")
    return number


def patient_record(sandbox: Sandbox, patient: Patient) -> dict[str, Any]:
    arrived = [
        message
        for thread in conversation.threads(sandbox, patient)
        for message in thread
        if conversation.on_phone(message)
    ]
    return {
        "wa_id": patient.wa_id,
        "phone": f"+{patient.wa_id}",
        "name": patient.name,
        "user_id": patient.user_id,
        "username": patient.username,
        "online": patient.online,
        "auto_read": patient.auto_read,
        "on_whatsapp": patient.on_whatsapp,
        "marketing_capped": patient.marketing_capped,
        "in_experiment": patient.in_experiment,
        "blocked": patient.blocked,
        "blocked_by_business": patient.blocked_by_business,
        "stopped_marketing": sorted(patient.stopped_marketing),
        "last_message_at": max((one.timestamp for one in arrived), default=None),
        "unread": sum(
            one.direction == "out" and one.status == "delivered" for one in arrived
        ),
    }


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
        "biz_opaque_callback_data": message.callback_data,
        "status": message.status,
        "timestamp": message.timestamp,
        "payload": message.payload,
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
            await sandbox.webhooks.verify(body.url)
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


@router.get("/patients")
async def patients(sandbox: Here) -> list[dict[str, Any]]:
    everybody = sandbox.world.patients.values()
    return [patient_record(sandbox, one) for one in everybody]


@router.post("/patients")
async def add_patient(sandbox: Here, body: PatientEntry) -> dict[str, Any]:
    patient = sandbox.world.add_patient(body)
    conversation.set_online(sandbox, patient, patient.online)
    sandbox.feed.publish("patient", patient=patient.wa_id)
    return patient_record(sandbox, patient)


@router.patch("/patients/{wa_id}")
async def change_patient(
    sandbox: Here, patient: Who, body: PatientChange
) -> dict[str, Any]:
    changes = body.model_dump(exclude_unset=True)
    user_id = changes.pop("user_id", None)
    if user_id is not None:
        sandbox.world.set_user_id(patient, user_id)
    for name, value in changes.items():
        setattr(patient, name, value)
    conversation.set_online(sandbox, patient, patient.online)
    sandbox.feed.publish("patient", patient=patient.wa_id)
    return patient_record(sandbox, patient)


@router.post("/patients/{wa_id}/messages")
async def write(sandbox: Here, patient: Who, body: TextBody) -> dict[str, Any]:
    number = known_number(sandbox, body.phone_number_id)
    try:
        message = conversation.write(
            sandbox, number, patient, body.text, body.context_id
        )
    except NotPossible as error:
        raise HTTPException(409, str(error)) from error
    return {"id": message.id}


@router.post("/patients/{wa_id}/media")
async def attach(
    sandbox: Here, request: Request, patient: Who, body: MediaBody
) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    file = sandbox.world.media.add(number.number.id, body.mime_type, body.content)
    url = sandbox.media_url(file, str(request.base_url))
    try:
        message = conversation.attach(
            sandbox, number, patient, body.kind, file, url, body.options()
        )
    except NotPossible as error:
        raise HTTPException(409, str(error)) from error
    return {"id": message.id, "media_id": file.id}


@router.post("/patients/{wa_id}/taps")
async def tap(sandbox: Here, patient: Who, body: TapBody) -> dict[str, Any]:
    message = sandbox.world.messages.get(body.message_id)
    if message is None or message.patient is not patient:
        raise HTTPException(404, "no such message in this patient's threads")
    try:
        answer = conversation.tap(sandbox, patient, message, body.button)
    except NotPossible as error:
        raise HTTPException(409, str(error)) from error
    return {"id": answer.id}


@router.post("/patients/{wa_id}/read")
async def read(
    sandbox: Here, patient: Who, body: ReadBody | None = None
) -> dict[str, int]:
    message_id = body.message_id if body else None
    try:
        return {"read": conversation.read(sandbox, patient, message_id)}
    except NotPossible as error:
        raise HTTPException(409, str(error)) from error


@router.post("/patients/{wa_id}/preferences")
async def prefer(sandbox: Here, patient: Who, body: PreferenceBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    conversation.prefer(sandbox, number, patient, body.value)
    return {"status": "ok"}


@router.post("/patients/{wa_id}/change_number")
async def change_number(
    sandbox: Here, patient: Who, body: NumberBody
) -> dict[str, Any]:
    number = known_number(sandbox, body.phone_number_id)
    wa_id = body.new_phone[1:]
    if wa_id in sandbox.world.patients:
        raise HTTPException(409, "another patient has this phone")
    conversation.change_number(sandbox, number, patient, wa_id)
    return patient_record(sandbox, patient)


@router.post("/patients/{wa_id}/change_user_id")
async def change_user_id(
    sandbox: Here, patient: Who, body: UserIdBody
) -> dict[str, Any]:
    number = known_number(sandbox, body.phone_number_id)
    if body.new_user_id in sandbox.world.patients_by_user_id:
        raise HTTPException(409, "another patient has this user id")
    conversation.change_user_id(sandbox, number, patient, body.new_user_id)
    return patient_record(sandbox, patient)


@router.get("/patients/{wa_id}/thread")
async def thread(
    sandbox: Here, patient: Who, phone_number_id: str | None = None
) -> list[dict[str, Any]]:
    return conversation.thread(sandbox, patient, phone_number_id)


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
