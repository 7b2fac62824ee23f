"""Webhook contents, in Meta's shapes. Pure: state in, dictionaries out."""

from __future__ import annotations

import hashlib
from typing import Any

from .account import PhoneNumber
from .world import WINDOW_SECONDS, Message, Patient


def change(field: str, number: PhoneNumber, **parts: Any) -> dict[str, Any]:
    """One change of ``field`` that concerns ``number``."""
    metadata = {
        "display_phone_number": number.wa_id,
        "phone_number_id": number.id,
    }
    value = {"messaging_product": "whatsapp", "metadata": metadata, **parts}
    return {"field": field, "value": value}


def contact(patient: Patient) -> dict[str, Any]:
    """A username hides the phone from businesses (Cloud API, 2026)."""
    profile = {"name": patient.name}
    if patient.username:
        profile["username"] = patient.username
        return {"profile": profile, "user_id": patient.user_id}
    return {"profile": profile, "wa_id": patient.wa_id, "user_id": patient.user_id}


def status(
    number: PhoneNumber, message: Message, name: str, now: float, priced: bool
) -> dict[str, Any]:
    """A status of an outgoing message; ``priced`` adds the pricing object.

    ``failed`` has no contacts and, when sent to a phone, no recipient_user_id.
    """
    patient = message.patient
    failed = name == "failed"
    update: dict[str, Any] = {
        "id": message.id,
        "status": name,
        "timestamp": str(int(now)),
    }
    if not message.sent_to_user_id and not patient.username:
        update["recipient_id"] = patient.wa_id
    if message.sent_to_user_id or not failed:
        update["recipient_user_id"] = patient.user_id
    if message.callback_data is not None:
        update["biz_opaque_callback_data"] = message.callback_data
    if priced:
        update["pricing"] = message.pricing
    if failed:
        update["errors"] = [message.error]
        return change("messages", number, statuses=[update])
    return change("messages", number, contacts=[contact(patient)], statuses=[update])


def add_conversation(change: dict[str, Any], message: Message) -> None:
    """The ``conversation``, one of its own for each message."""
    (update,) = change["value"]["statuses"]
    conversation: dict[str, Any] = {
        "id": hashlib.sha256(message.id.encode()).hexdigest()[:32],
        "origin": {"type": message.pricing["category"]},
    }
    if update["status"] == "sent":
        expiration = int(update["timestamp"]) + WINDOW_SECONDS
        conversation["expiration_timestamp"] = str(expiration)
    update["conversation"] = conversation


def inbound(
    number: PhoneNumber, message: Message, body: dict[str, Any]
) -> dict[str, Any]:
    """A message from a patient; ``body`` is its type and the object named like it.

    A ``context`` or ``referral`` in ``body`` comes along.
    """
    patient = message.patient
    content = {
        "from_user_id": patient.user_id,
        "id": message.id,
        "timestamp": str(int(message.timestamp)),
        **body,
    }
    if not patient.username:
        content = {"from": patient.wa_id, **content}
    if message.context_id is not None:
        quoted = {"from": number.wa_id, "id": message.context_id}
        content["context"] = {**quoted, **body.get("context", {})}
    return change("messages", number, contacts=[contact(patient)], messages=[content])


def preference(
    number: PhoneNumber, patient: Patient, value: str, now: float
) -> dict[str, Any]:
    """WhatsApp's own stop or resume control of marketing messages."""
    who = contact(patient)
    update = {key: who[key] for key in ("wa_id", "user_id") if key in who}
    update |= {
        "detail": f"User requested to {value} marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(now),
    }
    return change("user_preferences", number, contacts=[who], user_preferences=[update])


def number_changed(
    number: PhoneNumber,
    message_id: str,
    old: tuple[str, str],
    patient: Patient,
    now: float,
    kind: str,
) -> dict[str, Any]:
    """The system message of a new phone; ``old`` is the former (wa_id, user_id).

    ``kind`` is ``user_changed_number``; older versions: ``customer_changed_number``.
    """
    old_wa_id, old_user_id = old
    content: dict[str, Any] = {
        "body": f"User {patient.name} changed their phone number",
        "type": kind,
        "user_id": patient.user_id,
        "previous_user_id": old_user_id,
    }
    sender = {"from_user_id": old_user_id}
    if not patient.username:
        sender["from"] = old_wa_id
        content["wa_id"] = patient.wa_id
        if kind == "customer_changed_number":
            content["new_wa_id"] = content.pop("wa_id")
        content["body"] = (
            f"User {patient.name} changed from {old_wa_id} to {patient.wa_id}"
        )
    return system(number, message_id, sender, content, now)


def user_id_changed(
    number: PhoneNumber,
    message_id: str,
    old_user_id: str,
    patient: Patient,
    now: float,
) -> dict[str, Any]:
    """The system message of a new user id (BSUID)."""
    sender = {"from_user_id": old_user_id}
    if not patient.username:
        sender["from"] = patient.wa_id
    content = {
        "body": f"User {patient.name} changed from {old_user_id} to {patient.user_id}",
        "type": "user_changed_user_id",
        "user_id": patient.user_id,
        "previous_user_id": old_user_id,
    }
    return system(number, message_id, sender, content, now)


def with_ids_in_body_only(told: dict[str, Any]) -> dict[str, Any]:
    """A system message as some were seen: without the ids that its words tell."""
    (message,) = told["value"]["messages"]
    for key in ("from_user_id", "from"):
        message.pop(key, None)
    for key in ("user_id", "previous_user_id"):
        message["system"].pop(key, None)
    return told


def user_id_field(
    number: PhoneNumber, old_user_id: str, patient: Patient, now: float
) -> dict[str, Any]:
    """A new user id as a webhook field of its own; an assumption of this sandbox."""
    update = {
        "previous_user_id": old_user_id,
        "user_id": patient.user_id,
        "timestamp": int(now),
    }
    return change(
        "user_id_update", number, contacts=[contact(patient)], user_id_update=[update]
    )


def identity_changed(
    number: PhoneNumber, message_id: str, patient: Patient, now: float
) -> dict[str, Any]:
    """The system message of a phone that has other keys, e.g. a new device."""
    sender = {"from_user_id": patient.user_id}
    content = {
        "body": f"User {patient.name}'s security code changed",
        "type": "customer_identity_changed",
        "user_id": patient.user_id,
    }
    if not patient.username:
        sender["from"] = content["wa_id"] = patient.wa_id
    told = system(number, message_id, sender, content, now)
    (message,) = told["value"]["messages"]
    message["identity"] = {
        "acknowledged": False,
        "created_timestamp": str(int(now)),
        "hash": hashlib.sha256(message_id.encode()).hexdigest()[:12],
    }
    return told


def call(
    number: PhoneNumber, call_id: str, patient: Patient, now: float
) -> dict[str, Any]:
    """A patient calls the clinic."""
    content = {
        "id": call_id,
        "from_user_id": patient.user_id,
        "to": number.wa_id,
        "event": "connect",
        "direction": "USER_INITIATED",
        "timestamp": str(int(now)),
    }
    if not patient.username:
        content["from"] = patient.wa_id
    return change("calls", number, contacts=[contact(patient)], calls=[content])


def failure(number: PhoneNumber, error: dict[str, Any]) -> dict[str, Any]:
    """An error of the number or account, which belongs to no message."""
    return change("messages", number, errors=[error])


def system(
    number: PhoneNumber,
    message_id: str,
    sender: dict[str, str],
    content: dict[str, Any],
    now: float,
) -> dict[str, Any]:
    message = {
        **sender,
        "id": message_id,
        "timestamp": str(int(now)),
        "type": "system",
        "system": content,
    }
    return change("messages", number, messages=[message])
