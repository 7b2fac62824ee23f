"""What patients do on their phones, and which webhooks tell it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import agent, bubbles, delivery, events, inbound, media, pricing, wamid
from .media import Media
from .sandbox import Sandbox
from .template import Content
from .world import Message, Number, Patient

TAPPABLE = ("quick_reply", "reply", "row")
EDITABLE = ("text", "image", "video", "document")


class NotPossible(Exception):
    """The patient cannot do this, e.g. while offline or for want of such a button."""


def require_online(patient: Patient) -> None:
    if not patient.online:
        raise NotPossible("the patient is offline")


def require_arrived(message: Message) -> None:
    if not bubbles.on_phone(message) or message.deleted:
        raise NotPossible("the message has not arrived on the phone")


def read(sandbox: Sandbox, patient: Patient, message_id: str | None) -> int:
    """The patient sees one message, or all that arrived; returns how many were new."""
    require_online(patient)
    return delivery.read(sandbox, patient, message_id)


def play(sandbox: Sandbox, patient: Patient, message: Message) -> None:
    """The patient listens to a voice message of the clinic."""
    require_online(patient)
    require_arrived(message)
    if message.direction != "out" or not message.content.voice:
        raise NotPossible("this is not a voice message of the clinic's")
    delivery.advance(sandbox, message, "read")
    delivery.advance(sandbox, message, "played")


def receive(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    content: Content,
    body: dict[str, Any],
    context_id: str | None = None,
    opens_window: bool = True,
) -> Message:
    """Take in what a patient sends: opens the window, goes out as a webhook.

    From a patient whom the number blocked nothing reaches the business.
    """
    require_online(patient)
    heard = number.id not in patient.blocked_by
    message = Message(
        id=wamid.new(patient.known_as, wamid.INBOUND),
        direction="in",
        phone_number_id=number.id,
        patient=patient,
        content=content,
        timestamp=sandbox.clock.now(),
        status="sent",
        context_id=context_id,
    )
    sandbox.world.add(message, opens_window=opens_window and heard)
    bubbles.show(sandbox, message)
    if heard and "referral" in body:
        pricing.came_by_ad(sandbox, number, patient)
    if heard:
        change = events.inbound(number.number, message, body)
        sandbox.tell(
            number.business,
            agent.heard(sandbox, number, patient, change),
            on_delivered=lambda: delivery.tick(sandbox, message, "delivered"),
        )
    return message


def write(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    text: str,
    context_id: str | None = None,
    more: dict[str, Any] | None = None,
) -> Message:
    """The patient writes ``text``, as a reply to ``context_id`` if given.

    ``more`` stands in the message besides: ``context`` (forwarded), ``referral`` (ad).
    """
    body = {**inbound.text(text), **(more or {})}
    return receive(sandbox, number, patient, Content("text", text), body, context_id)


def attach(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    kind: str,
    file: Media,
    url: str,
    options: dict[str, Any],
    context_id: str | None = None,
) -> Message:
    """The patient sends ``file``; ``options`` are those of its ``kind``."""
    body = inbound.media(kind, file, url, options, sandbox.switches)
    caption, filename = options.get("caption"), options.get("filename")
    content = Content(
        kind,
        media.bubble_text(kind, caption, filename),
        media_kind=kind,
        media_id=file.id,
        caption=caption,
        filename=filename,
        voice=bool(options.get("voice")),
    )
    return receive(sandbox, number, patient, content, body, context_id)


def send_place(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    place: dict[str, Any],
    context_id: str | None = None,
) -> Message:
    shown = " ".join(place[key] for key in ("name", "address") if place.get(key))
    content = Content("location", shown or "[location]", place=place)
    body = inbound.location(place)
    return receive(sandbox, number, patient, content, body, context_id)


def send_contacts(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    cards: list[dict[str, Any]],
    context_id: str | None = None,
) -> Message:
    names = ", ".join(card["name"]["formatted_name"] for card in cards)
    content = Content("contacts", names, cards=cards)
    body = inbound.contacts(cards)
    return receive(sandbox, number, patient, content, body, context_id)


def react(
    sandbox: Sandbox, patient: Patient, target: Message, emoji: str | None
) -> Message:
    """The patient reacts to a message; "" or None takes the reaction away."""
    require_arrived(target)
    number = sandbox.world.numbers[target.phone_number_id]
    message = receive(
        sandbox,
        number,
        patient,
        Content("reaction", emoji, target_id=target.id),
        inbound.reaction(target.id, emoji),
        opens_window=sandbox.switches.reactions_open_window,
    )
    delivery.react(sandbox, message)
    return message


def tap(
    sandbox: Sandbox,
    patient: Patient,
    message: Message,
    button: int | str,
    with_context: bool = True,
    card: int | None = None,
) -> Message:
    """The patient taps a button, named by its index or its visible title.

    ``card`` is the index of the card that it is on, None for the message itself.
    """
    require_arrived(message)
    chosen = find_button(find_piece(message, card), button)
    number = sandbox.world.numbers[message.phone_number_id]
    context_id = message.id if with_context else None
    if chosen["kind"] == "send_contact":
        cards = [inbound.own_contact(patient)]
        return send_contacts(sandbox, number, patient, cards, context_id)
    if chosen["kind"] not in TAPPABLE:
        raise NotPossible("this button sends nothing by itself")
    body = inbound.tap(chosen)
    content = Content(body["type"], chosen["title"])
    return receive(sandbox, number, patient, content, body, context_id)


def find_piece(message: Message, card: int | None) -> Content:
    if card is None:
        return message.content
    if card not in range(len(message.content.carousel)):
        raise NotPossible("the message has no such card")
    return message.content.carousel[card]


def find_button(piece: Content, button: int | str) -> dict[str, Any]:
    for candidate in piece.buttons:
        if button in (candidate["index"], candidate["title"]):
            return candidate
    raise NotPossible("the message has no such button")


def fill_form(
    sandbox: Sandbox,
    patient: Patient,
    message: Message,
    answers: dict[str, Any],
    response_json: str | None = None,
) -> Message:
    """The patient fills the form behind a flow button; its token comes along.

    ``response_json`` is sent instead of the answers, whatever it is.
    """
    require_arrived(message)
    flows = [one for one in message.content.buttons if one["kind"] == "flow"]
    if not flows:
        raise NotPossible("the message has no form")
    if response_json is None:
        response_json = inbound.filled_form(answers, flows[0]["payload"])
    number = sandbox.world.numbers[message.phone_number_id]
    body, content = inbound.form(response_json), Content("interactive", "[form]")
    return receive(sandbox, number, patient, content, body, message.id)


def send_order(
    sandbox: Sandbox, number: Number, patient: Patient, content: dict[str, Any]
) -> Message:
    shown = Content("order", content.get("text") or "[order]")
    return receive(sandbox, number, patient, shown, inbound.order(content))


def send_unsupported(
    sandbox: Sandbox, number: Number, patient: Patient, kind: str
) -> Message:
    """Something that the Cloud API only tells the kind of."""
    shown, body = Content("unsupported", f"[{kind}]"), inbound.unsupported(kind)
    return receive(sandbox, number, patient, shown, body)


def send_raw(
    sandbox: Sandbox, number: Number, patient: Patient, body: dict[str, Any]
) -> Message:
    """A message of a kind that nobody knows yet."""
    shown = Content(str(body["type"]), f"[{body['type']}]")
    return receive(sandbox, number, patient, shown, body)


def edit(sandbox: Sandbox, patient: Patient, message: Message, text: str) -> str:
    """The patient changes a message; returns the id of the message that tells it."""
    require_own(message)
    if message.content.type not in EDITABLE:
        raise NotPossible("only texts and captions can be edited")
    content = message.content
    message.edited = True
    if content.type == "text":
        content.text = text
    else:
        content.caption = text
        content.text = media.bubble_text(content.type, text, content.filename)
    return tell_change(sandbox, patient, message, "edit", inbound.edit(message, text))


def revoke(sandbox: Sandbox, patient: Patient, message: Message) -> str:
    """The patient deletes a message for everybody."""
    require_own(message)
    message.deleted = True
    message.reactions.clear()
    return tell_change(sandbox, patient, message, "revoke", inbound.revoke(message))


def require_own(message: Message) -> None:
    require_online(message.patient)
    if message.direction != "in" or message.deleted:
        raise NotPossible("this is not a message of the patient's")


def tell_change(
    sandbox: Sandbox,
    patient: Patient,
    message: Message,
    kind: str,
    body: dict[str, Any],
) -> str:
    """Only a number in the WhatsApp Business app too is told what changed (Cloud API).

    Others get a message that is not supported.
    """
    number = sandbox.world.numbers[message.phone_number_id]
    bubbles.show(sandbox, message)
    told = body if number.number.coexistence else inbound.unsupported(kind)
    shadow = Message(
        id=wamid.new(patient.known_as, wamid.INBOUND),
        direction="in",
        phone_number_id=number.id,
        patient=patient,
        content=Content(kind),
        timestamp=sandbox.clock.now(),
    )
    sandbox.tell(number.business, events.inbound(number.number, shadow, told))
    return shadow.id


def call(sandbox: Sandbox, number: Number, patient: Patient) -> str:
    """The patient calls, which opens the window as a message does (Cloud API)."""
    require_online(patient)
    now = sandbox.clock.now()
    call_id = wamid.new(patient.known_as, wamid.INBOUND).replace("wamid.", "wacid.", 1)
    sandbox.world.last_inbound[number.id, patient.wa_id] = now
    sandbox.tell(number.business, events.call(number.number, call_id, patient, now))
    return call_id


def prefer(sandbox: Sandbox, number: Number, patient: Patient, value: str) -> None:
    """The patient uses WhatsApp's own control; ``value`` is "stop" or "resume"."""
    if value == "stop":
        patient.stopped_marketing.add(number.id)
    else:
        patient.stopped_marketing.discard(number.id)
    now = sandbox.clock.now()
    change = events.preference(number.number, patient, value, now)
    sandbox.tell(number.business, change)
    sandbox.feed.publish("patient", patient=patient.wa_id)


def change_number(
    sandbox: Sandbox, number: Number, patient: Patient, wa_id: str
) -> None:
    """The patient moves to another phone; ``number`` is told by a system message."""
    old = patient.wa_id, patient.user_id
    kind = sandbox.switches.number_change_type

    def change(message_id: str, now: float) -> dict[str, Any]:
        sandbox.world.change_number(patient, wa_id)
        return events.number_changed(number.number, message_id, old, patient, now, kind)

    tell_system(sandbox, number, patient, change)
    sandbox.feed.publish("reset")


def change_user_id(
    sandbox: Sandbox, number: Number, patient: Patient, user_id: str
) -> None:
    """The patient's user id rotates; switches say by which webhook it is told."""
    old, told = patient.user_id, sandbox.switches.user_id_update

    def change(message_id: str, now: float) -> dict[str, Any]:
        sandbox.world.set_user_id(patient, user_id)
        told = events.user_id_changed(number.number, message_id, old, patient, now)
        if sandbox.switches.user_ids_in_body_only:
            return events.with_ids_in_body_only(told)
        return told

    if told == "field":
        sandbox.world.set_user_id(patient, user_id)
    else:
        tell_system(sandbox, number, patient, change)
    if told != "system":
        now = sandbox.clock.now()
        field = events.user_id_field(number.number, old, patient, now)
        sandbox.tell(number.business, field)
    sandbox.feed.publish("patient", patient=patient.wa_id)


def change_identity(sandbox: Sandbox, number: Number, patient: Patient) -> None:
    """The patient's phone has other keys, e.g. since WhatsApp was installed again."""

    def change(message_id: str, now: float) -> dict[str, Any]:
        return events.identity_changed(number.number, message_id, patient, now)

    tell_system(sandbox, number, patient, change)


def tell_system(
    sandbox: Sandbox,
    number: Number,
    patient: Patient,
    change: Callable[[str, float], dict[str, Any]],
) -> None:
    """Make a system message's id while the patient is still known as before."""
    message_id = wamid.new(patient.known_as, wamid.INBOUND)
    sandbox.tell(number.business, change(message_id, sandbox.clock.now()))
