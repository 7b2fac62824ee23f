"""The control API of the patients: who they are, and what they do on their phones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import Base64Bytes, Field, model_validator
from starlette.responses import Response

from . import bubbles, conversation, delivery
from .account import PatientEntry
from .control import Body, Here, known_number
from .media import OPTIONS, RECEIVED_SECONDS
from .sandbox import Sandbox
from .world import Message, Patient

router = APIRouter()
PHONE_PATTERN = r"^\+[0-9]{7,15}$"
MIME_TYPE_PATTERN = r"^[a-z]+/[a-z0-9.+-]+(; ?[a-z]+=[a-z0-9.+-]+)?$"
LARGEST_MEDIA = 5_000_000
MEDIA_OPTIONS = {"caption", "filename", "voice", "animated"}
# A patient's stickers may be animated, and say so.
RECEIVED_OPTIONS = {**OPTIONS, "sticker": frozenset({"animated"})}
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


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


class NumberBody(Body):
    phone_number_id: str


class TextBody(NumberBody):
    """``referral`` is that of an ad, the next three say where a text comes from."""

    text: str = Field(min_length=1, max_length=65536)
    context_id: str | None = None
    referral: dict[str, Any] | None = None
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: dict[str, Any] | None = None

    def more(self) -> dict[str, Any]:
        """What stands in the message beside its text."""
        context: dict[str, Any] = {
            key: True
            for key in ("forwarded", "frequently_forwarded")
            if getattr(self, key)
        }
        if self.referred_product:
            context["referred_product"] = self.referred_product
        parts = {"context": context, "referral": self.referral}
        return {key: value for key, value in parts.items() if value}


class MediaBody(NumberBody):
    """``content`` in base64; which of the last four may be, the kind says."""

    kind: Literal["audio", "document", "image", "sticker", "video"]
    mime_type: str = Field(pattern=MIME_TYPE_PATTERN)
    content: Annotated[Base64Bytes, Field(min_length=1, max_length=LARGEST_MEDIA)]
    context_id: str | None = None
    caption: str | None = Field(default=None, min_length=1, max_length=1024)
    filename: str | None = Field(default=None, min_length=1, max_length=255)
    voice: bool | None = None
    animated: bool | None = None

    def options(self) -> dict[str, Any]:
        return self.model_dump(include=MEDIA_OPTIONS, exclude_none=True)

    @model_validator(mode="after")
    def has_options_of_its_kind(self) -> MediaBody:
        if self.options().keys() - RECEIVED_OPTIONS[self.kind]:
            raise ValueError(f"not all of this is possible with {self.kind}")
        return self


class PlaceBody(NumberBody):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: str | None = None
    address: str | None = None
    url: str | None = None
    context_id: str | None = None

    def place(self) -> dict[str, Any]:
        return self.model_dump(
            exclude={"phone_number_id", "context_id"}, exclude_none=True
        )


class CardName(Body):
    model_config = {"extra": "allow"}
    formatted_name: str


class Card(Body):
    """A contact; what it has beside its name passes as it is."""

    model_config = {"extra": "allow"}
    name: CardName


class ContactsBody(NumberBody):
    contacts: list[Card] = Field(min_length=1)
    context_id: str | None = None


class ReactionBody(Body):
    """``emoji`` null: the webhook has none; "": it has an empty one."""

    message_id: str
    emoji: str | None


class FormBody(Body):
    """``response_json`` is sent instead of the answers, even if it is no JSON."""

    message_id: str
    answers: dict[str, Any] = {}
    response_json: str | None = None


class OrderBody(NumberBody):
    catalog_id: str
    product_items: list[dict[str, Any]] = Field(min_length=1)
    text: str | None = None


class UnsupportedBody(NumberBody):
    kind: str = "poll"


class RawBody(NumberBody):
    """``message`` has a ``type`` and whatever else the webhook is to have."""

    message: dict[str, Any]

    @model_validator(mode="after")
    def has_a_type(self) -> RawBody:
        if not isinstance(self.message.get("type"), str):
            raise ValueError("message must have a type")
        return self


class EditBody(Body):
    message_id: str
    text: str = Field(min_length=1, max_length=65536)


class MessageBody(Body):
    message_id: str


class TapBody(Body):
    """``card`` is the index of the carousel's card that has the button.

    ``with_context`` false: the answer does not say what it answers.
    """

    message_id: str
    button: int | str
    card: int | None = None
    with_context: bool = True


class ReadBody(Body):
    message_id: str | None = None


class PreferenceBody(NumberBody):
    value: Literal["stop", "resume"]


class NewNumberBody(NumberBody):
    new_phone: str = Field(pattern=PHONE_PATTERN)


class UserIdBody(NumberBody):
    new_user_id: str = Field(min_length=1, max_length=200)


async def known_patient(sandbox: Here, wa_id: str) -> Patient:
    world = sandbox.world
    patient = world.patients.get(wa_id) or world.patients_by_user_id.get(wa_id)
    if patient is None:
        raise HTTPException(404, "no such patient")
    return patient


Who = Annotated[Patient, Depends(known_patient)]


def known_message(sandbox: Sandbox, patient: Patient, message_id: str) -> Message:
    message = sandbox.world.messages.get(message_id)
    if message is None or message.patient is not patient:
        raise HTTPException(404, "no such message in this patient's threads")
    return message


def patient_record(sandbox: Sandbox, patient: Patient) -> dict[str, Any]:
    arrived = [
        message
        for thread in bubbles.threads(sandbox, patient)
        for message in thread
        if bubbles.on_phone(message)
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
        "blocked_by": sorted(patient.blocked_by),
        "stopped_marketing": sorted(patient.stopped_marketing),
        "last_message_at": max((one.timestamp for one in arrived), default=None),
        "unread": sum(
            one.direction == "out" and one.status == "delivered" for one in arrived
        ),
    }


@router.get("/patients")
async def patients(sandbox: Here) -> list[dict[str, Any]]:
    everybody = sandbox.world.patients.values()
    return [patient_record(sandbox, one) for one in everybody]


@router.post("/patients")
async def add_patient(sandbox: Here, body: PatientEntry) -> dict[str, Any]:
    patient = sandbox.world.add_patient(body)
    delivery.set_online(sandbox, patient, patient.online)
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
    delivery.set_online(sandbox, patient, patient.online)
    sandbox.feed.publish("patient", patient=patient.wa_id)
    return patient_record(sandbox, patient)


@router.post("/patients/{wa_id}/messages")
async def write(sandbox: Here, patient: Who, body: TextBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    message = conversation.write(
        sandbox, number, patient, body.text, body.context_id, body.more()
    )
    return {"id": message.id}


@router.post("/patients/{wa_id}/media")
async def attach(
    sandbox: Here, request: Request, patient: Who, body: MediaBody
) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    expires_at = sandbox.clock.now() + RECEIVED_SECONDS
    file = sandbox.world.media.add(
        number.id, body.mime_type, body.content, expires_at, received=True
    )
    url = sandbox.media_url(file, str(request.base_url))
    message = conversation.attach(
        sandbox, number, patient, body.kind, file, url, body.options(), body.context_id
    )
    return {"id": message.id, "media_id": file.id}


@router.post("/patients/{wa_id}/locations")
async def send_place(sandbox: Here, patient: Who, body: PlaceBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    message = conversation.send_place(
        sandbox, number, patient, body.place(), body.context_id
    )
    return {"id": message.id}


@router.post("/patients/{wa_id}/contacts")
async def send_contacts(
    sandbox: Here, patient: Who, body: ContactsBody
) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    cards = [card.model_dump() for card in body.contacts]
    message = conversation.send_contacts(
        sandbox, number, patient, cards, body.context_id
    )
    return {"id": message.id}


@router.post("/patients/{wa_id}/reactions")
async def react(sandbox: Here, patient: Who, body: ReactionBody) -> dict[str, str]:
    target = known_message(sandbox, patient, body.message_id)
    return {"id": conversation.react(sandbox, patient, target, body.emoji).id}


@router.post("/patients/{wa_id}/taps")
async def tap(sandbox: Here, patient: Who, body: TapBody) -> dict[str, str]:
    message = known_message(sandbox, patient, body.message_id)
    answer = conversation.tap(
        sandbox, patient, message, body.button, body.with_context, body.card
    )
    return {"id": answer.id}


@router.post("/patients/{wa_id}/forms")
async def fill_form(sandbox: Here, patient: Who, body: FormBody) -> dict[str, str]:
    message = known_message(sandbox, patient, body.message_id)
    answer = conversation.fill_form(
        sandbox, patient, message, body.answers, body.response_json
    )
    return {"id": answer.id}


@router.post("/patients/{wa_id}/orders")
async def send_order(sandbox: Here, patient: Who, body: OrderBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    content = body.model_dump(exclude={"phone_number_id"}, exclude_none=True)
    return {"id": conversation.send_order(sandbox, number, patient, content).id}


@router.post("/patients/{wa_id}/unsupported")
async def send_unsupported(
    sandbox: Here, patient: Who, body: UnsupportedBody
) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    return {"id": conversation.send_unsupported(sandbox, number, patient, body.kind).id}


@router.post("/patients/{wa_id}/raw")
async def send_raw(sandbox: Here, patient: Who, body: RawBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    return {"id": conversation.send_raw(sandbox, number, patient, body.message).id}


@router.post("/patients/{wa_id}/edits")
async def edit(sandbox: Here, patient: Who, body: EditBody) -> dict[str, str]:
    message = known_message(sandbox, patient, body.message_id)
    return {"id": conversation.edit(sandbox, patient, message, body.text)}


@router.post("/patients/{wa_id}/deletions")
async def revoke(sandbox: Here, patient: Who, body: MessageBody) -> dict[str, str]:
    message = known_message(sandbox, patient, body.message_id)
    return {"id": conversation.revoke(sandbox, patient, message)}


@router.post("/patients/{wa_id}/calls")
async def call(sandbox: Here, patient: Who, body: NumberBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    return {"id": conversation.call(sandbox, number, patient)}


@router.post("/patients/{wa_id}/read")
async def read(
    sandbox: Here, patient: Who, body: ReadBody | None = None
) -> dict[str, int]:
    message_id = body.message_id if body else None
    return {"read": conversation.read(sandbox, patient, message_id)}


@router.post("/patients/{wa_id}/plays")
async def play(sandbox: Here, patient: Who, body: MessageBody) -> dict[str, str]:
    message = known_message(sandbox, patient, body.message_id)
    conversation.play(sandbox, patient, message)
    return {"status": "ok"}


@router.post("/patients/{wa_id}/preferences")
async def prefer(sandbox: Here, patient: Who, body: PreferenceBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    conversation.prefer(sandbox, number, patient, body.value)
    return {"status": "ok"}


@router.post("/patients/{wa_id}/change_number")
async def change_number(
    sandbox: Here, patient: Who, body: NewNumberBody
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


@router.post("/patients/{wa_id}/change_identity")
async def change_identity(
    sandbox: Here, patient: Who, body: NumberBody
) -> dict[str, Any]:
    number = known_number(sandbox, body.phone_number_id)
    conversation.change_identity(sandbox, number, patient)
    return patient_record(sandbox, patient)


@router.get("/patients/{wa_id}/thread")
async def thread(
    sandbox: Here, patient: Who, phone_number_id: str | None = None
) -> list[dict[str, Any]]:
    return bubbles.thread(sandbox, patient, phone_number_id)


@router.get("/media/{media_id}")
async def media(sandbox: Here, media_id: str) -> Response:
    """A file as the phone's page shows it: without a token, and never a page itself."""
    found = sandbox.world.media.by_id.get(media_id)
    if found is None:
        raise HTTPException(404, "no such file")
    headers = {**FILE_HEADERS, "Content-Type": found.mime_type}
    return Response(found.content, headers=headers)
