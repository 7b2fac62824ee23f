"""What becomes of a message from a clinic, and the statuses that tell it."""

from __future__ import annotations

from functools import partial

from . import agent, bubbles, events, life_cycle, media, pacing, pricing
from .bubbles import RANKS
from .graph.errors import webhook_error
from .media import UPLOADED_SECONDS, VOICE_TYPE, plain
from .sandbox import Sandbox
from .template import Content
from .world import Message, Patient

REACT_WITHIN_SECONDS = 30 * 24 * 3600


def accept(sandbox: Sandbox, message: Message, forced_error: int | None) -> None:
    """Take a valid message in; its fate follows by webhooks.

    ``forced_error`` is the code of a failure that a test wants.
    """
    message.held = pacing.is_held(sandbox, message)
    sandbox.world.add(message)
    message.history.append(("accepted", message.timestamp))
    sandbox.accepted += 1
    agent.step_aside(sandbox, message)
    code = forced_error or failure(sandbox, message)
    if code is not None:
        fail(sandbox, message, code)
    elif message.held:
        seconds = sandbox.switches.pacing_seconds
        sandbox.schedule.after(seconds, partial(assess, sandbox, message))
    else:
        proceed(sandbox, message)


def assess(sandbox: Sandbox, message: Message) -> None:
    """The quality of a held message's template is known: send it, or drop it."""
    message.held = False
    if sandbox.switches.pacing != "drop":
        proceed(sandbox, message)
        return
    fail(sandbox, message, 132015)
    template = sandbox.world.templates_by_id.get(message.content.template_id)
    if template is not None and template.status == "APPROVED":
        life_cycle.pause_for_pacing(sandbox, template)


def proceed(sandbox: Sandbox, message: Message) -> None:
    if any(piece.link is not None for piece in message.content.pieces):
        sandbox.start(fetch_and_release(sandbox, message))
    else:
        release(sandbox, message)


async def fetch_and_release(sandbox: Sandbox, message: Message) -> None:
    for piece in message.content.pieces:
        if piece.link is not None and not await fetch(sandbox, message, piece):
            fail(sandbox, message, 131053)
            return
    release(sandbox, message)


async def fetch(sandbox: Sandbox, message: Message, piece: Content) -> bool:
    """Take the file behind the link of ``piece``; False if it cannot be sent."""
    found = await media.fetch(piece.media_kind, piece.link)
    if found is None:
        return False
    expires_at = sandbox.clock.now() + UPLOADED_SECONDS
    file = sandbox.world.media.add(message.phone_number_id, *found, expires_at)
    piece.media_id = file.id
    return True


def release(sandbox: Sandbox, message: Message) -> None:
    """Nothing is against the message: it goes on its way."""
    message.pricing = pricing.of(sandbox, message)
    if is_unpaid(sandbox, message):
        return
    advance(sandbox, message, "sent")
    if message.patient.online:
        deliver(sandbox, message)


def is_unpaid(sandbox: Sandbox, message: Message) -> bool:
    """Without a payment method only free messages of the window arrive, say sources.

    The others are dropped, and no webhook tells it.
    """
    business = sandbox.world.numbers[message.phone_number_id].business
    return not business.payment_method and message.pricing["type"] == "regular"


def failure(sandbox: Sandbox, message: Message) -> int | None:
    """The code with which this message fails after acceptance, None if it does not."""
    patient, number_id = message.patient, message.phone_number_id
    content = message.content
    in_window = sandbox.world.window_is_open(number_id, patient, message.timestamp)
    if content.template is None and not in_window:
        return 131047
    if not patient.on_whatsapp:
        return 131026
    business = sandbox.world.numbers[number_id].business
    if content.template is not None and not business.payment_method:
        return 131042
    if content.category == "marketing":
        code = marketing_failure(patient, number_id)
        if code is not None:
            return code
    if not has_its_parts(sandbox, message):
        return 131009 if content.type == "reaction" else 131053
    if not in_window:
        return count_towards_limit(sandbox, message)
    return None


def has_its_parts(sandbox: Sandbox, message: Message) -> bool:
    """Whether its files can be sent, or there is something to react to."""
    content = message.content
    if content.type == "reaction":
        return can_react(message, sandbox.world.messages.get(content.target_id))
    return all(
        can_send(sandbox, message, piece)
        for piece in content.pieces
        if piece.media_id is not None
    )


def can_send(sandbox: Sandbox, message: Message, piece: Content) -> bool:
    files, number_id = sandbox.world.media, message.phone_number_id
    kind, media_id = piece.media_kind, piece.media_id
    if not files.can_send(kind, media_id, number_id, message.timestamp):
        return False
    return not piece.voice or is_voice(sandbox, media_id)


def is_voice(sandbox: Sandbox, media_id: str) -> bool:
    """A voice note is OGG (Cloud API, audio messages)."""
    return plain(sandbox.world.media.by_id[media_id].mime_type) == VOICE_TYPE


def can_react(reaction: Message, target: Message | None) -> bool:
    """Only to what this patient sent in 30 days and has not deleted (Cloud API)."""
    return (
        target is not None
        and target.direction == "in"
        and target.patient is reaction.patient
        and target.phone_number_id == reaction.phone_number_id
        and target.content.type != "reaction"
        and not target.deleted
        and reaction.timestamp - target.timestamp <= REACT_WITHIN_SECONDS
    )


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


def deliver(sandbox: Sandbox, message: Message) -> None:
    if message.patient.blocked:
        return
    if message.content.type == "reaction":
        react(sandbox, message)
        return
    advance(sandbox, message, "delivered")
    if message.patient.auto_read:
        advance(sandbox, message, "read")


def react(sandbox: Sandbox, message: Message) -> None:
    """Put a reaction on its target, or take it away; no status tells of it."""
    target = sandbox.world.messages[message.content.target_id]
    target.reactions.pop(message.direction, None)
    if message.content.text:
        target.reactions[message.direction] = message.content.text
    bubbles.show(sandbox, target)


def advance(sandbox: Sandbox, message: Message, status: str) -> None:
    """Move an outgoing message on and tell it; never back."""
    if not tick(sandbox, message, status):
        return
    if status == "delivered":
        bubbles.show(sandbox, message)
    dropped = sandbox.switches.drop_delivered
    if status == "delivered" and dropped:
        return
    last_priced = "read" if dropped else "delivered"
    send_status(sandbox, message, status, priced=RANKS[status] <= RANKS[last_priced])


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
    if priced and has_conversation(sandbox, message):
        events.add_conversation(change, message)
    sandbox.tell(number.business, change)


def has_conversation(sandbox: Sandbox, message: Message) -> bool:
    """Up to v23 every message, later only one of a free entry point (Cloud API)."""
    by_ad = message.pricing["type"] == "free_entry_point"
    return by_ad or sandbox.switches.with_conversation


def set_online(sandbox: Sandbox, patient: Patient, online: bool) -> None:
    """Coming online delivers what was waiting."""
    patient.online = online
    if not online:
        return
    for one in bubbles.threads(sandbox, patient):
        for message in one:
            waits = message.direction == "out" and message.status == "sent"
            if waits and not is_too_old(sandbox, message):
                deliver(sandbox, message)


def is_too_old(sandbox: Sandbox, message: Message) -> bool:
    """After its time to live WhatsApp drops a message, and tells nobody."""
    ttl = message.content.ttl_seconds
    return ttl is not None and sandbox.clock.now() - message.timestamp > ttl


def read(sandbox: Sandbox, patient: Patient, message_id: str | None) -> int:
    """The patient sees one message, or all that arrived; returns how many were new."""
    messages = [
        message
        for one in bubbles.threads(sandbox, patient)
        for message in one
        if message.direction == "out"
        and message.content.type != "reaction"
        and message.status in ("sent", "delivered")
        and message_id in (None, message.id)
    ]
    if patient.blocked:
        return 0
    for message in messages:
        advance(sandbox, message, "delivered")
        advance(sandbox, message, "read")
    return len(messages)


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
