"""The WhatsApp Business app on a phone of the clinic, beside the API (coexistence)."""

from __future__ import annotations

from typing import Any

from . import bubbles, events, wamid
from .agent import recipient
from .graph.errors import webhook_error
from .sandbox import Sandbox
from .template import Content
from .world import Message, Number, Patient

DECLINED = 2593109


def write(sandbox: Sandbox, number: Number, patient: Patient, text: str) -> Message:
    """Somebody of the clinic writes in the app; the API is told by an echo."""
    message = Message(
        id=wamid.new(patient.known_as, wamid.OUTBOUND),
        direction="out",
        phone_number_id=number.id,
        patient=patient,
        content=Content("text", text),
        timestamp=sandbox.clock.now(),
        status="delivered",
        to=patient.known_as,
    )
    sandbox.world.add(message, by_api=False)
    bubbles.show(sandbox, message)
    echo(sandbox, number, patient, message.id, type="text", text={"body": text})
    return message


def edit(sandbox: Sandbox, number: Number, message: Message, text: str) -> None:
    message.edited, message.content.text = True, text
    bubbles.show(sandbox, message)
    content = {
        "original_message_id": message.id,
        "message": {"type": "text", "text": {"body": text}},
    }
    new_id = wamid.new(message.patient.known_as, wamid.OUTBOUND)
    echo(sandbox, number, message.patient, new_id, type="edit", edit=content)


def revoke(sandbox: Sandbox, number: Number, message: Message) -> None:
    message.deleted = True
    bubbles.show(sandbox, message)
    content = {"original_message_id": message.id}
    new_id = wamid.new(message.patient.known_as, wamid.OUTBOUND)
    echo(sandbox, number, message.patient, new_id, type="revoke", revoke=content)


def echo(
    sandbox: Sandbox, number: Number, patient: Patient, message_id: str, **content: Any
) -> None:
    told = {
        "from": number.number.wa_id,
        **recipient(patient),
        "id": message_id,
        "timestamp": str(int(sandbox.clock.now())),
        **content,
    }
    change = events.change("smb_message_echoes", number.number, message_echoes=[told])
    sandbox.tell(number.business, change)


def tell_history(sandbox: Sandbox, number: Number) -> None:
    """All that was said on the number, in one chunk; or that nobody wants to share."""
    if not number.number.shares_history:
        history: list[dict[str, Any]] = [{"errors": [webhook_error(DECLINED)]}]
    else:
        threads = [
            thread(number, messages)
            for (number_id, _wa_id), messages in sandbox.world.threads.items()
            if number_id == number.id and messages
        ]
        metadata = {"phase": 0, "chunk_order": 1, "progress": 100}
        history = [{"metadata": metadata, "threads": threads}]
    change = events.change("history", number.number, history=history)
    sandbox.tell(number.business, change)


def thread(number: Number, messages: list[Message]) -> dict[str, Any]:
    return {
        "id": messages[0].patient.wa_id,
        "messages": [past(number, message) for message in messages],
    }


def past(number: Number, message: Message) -> dict[str, Any]:
    """A message of the past; of a file only that there was one is told."""
    content = {"type": "text", "text": {"body": message.content.text}}
    if message.content.type != "text":
        content = {"type": "media_placeholder"}
    status = "PENDING" if message.status == "accepted" else message.status.upper()
    is_ours = message.direction == "out"
    return {
        "from": number.number.wa_id if is_ours else message.patient.wa_id,
        **({"to": message.patient.wa_id} if is_ours else {}),
        "id": message.id,
        "timestamp": str(int(message.timestamp)),
        **content,
        "history_context": {"status": status},
    }


def tell_contacts(sandbox: Sandbox, number: Number) -> None:
    """The address book of the app's phone."""
    now = str(int(sandbox.clock.now()))
    entries = [
        {
            "type": "contact",
            "contact": {
                "full_name": patient.name,
                "first_name": patient.name.partition(" ")[0],
                "phone_number": patient.wa_id,
            },
            "action": "add",
            "metadata": {"timestamp": now},
        }
        for patient in sandbox.world.patients.values()
    ]
    change = events.change("smb_app_state_sync", number.number, state_sync=entries)
    sandbox.tell(number.business, change)
