"""What happens between a clinic's number and a patient, and which webhooks tell it."""

from __future__ import annotations

import time
from typing import Any

from . import events, media, wamid
from .graph.errors import webhook_error
from .media import Media
from .portfolio import Portfolio
from .sandbox import Sandbox
from .template import Content
from .world import Message, Number, Patient

RANKS = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3}
TAPPABLE = ("quick_reply", "reply", "row")


class NotPossible(Exception):
    """The patient cannot do this, e.g. while offline or for want of such a button."""


def accept(sandbox: Sandbox, message: Message, forced_error: int | None) -> None:
    """Take a valid message in; its fate follows by webhooks.

    ``forced_error`` is the code of a failure that a test wants.
    """
    sandbox.world.add(message)
    message.history.append(("accepted", message.timestamp))
    sandbox.accepted += 1
    code = forced_error or failure(sandbox, message)
    if code is not None:
        fail(sandbox, message, code)
    elif message.content.link is not None:
        sandbox.start(fetch_and_release(sandbox, message))
    else:
        release(sandbox, message)


async def fetch_and_release(sandbox: Sandbox, message: Message) -> None:
    if await media.link_fits(message.content.type, message.content.link):
        release(sandbox, message)
    else:
        fail(sandbox, message, 131053)


def release(sandbox: Sandbox, message: Message) -> None:
    """Nothing is against the message: it goes on its way."""
    message.pricing = pricing(sandbox, message)
    advance(sandbox, message, "sent")
    if message.patient.online:
        deliver(sandbox, message)


def failure(sandbox: Sandbox, message: Message) -> int | None:
    """The code with which this message fails after acceptance, None if it does not."""
    patient, number_id = message.patient, message.phone_number_id
    in_window = sandbox.world.window_is_open(number_id, patient, message.timestamp)
    if message.content.template is None and not in_window:
        return 131047
    if not patient.on_whatsapp:
        return 131026
    if message.content.category == "marketing":
        code = marketing_failure(patient, number_id)
        if code is not None:
            return code
    media_id, kind = message.content.media_id, message.content.type
    if media_id is not None and not sandbox.world.media.can_send(
        kind, media_id, number_id
    ):
        return 131053
    if not in_window:
        return count_towards_limit(sandbox, message)
    return None


def marketing_failure(patient: Patient, number_id: str) -> int | None:
    if number_id in patient.stopped_marketing:
        return 131050
    if patient.marketing_capped:
        return 131049
    return 130472 if patient.in_experiment else None


def count_towards_limit(sandbox: Sandbox, message: Message) -> int | None:
    """Count the recipient, or return the code of a messaging limit that is used up."""
    portfolio = sandbox.world.numbers[message.phone_number_id].portfolio
    recipient, switches = message.patient.wa_id, sandbox.switches
    if switches.messaging_limit and not portfolio.has_room(
        recipient, message.timestamp
    ):
        return switches.messaging_limit_error
    portfolio.count(recipient, message.timestamp)
    return None


def fail(sandbox: Sandbox, message: Message, code: int) -> None:
    message.status = "failed"
    message.error = webhook_error(code)
    message.history.append(("failed", sandbox.clock.now()))
    send_status(sandbox, message, "failed", priced=False)


def pricing(sandbox: Sandbox, message: Message) -> dict[str, Any]:
    """Pricing since 1 Oct 2026: some service messages free per number and month."""
    category = message.content.category
    kind = "regular"
    if category == "service":
        month = time.gmtime(message.timestamp)
        key = message.phone_number_id, month.tm_year * 12 + month.tm_mon
        sandbox.world.service_messages[key] += 1
        free = sandbox.switches.free_service_messages
        if sandbox.world.service_messages[key] <= free:
            kind = "free_customer_service"
    return {
        "billable": kind == "regular",
        "pricing_model": "PMP",
        "type": kind,
        "category": category,
    }


def deliver(sandbox: Sandbox, message: Message) -> None:
    if message.patient.blocked:
        return
    advance(sandbox, message, "delivered")
    if message.patient.auto_read:
        advance(sandbox, message, "read")


def advance(sandbox: Sandbox, message: Message, status: str) -> None:
    """Move an outgoing message on and tell it; never back."""
    if not tick(sandbox, message, status):
        return
    if status == "delivered":
        show(sandbox, message)
    dropped = sandbox.switches.drop_delivered
    if status == "delivered" and dropped:
        return
    send_status(sandbox, message, status, priced=status != "read" or dropped)


def tick(sandbox: Sandbox, message: Message, status: str) -> bool:
    """Raise the message's status to ``status``; False if it is there already."""
    if message.status == "failed" or RANKS[message.status] >= RANKS[status]:
        return False
    message.status = status
    if message.direction == "out":
        message.history.append((status, sandbox.clock.now()))
    sandbox.feed.publish(
        "status",
        id=message.id,
        status=status,
        patient=message.patient.wa_id,
        phone_number_id=message.phone_number_id,
    )
    return True


def send_status(sandbox: Sandbox, message: Message, name: str, priced: bool) -> None:
    number = sandbox.world.numbers[message.phone_number_id]
    now = sandbox.clock.now()
    change = events.status(number.number, message, name, now, priced)
    if priced and sandbox.switches.with_conversation:
        events.add_conversation(change, message)
    send(sandbox, number, change)


def send(sandbox: Sandbox, number: Number, change: dict[str, Any], **more: Any) -> None:
    """Webhooks go out only for business accounts the app is subscribed to."""
    if number.business.subscribed:
        sandbox.webhooks.send(number.business.id, change, **more)


def set_online(sandbox: Sandbox, patient: Patient, online: bool) -> None:
    """Coming online delivers what was waiting."""
    patient.online = online
    if not online:
        return
    for one in threads(sandbox, patient):
        for message in one:
            waits = message.direction == "out" and message.status == "sent"
            if waits and not is_too_old(sandbox, message):
                deliver(sandbox, message)


def is_too_old(sandbox: Sandbox, message: Message) -> bool:
    """After its time to live WhatsApp drops a message, and tells nobody."""
    ttl = message.content.ttl_seconds
    return ttl is not None and sandbox.clock.now() - message.timestamp > ttl


def threads(sandbox: Sandbox, patient: Patient) -> list[list[Message]]:
    world = sandbox.world
    keys = ((number_id, patient.wa_id) for number_id in world.numbers)
    return [world.threads[key] for key in keys if key in world.threads]


def read(sandbox: Sandbox, patient: Patient, message_id: str | None) -> int:
    """The patient sees one message, or all that arrived; returns how many were new."""
    require_online(patient)
    messages = [
        message
        for one in threads(sandbox, patient)
        for message in one
        if message.direction == "out"
        and message.status in ("sent", "delivered")
        and message_id in (None, message.id)
    ]
    if patient.blocked:
        return 0
    for message in messages:
        advance(sandbox, message, "delivered")
        advance(sandbox, message, "read")
    return len(messages)


def require_online(patient: Patient) -> None:
    if not patient.online:
        raise NotPossible("the patient is offline")


def write(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    text: str,
    context_id: str | None = None,
) -> Message:
    """The patient writes ``text``, as a reply to ``context_id`` if given."""
    body = {"type": "text", "text": {"body": text}}
    content = Content("text", text)
    return receive(sandbox, number, patient, content, body, context_id)


def attach(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    kind: str,
    file: Media,
    url: str,
    options: dict[str, Any],
) -> Message:
    """The patient sends ``file``; ``options`` are those of its ``kind``."""
    body = events.media(kind, file, url, options)
    text = media.bubble_text(kind, options.get("caption"), options.get("filename"))
    return receive(sandbox, number, patient, Content(kind, text), body, None)


def tap(
    sandbox: Sandbox, patient: Patient, message: Message, button: int | str
) -> Message:
    """The patient taps a button, named by its index or its visible title."""
    if not on_phone(message):
        raise NotPossible("the message has not arrived on the phone")
    chosen = find_button(message, button)
    number = sandbox.world.numbers[message.phone_number_id]
    title, payload = chosen["title"], chosen["payload"]
    if chosen["kind"] == "quick_reply":
        kind = "button"
        answer: dict[str, Any] = {"payload": payload, "text": title}
    else:
        kind = "interactive"
        reply = "list_reply" if chosen["kind"] == "row" else "button_reply"
        answer = {"type": reply, reply: {"id": payload, "title": title}}
        if chosen.get("description"):
            answer[reply]["description"] = chosen["description"]
    body = {"type": kind, kind: answer}
    content = Content(kind, title)
    return receive(sandbox, number, patient, content, body, message.id)


def find_button(message: Message, button: int | str) -> dict[str, Any]:
    for candidate in message.content.buttons:
        if button in (candidate["index"], candidate["title"]):
            if candidate["kind"] not in TAPPABLE:
                raise NotPossible("this button opens a page, it sends nothing")
            return candidate
    raise NotPossible("the message has no such button")


def receive(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    content: Content,
    body: dict[str, Any],
    context_id: str | None,
) -> Message:
    """Take in what a patient sends: opens the window, goes out as a webhook."""
    require_online(patient)
    message = Message(
        id=wamid.new(patient.known_as, wamid.INBOUND),
        direction="in",
        phone_number_id=number.number.id,
        patient=patient,
        content=content,
        timestamp=sandbox.clock.now(),
        status="sent",
        context_id=context_id,
    )
    sandbox.world.add(message)
    show(sandbox, message)
    send(
        sandbox,
        number,
        events.inbound(number.number, message, body),
        on_delivered=lambda: tick(sandbox, message, "delivered"),
    )
    return message


def clinic_reads(sandbox: Sandbox, message: Message, typing: bool) -> None:
    """Mark this and the earlier messages of the patient as read."""
    key = message.phone_number_id, message.patient.wa_id
    for earlier in sandbox.world.threads[key]:
        if earlier.direction == "in":
            tick(sandbox, earlier, "read")
        if earlier is message:
            break
    if typing:
        sandbox.feed.publish(
            "typing",
            patient=message.patient.wa_id,
            phone_number_id=message.phone_number_id,
        )


def prefer(sandbox: Sandbox, number: Number, patient: Patient, value: str) -> None:
    """The patient uses WhatsApp's own control; ``value`` is "stop" or "resume"."""
    if value == "stop":
        patient.stopped_marketing.add(number.number.id)
    else:
        patient.stopped_marketing.discard(number.number.id)
    now = sandbox.clock.now()
    send(sandbox, number, events.preference(number.number, patient, value, now))
    sandbox.feed.publish("patient", patient=patient.wa_id)


def change_number(
    sandbox: Sandbox, number: Number, patient: Patient, wa_id: str
) -> None:
    """The patient moves to another phone; ``number`` is told by a system message."""
    old = patient.wa_id, patient.user_id
    message_id = wamid.new(patient.known_as, wamid.INBOUND)
    sandbox.world.change_number(patient, wa_id)
    now = sandbox.clock.now()
    change = events.number_changed(number.number, message_id, old, patient, now)
    send(sandbox, number, change)
    sandbox.feed.publish("reset")


def change_user_id(
    sandbox: Sandbox, number: Number, patient: Patient, user_id: str
) -> None:
    """The patient's user id rotates; ``number`` is told by a system message."""
    old_user_id = patient.user_id
    message_id = wamid.new(patient.known_as, wamid.INBOUND)
    sandbox.world.set_user_id(patient, user_id)
    now = sandbox.clock.now()
    change = events.user_id_changed(
        number.number, message_id, old_user_id, patient, now
    )
    send(sandbox, number, change)
    sandbox.feed.publish("patient", patient=patient.wa_id)


def tell_limit(sandbox: Sandbox, portfolio: Portfolio) -> None:
    """Every subscribed account of the portfolio hears of its messaging limit."""
    now = sandbox.clock.now()
    as_tier = sandbox.switches.capability_as_tier
    for business in sandbox.world.businesses.values():
        if business.subscribed and business.portfolio_id == portfolio.id:
            change = events.capability(portfolio, as_tier)
            sandbox.webhooks.send(business.id, change, time=int(now))


def on_phone(message: Message) -> bool:
    return message.direction == "in" or RANKS.get(message.status, 0) >= 2


def thread(
    sandbox: Sandbox, patient: Patient, number_id: str | None
) -> list[dict[str, Any]]:
    """The bubbles on the patient's phone, oldest first; of all numbers if None."""
    messages = [
        message
        for one in threads(sandbox, patient)
        for message in one
        if on_phone(message) and number_id in (None, message.phone_number_id)
    ]
    messages.sort(key=lambda message: message.timestamp)
    return [bubble(message) for message in messages]


def bubble(message: Message) -> dict[str, Any]:
    """A message as the phone shows it."""
    content = message.content
    return {
        "id": message.id,
        "direction": message.direction,
        "phone_number_id": message.phone_number_id,
        "type": content.type,
        "text": content.text,
        "header": content.header,
        "footer": content.footer,
        "buttons": content.buttons,
        "status": message.status,
        "timestamp": message.timestamp,
        "context_id": message.context_id,
        "biz_opaque_callback_data": message.callback_data,
    }


def show(sandbox: Sandbox, message: Message) -> None:
    if sandbox.feed.subscribers:
        patient = message.patient.wa_id
        sandbox.feed.publish("message", patient=patient, bubble=bubble(message))
