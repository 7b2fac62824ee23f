"""What is said beside the API: in the WhatsApp Business app, or by Meta's own agent."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from . import people
from .errors import event_errors
from .events import (
    AddressBookEntry,
    Event,
    Handover,
    InboundMessage,
    MessageEcho,
    PastMessage,
    Synchronised,
    Unrecognised,
)
from .reading import (
    Unusable,
    dict_,
    dicts,
    digits,
    is_own_number,
    name,
    number,
    phone_number_id,
    required_time,
    scalar,
    text,
    time,
)

_AGENT = ("ai_agent", "meta_business_agent")


def app_echo(value: dict, echo: dict) -> MessageEcho:
    """Read one of ``message_echoes``: staff wrote in the app; raises ``Unusable``."""
    return _echo("app", value, echo)


def _echo(origin: str, value: dict, echo: dict) -> MessageEcho:
    """Read what the clinic said; sources disagree which side stands in ``to``."""
    is_turned = is_own_number(value, digits(echo.get("to")))
    side = "from" if is_turned else "to"
    patient = people.person(value, echo, side, f"{side}_user_id")
    message = people.said(value, echo, patient)
    return MessageEcho(message.phone_number_id, origin, message)


def address_book_entry(value: dict, entry: dict) -> AddressBookEntry:
    """Read one of ``state_sync``; raises ``Unusable``."""
    contact = dict_(entry.get("contact"))
    if entry.get("type") != "contact" or not contact:
        raise Unusable("no contact")
    known = people.person({}, contact, "phone_number", "user_id")
    called = name(contact.get("full_name")) or name(contact.get("first_name"))
    return AddressBookEntry(
        phone_number_id=phone_number_id(value),
        person=replace(known, profile_name=called),
        is_removed=text(entry.get("action")) == "remove",
    )


def standby(value: dict) -> Iterator[Event]:
    """Read what patients and Meta's agent say to each other while the agent answers.

    Its inner shape is told by captures only, so that objects and lists are both read.
    """
    box = dict_(value.get("standby")) or value
    around = {"contacts": box.get("contacts"), **value}
    parts: dict[str, Callable[[dict, dict], Event]] = {
        "message_received": _received,
        "messages": _received,
        "message_echoes": lambda value, item: _echo("agent", value, item),
        "statuses": people.status,
    }
    if not parts.keys() & box.keys():
        yield Unrecognised("standby", value, "none of " + ", ".join(parts))
    for key, convert in parts.items():
        for item in _listed(box.get(key)):
            yield _converted(key, convert, around, item)


def _received(value: dict, message: dict) -> Event:
    event = people.message(value, message)
    is_message = isinstance(event, InboundMessage)
    return replace(event, is_standby=True) if is_message else event


def _listed(value: object) -> Iterator[object]:
    """The messages in a list or object, each bare or as the member ``message``."""
    for one in value if isinstance(value, list) else [value] if value else []:
        inner = dict_(one).get("messages")
        if isinstance(inner, list):
            yield from inner
        else:
            yield dict_(one).get("message") or one


def _converted(
    key: str, convert: Callable[[dict, dict], Event], value: dict, item: object
) -> Event:
    try:
        if not isinstance(item, dict):
            raise Unusable("not an object")
        return convert(value, item)
    except Unusable as reason:
        return Unrecognised(key, item, str(reason))


def handover(value: dict) -> Iterator[Event]:
    """Read ``messaging_handovers``, the number of which may stand in ``recipient``."""
    yield _converted("messaging_handovers", _handover, value, value)


def _handover(value: dict, _item: dict) -> Handover:
    recipient = scalar(dict_(value.get("recipient")).get("phone_number_id"))
    sender = dict_(value.get("sender"))
    now, before = _owners(value)
    return Handover(
        phone_number_id=recipient or phone_number_id(value),
        person=people.person(value, sender, "phone_number", "user_id"),
        to_agent=now in _AGENT if now else before not in _AGENT,
        timestamp=time(value.get("timestamp")),
        asks_for_person=now == "escalation",
    )


def _owners(value: dict) -> tuple[str | None, str | None]:
    """Return who has the conversation now and who had it before, one may be unknown.

    Raises ``Unusable`` where neither is named.
    """
    control = dict_(value.get(text(value.get("type")) or "control_passed"))
    now, before = (
        text(control.get(f"{when}_owner_role"))
        or text(control.get(f"{when}_owner_app_role"))
        for when in ("new", "previous")
    )
    if not now and not before:
        raise Unusable("no owner named")
    return now, before


def history(value: dict) -> Iterator[Event]:
    """Read the app's history: threads of messages, their files, how far it has come."""
    chunks = dicts(value.get("history"))
    for chunk in chunks:
        for thread in dicts(chunk.get("threads")):
            for message in _listed(thread.get("messages")):
                around = {**value, "thread": thread}
                yield _converted("history", _past, around, message)
        yield _converted("history", _synchronised, value, chunk)
    for message in _listed(value.get("messages")):
        yield _converted("history", _past, value, message)
    if not chunks and not value.get("messages"):
        yield Unrecognised("history", value, "none of history, messages")


def _past(value: dict, message: dict) -> PastMessage:
    is_ours = bool(message.get("to")) or is_own_number(
        value, digits(message.get("from"))
    )
    thread = dict_(value.get("thread"))
    if thread:
        patient = people.person(value, thread, "id", "user_id")
    else:
        side = "to" if is_ours else "from"
        patient = people.person(value, message, side, f"{side}_user_id")
    required_time(message)
    said = people.said(value, message, patient)
    status = text(dict_(message.get("history_context")).get("status"))
    return PastMessage(said.phone_number_id, said, is_ours, status)


def _synchronised(value: dict, chunk: dict) -> Synchronised:
    progress = number(dict_(chunk.get("metadata")).get("progress"))
    return Synchronised(
        phone_number_id=phone_number_id(value),
        progress=None if progress is None else int(progress),
        errors=event_errors(chunk),
    )
