"""Meta's own AI agent, which answers in the place of the business.

While it does, patients' messages come as the field ``standby`` and no longer as
``messages``. A message of the business within the window, or a handover, ends that for
the thread. The inner shape of ``message_received`` is an assumption of this sandbox.
"""

from __future__ import annotations

from typing import Any

from . import bubbles, events, wamid
from .sandbox import Sandbox
from .template import Content
from .world import Message, Number, Patient

ROLE = "meta_business_agent"


def answers(sandbox: Sandbox, number: Number, patient: Patient) -> bool:
    """Whether the agent has the thread, and the business is on standby."""
    key = number.id, patient.wa_id
    return number.number.agent and key not in sandbox.world.taken_over


def heard(
    sandbox: Sandbox, number: Number, patient: Patient, change: dict[str, Any]
) -> dict[str, Any]:
    """The webhook of a patient's message, as who has the thread makes it."""
    if not answers(sandbox, number, patient):
        return change
    value = change["value"]
    received = [{"message": one} for one in value.pop("messages")]
    return {
        "field": "standby",
        "value": {**value, "standby": {"message_received": received}},
    }


def answer(sandbox: Sandbox, number: Number, patient: Patient, text: str) -> Message:
    """The agent writes to the patient; echo and statuses come on standby."""
    now = sandbox.clock.now()
    message = Message(
        id=wamid.new(patient.known_as, wamid.OUTBOUND),
        direction="out",
        phone_number_id=number.id,
        patient=patient,
        content=Content("text", text),
        timestamp=now,
        status="delivered",
        to=patient.known_as,
    )
    sandbox.world.add(message, by_api=False)
    bubbles.show(sandbox, message)
    echo = {"id": message.id, "timestamp": str(int(now)), **recipient(patient)}
    echo |= {"type": "text", "text": {"body": text}}
    tell(sandbox, number, message_echoes=[{"message": echo}])
    for name in ("sent", "delivered"):
        status = events.status(number.number, message, name, now, priced=False)
        tell(sandbox, number, statuses=status["value"]["statuses"])
    return message


def recipient(patient: Patient) -> dict[str, str]:
    """A username hides the phone."""
    phone = {} if patient.username else {"to": patient.wa_id}
    return {**phone, "to_user_id": patient.user_id}


def tell(sandbox: Sandbox, number: Number, **parts: Any) -> None:
    change = events.change("standby", number.number, standby=parts)
    sandbox.tell(number.business, change)


def step_aside(sandbox: Sandbox, message: Message) -> None:
    """A message of the business that is no template takes the thread from the agent."""
    number = sandbox.world.numbers[message.phone_number_id]
    if message.content.template is None and answers(sandbox, number, message.patient):
        hand_over(sandbox, number, message.patient, to_agent=False)


def hand_over(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    *,
    to_agent: bool,
    asks_for_person: bool = False,
) -> None:
    """The thread goes to the agent or to the business; captures have no metadata.

    ``asks_for_person``: the agent itself gives it to the business, as it cannot help.
    """
    key = number.id, patient.wa_id
    if to_agent:
        sandbox.world.taken_over.discard(key)
        control = {"previous_owner_role": "escalation", "new_owner_role": "ai_agent"}
    else:
        sandbox.world.taken_over.add(key)
        control = {"previous_owner_app_role": ROLE}
        if asks_for_person:
            control = {
                "previous_owner_role": "ai_agent",
                "new_owner_role": "escalation",
            }
    sender = {"user_id": patient.user_id}
    if not patient.username:
        sender["phone_number"] = patient.wa_id
    value = {
        "messaging_product": "whatsapp",
        "type": "control_passed",
        "timestamp": str(int(sandbox.clock.now())),
        "sender": sender,
        "recipient": {
            "phone_number_id": number.id,
            "display_phone_number": number.number.wa_id,
        },
        "control_passed": control,
    }
    sandbox.tell(number.business, {"field": "messaging_handovers", "value": value})
