"""From the envelope to its parts, losing none."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from . import elsewhere, people
from .account import ACCOUNT_FIELDS, account_detail
from .events import (
    AccountUpdate,
    Event,
    MalformedWebhook,
    Unrecognised,
    UserPreference,
)
from .reading import Unusable, entry_id, entry_time, text
from .templates import TEMPLATE_KINDS, template_update

# Keys of a value that hold a list, each entry of which is an event.
_LISTS: dict[str, dict[str, Callable[[dict, dict], Event]]] = {
    "messages": {"messages": people.message, "statuses": people.status},
    "user_preferences": {"user_preferences": people.user_preference},
    "user_id_update": {"user_id_update": people.user_id_update},
    "calls": {"calls": people.call},
    "smb_message_echoes": {"message_echoes": elsewhere.app_echo},
    "smb_app_state_sync": {"state_sync": elsewhere.address_book_entry},
}
# Fields whose events stand deeper, or are one.
_OTHERS: dict[str, Callable[[dict], Iterator[Event]]] = {
    "standby": elsewhere.standby,
    "messaging_handovers": elsewhere.handover,
    "history": elsewhere.history,
}
_DESCRIBING = frozenset({"messaging_product", "metadata", "contacts", "field"})


def parse(body: bytes) -> list[Event]:
    """Turn a webhook's body into events, in the order they stand in it.

    Raises ``MalformedWebhook`` when the body is not a JSON object, and nothing else.
    """
    try:
        envelope = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedWebhook("not JSON") from None
    if not isinstance(envelope, dict):
        raise MalformedWebhook("not a JSON object")
    if envelope.get("object") != "whatsapp_business_account":
        return [Unrecognised("", envelope, "not about a WhatsApp account")]
    return list(_envelope_events(envelope))


def _refuse_constant(name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _envelope_events(envelope: dict) -> Iterator[Event]:
    entries = envelope.get("entry")
    if not isinstance(entries, list) or not entries:
        yield Unrecognised("", envelope, "no entries")
        return
    for entry in entries:
        if not isinstance(entry, dict):
            yield Unrecognised("", entry, "entry is not an object")
            continue
        changes = entry.get("changes")
        if not isinstance(changes, list) or not changes:
            yield Unrecognised("", entry, "no changes")
            continue
        for change in changes:
            yield from _change_events(entry, change)


def _change_events(entry: dict, change: Any) -> Iterator[Event]:
    if not isinstance(change, dict) or not isinstance(change.get("value"), dict):
        yield Unrecognised("", change, "change without a value")
        return
    value = change["value"]
    name = _field_name(entry, change, value)
    if name in _LISTS:
        yield from _list_events(entry, name, value)
    elif name in _OTHERS:
        yield from _OTHERS[name](value)
    elif name in TEMPLATE_KINDS:
        yield template_update(entry, name, value)
    elif name in ACCOUNT_FIELDS:
        yield _account_update(entry, name, value)
    else:
        yield Unrecognised(name, value, "unknown field")


def _field_name(entry: dict, change: dict, value: dict) -> str:
    """Find out what a change is about.

    Meta's own samples misplace ``field`` and label quality updates as status updates,
    so that telling keys count more than the label.
    """
    if "new_quality_score" in value:
        return "message_template_quality_update"
    for source in (change, entry, value):
        if text(source.get("field")):
            return source["field"]
    known = (name for name, lists in _LISTS.items() if lists.keys() & value.keys())
    return next(known, "")


def _list_events(entry: dict, name: str, value: dict) -> Iterator[Event]:
    """Yield the events of a value that holds lists; what else is in it is told too."""
    lists = _LISTS[name]
    rest = value.keys() - lists.keys() - _DESCRIBING - {"errors"}
    found = [key for key in lists if key in value]
    if not found and not value.get("errors"):
        yield Unrecognised(name, value, "none of " + ", ".join(lists))
        return
    for key in found:
        for event in _each(value, key, lists[key]):
            yield _of_account(entry, event)
    if value.get("errors"):
        yield _account_update(entry, "errors", value)
    for key in sorted(rest):
        yield Unrecognised(name, {key: value[key]}, "unknown part")


def _of_account(entry: dict, event: Event) -> Event:
    """An event that may name no number is told by its account."""
    if not isinstance(event, UserPreference):
        return event
    return replace(event, business_account_id=entry_id(entry))


def _account_update(entry: dict, name: str, value: dict) -> AccountUpdate:
    detail = account_detail(name, value)
    return AccountUpdate(name, entry_id(entry), value, entry_time(entry), detail)


def _each(
    value: dict, key: str, convert: Callable[[dict, dict], Event]
) -> Iterator[Event]:
    items = value.get(key, [])
    if not isinstance(items, list):
        yield Unrecognised(key, items, "not a list")
        return
    for item in items:
        try:
            if not isinstance(item, dict):
                raise Unusable("not an object")
            yield convert(value, item)
        except Unusable as reason:
            yield Unrecognised(key, item, str(reason))
