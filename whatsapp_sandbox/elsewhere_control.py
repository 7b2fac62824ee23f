"""The control API of what is said beside the API: in the app, or by Meta's agent."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from . import agent, business_app
from .control import Here, known_number
from .conversation import NotPossible
from .patient_control import EditBody, MessageBody, NumberBody, Who, known_message
from .sandbox import Sandbox
from .world import Message, Number, Patient

router = APIRouter(prefix="/patients/{wa_id}")


class SaidBody(NumberBody):
    text: str = Field(min_length=1, max_length=4096)


class HandoverBody(NumberBody):
    to: Literal["agent", "business", "escalation"]


def app_number(sandbox: Sandbox, number_id: str) -> Number:
    number = known_number(sandbox, number_id)
    if not number.number.coexistence:
        raise NotPossible("the number is not in the WhatsApp Business app")
    return number


def own_message(sandbox: Sandbox, patient: Patient, message_id: str) -> Message:
    message = known_message(sandbox, patient, message_id)
    if message.direction != "out" or message.deleted:
        raise NotPossible("this is not a message of the clinic's")
    return message


@router.post("/app_messages")
async def write(sandbox: Here, patient: Who, body: SaidBody) -> dict[str, str]:
    number = app_number(sandbox, body.phone_number_id)
    return {"id": business_app.write(sandbox, number, patient, body.text).id}


@router.post("/app_edits")
async def edit(sandbox: Here, patient: Who, body: EditBody) -> dict[str, str]:
    message = own_message(sandbox, patient, body.message_id)
    number = app_number(sandbox, message.phone_number_id)
    business_app.edit(sandbox, number, message, body.text)
    return {"status": "ok"}


@router.post("/app_deletions")
async def revoke(sandbox: Here, patient: Who, body: MessageBody) -> dict[str, str]:
    message = own_message(sandbox, patient, body.message_id)
    number = app_number(sandbox, message.phone_number_id)
    business_app.revoke(sandbox, number, message)
    return {"status": "ok"}


@router.post("/agent_answers")
async def answer(sandbox: Here, patient: Who, body: SaidBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    if not agent.answers(sandbox, number, patient):
        raise NotPossible("Meta's agent does not have this thread")
    return {"id": agent.answer(sandbox, number, patient, body.text).id}


@router.post("/handovers")
async def hand_over(sandbox: Here, patient: Who, body: HandoverBody) -> dict[str, str]:
    number = known_number(sandbox, body.phone_number_id)
    agent.hand_over(
        sandbox,
        number,
        patient,
        to_agent=body.to == "agent",
        asks_for_person=body.to == "escalation",
    )
    return {"status": "ok"}
