"""What WhatsApp sends: signature check, and envelope to typed events.

``parse`` follows the documented envelope (Cloud API, webhooks) but trusts nothing in
it: whatever it does not know becomes ``Unrecognised``, and one malformed message does
not lose its neighbours. Personal values are kept out of the events' ``repr``.

Texts are returned as they came; ``clean_text`` makes one fit for storing.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .errors import NO_CODE


class MalformedWebhook(ValueError):
    """The body is not a JSON object."""


@dataclass(frozen=True)
class Sender:
    """Who wrote. At least one of ``wa_id`` (digits, no plus) and ``user_id`` is known.

    Patients with a WhatsApp user name may come without a phone number.
    """

    wa_id: str | None = field(default=None, repr=False)
    user_id: str | None = field(default=None, repr=False)
    parent_user_id: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    profile_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class InboundMessage:
    """A message of a patient.

    ``kind`` is WhatsApp's type (text, image, button, interactive …, also ones that are
    not known yet). ``text`` is what there is to read: body, caption, title of the
    tapped button, emoji of a reaction ("" takes it back). ``payload`` is the id of the
    tapped button or row, ``context_id`` the message it answers, ``timestamp`` in UTC.
    """

    phone_number_id: str
    message_id: str = field(repr=False)
    timestamp: datetime
    sender: Sender
    kind: str
    text: str | None = field(repr=False)
    payload: str | None = field(repr=False)
    context_id: str | None = field(repr=False)
    raw: dict = field(repr=False)


@dataclass(frozen=True)
class EventError:
    """An error in a webhook; ``errors.policy(code)`` says what to do about it.

    ``code`` is ``errors.NO_CODE`` when WhatsApp sent none.
    """

    code: int
    title: str
    details: str = field(repr=False)


@dataclass(frozen=True)
class StatusUpdate:
    """What became of a message of the clinic: sent, delivered, read, played or failed.

    ``callback_data`` is what the message was sent with; ``timestamp`` in UTC.
    """

    phone_number_id: str
    message_id: str = field(repr=False)
    status: str
    timestamp: datetime
    recipient_wa_id: str | None = field(repr=False)
    recipient_user_id: str | None = field(repr=False)
    callback_data: str | None
    errors: tuple[EventError, ...]
    pricing: dict | None


@dataclass(frozen=True)
class TemplateUpdate:
    """News of a template.

    ``kind`` is status, quality, category or components. ``category`` is the present one
    and ``coming_category`` what Meta will change it to. ``language`` is spelled with an
    underscore, whichever way Meta wrote it.
    """

    kind: str
    business_account_id: str
    template_id: str
    name: str | None
    language: str | None
    event: str | None
    reason: str | None
    category: str | None
    previous_category: str | None
    coming_category: str | None
    quality: str | None
    previous_quality: str | None
    timestamp: datetime | None
    raw: dict = field(repr=False)


@dataclass(frozen=True)
class UserPreference:
    """A patient used WhatsApp's own control: ``value`` is stop, resume or signup."""

    phone_number_id: str
    wa_id: str | None = field(repr=False)
    user_id: str | None = field(repr=False)
    category: str
    value: str
    timestamp: datetime


@dataclass(frozen=True)
class NumberChanged:
    """A patient has a new phone number or a new business-scoped user id."""

    phone_number_id: str
    old_wa_id: str | None = field(repr=False)
    new_wa_id: str | None = field(repr=False)
    old_user_id: str | None = field(repr=False)
    new_user_id: str | None = field(repr=False)
    message_id: str = field(repr=False)
    timestamp: datetime


@dataclass(frozen=True)
class AccountUpdate:
    """News of the account, a number or the app; ``value`` is Meta's own.

    ``field`` is ``errors`` for trouble that belongs to no message.
    """

    field: str
    business_account_id: str
    value: dict = field(repr=False)
    timestamp: datetime | None = None


@dataclass(frozen=True)
class Unrecognised:
    """Something this version does not know or cannot use; ``why`` quotes nothing."""

    field: str
    raw: Any = field(repr=False)
    why: str


Event = (
    InboundMessage
    | StatusUpdate
    | TemplateUpdate
    | UserPreference
    | NumberChanged
    | AccountUpdate
    | Unrecognised
)


def verify(app_secret: str | bytes, body: bytes, header: str | None) -> bool:
    """Whether ``X-Hub-Signature-256`` signs these bytes, compared in constant time.

    The signature covers the bytes as they came. Without an app secret nothing is valid.
    """
    if not app_secret or not header:
        return False
    secret = app_secret.encode() if isinstance(app_secret, str) else app_secret
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.encode("utf-8", "replace"))


def phone_number_ids(body: bytes) -> frozenset[str]:
    """Return the ids of the clinic's numbers named in a body, without parsing it.

    Good for choosing the app secret before anything is trusted.
    """
    return frozenset(found.decode() for found in _PHONE_NUMBER_ID.findall(body))


def clean_text(text: str) -> str:
    """Replace what PostgreSQL cannot store, NUL and lone surrogates, by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


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


_PHONE_NUMBER_ID = re.compile(rb'"phone_number_id"\s*:\s*"([0-9]{1,32})"')
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_USER_ID = re.compile(r"[A-Z]{2}\.[0-9A-Za-z.]{1,140}")
_STATUSES = ("sent", "delivered", "read", "played", "failed")
_PREFERENCES = ("stop", "resume", "signup")
_NUMBER_CHANGES = (
    "user_changed_number",
    "user_changed_user_id",
    "customer_changed_number",
)
_TEMPLATE_KINDS = {
    "message_template_status_update": "status",
    "message_template_quality_update": "quality",
    "template_category_update": "category",
    "message_template_components_update": "components",
}
_ACCOUNT_FIELDS = (
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "business_capability_update",
    "business_username_updates",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
)


class _Unusable(Exception):
    """Why a part of a webhook cannot become an event; quotes nothing of it."""


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
    if name == "messages":
        yield from _message_events(entry, value)
    elif name == "user_preferences":
        yield from _each(value, name, _user_preference)
    elif name in _TEMPLATE_KINDS:
        yield _template_update(entry, name, value)
    elif name in _ACCOUNT_FIELDS:
        yield AccountUpdate(name, _id(entry), value, _entry_time(entry))
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
        if _text(source.get("field")):
            return source["field"]
    for key in ("messages", "statuses"):
        if key in value:
            return "messages"
    return "user_preferences" if "user_preferences" in value else ""


def _message_events(entry: dict, value: dict) -> Iterator[Event]:
    known = [key for key in ("messages", "statuses", "errors") if key in value]
    if not known:
        yield Unrecognised("messages", value, "neither messages nor statuses")
        return
    yield from _each(value, "messages", _message)
    yield from _each(value, "statuses", _status)
    if value.get("errors"):
        yield AccountUpdate("errors", _id(entry), value, _entry_time(entry))


def _each(value: dict, key: str, convert) -> Iterator[Event]:
    items = value.get(key, [])
    if not isinstance(items, list):
        yield Unrecognised(key, items, "not a list")
        return
    for item in items:
        try:
            if not isinstance(item, dict):
                raise _Unusable("not an object")
            yield convert(value, item)
        except _Unusable as reason:
            yield Unrecognised(key, item, str(reason))


def _message(value: dict, message: dict) -> Event:
    if message.get("group_id"):
        raise _Unusable("message in a group")
    kind = _required(message, "type")
    if kind == "system":
        return _number_changed(value, message)
    text, payload = _content(message, kind)
    return InboundMessage(
        phone_number_id=_phone_number_id(value),
        message_id=_required(message, "id"),
        timestamp=_required_time(message),
        sender=_sender(value, message),
        kind=kind,
        text=text,
        payload=payload,
        context_id=_context_id(message, kind),
        raw=message,
    )


def _content(message: dict, kind: str) -> tuple[str | None, str | None]:
    """Return what there is to read, and the id of what was tapped."""
    content = _dict(message.get(kind))
    if kind == "text":
        return _text(content.get("body")), None
    if kind == "button":
        return _text(content.get("text")), _text(content.get("payload"))
    if kind == "interactive":
        reply = _dict(content.get(_text(content.get("type")) or ""))
        return _text(reply.get("title") or reply.get("body")), _text(reply.get("id"))
    if kind == "reaction":
        return _text(content.get("emoji")) or "", None
    return _text(content.get("caption")), None


def _context_id(message: dict, kind: str) -> str | None:
    if kind == "reaction":
        return _text(_dict(message.get("reaction")).get("message_id"))
    return _text(_dict(message.get("context")).get("id"))


def _sender(value: dict, message: dict) -> Sender:
    wa_id, user_id = _ids(message, "from", "from_user_id")
    contact = _contact(value, wa_id, user_id)
    contact_wa_id, contact_user_id = _ids(contact, "wa_id", "user_id")
    sender = Sender(
        wa_id=wa_id or contact_wa_id,
        user_id=user_id or contact_user_id,
        parent_user_id=_text(message.get("from_parent_user_id"))
        or _text(contact.get("parent_user_id")),
        username=_text(_dict(contact.get("profile")).get("username")),
        profile_name=_text(_dict(contact.get("profile")).get("name")),
    )
    if not sender.wa_id and not sender.user_id:
        raise _Unusable("no sender")
    return sender


def _contact(value: dict, wa_id: str | None, user_id: str | None) -> dict:
    """Find the contact of a sender; contacts may be missing or in any order."""
    for contact in _dicts(value.get("contacts")):
        contact_wa_id, contact_user_id = _ids(contact, "wa_id", "user_id")
        if wa_id and wa_id == contact_wa_id:
            return contact
        if user_id and user_id == contact_user_id:
            return contact
    return {}


def _ids(item: dict, phone_key: str, user_key: str) -> tuple[str | None, str | None]:
    """Return (wa_id, user id); a user id may stand where the phone number should."""
    phone, user_id = _text(item.get(phone_key)), _text(item.get(user_key))
    if phone and _USER_ID.fullmatch(phone):
        return None, user_id or phone
    digits = (phone or "").lstrip("+")
    return (digits if re.fullmatch("[0-9]{1,20}", digits) else None), user_id


def _number_changed(value: dict, message: dict) -> NumberChanged:
    system = _dict(message.get("system"))
    if system.get("type") not in _NUMBER_CHANGES:
        raise _Unusable("unknown system message")
    old_wa_id, from_user_id = _ids(message, "from", "from_user_id")
    new_wa_id, new_user_id = _ids(system, "wa_id", "user_id")
    return NumberChanged(
        phone_number_id=_phone_number_id(value),
        old_wa_id=old_wa_id,
        new_wa_id=new_wa_id or _ids(system, "new_wa_id", "user_id")[0],
        old_user_id=_text(system.get("previous_user_id")) or from_user_id,
        new_user_id=new_user_id,
        message_id=_required(message, "id"),
        timestamp=_required_time(message),
    )


def _status(value: dict, status: dict) -> StatusUpdate:
    if status.get("status") not in _STATUSES:
        raise _Unusable("unknown status")
    wa_id, user_id = _ids(status, "recipient_id", "recipient_user_id")
    return StatusUpdate(
        phone_number_id=_phone_number_id(value),
        message_id=_required(status, "id"),
        status=status["status"],
        timestamp=_required_time(status),
        recipient_wa_id=wa_id,
        recipient_user_id=user_id,
        callback_data=_text(status.get("biz_opaque_callback_data")),
        errors=tuple(_event_error(error) for error in _dicts(status.get("errors"))),
        pricing=_dict(status.get("pricing")) or None,
    )


def _event_error(error: dict) -> EventError:
    code = error.get("code")
    if isinstance(code, str) and re.fullmatch("[0-9]{1,10}", code):
        code = int(code)
    known = isinstance(code, int) and not isinstance(code, bool)
    return EventError(
        code=code if known else NO_CODE,
        title=_text(error.get("title")) or "",
        details=_text(_dict(error.get("error_data")).get("details"))
        or _text(error.get("message"))
        or "",
    )


def _user_preference(value: dict, preference: dict) -> UserPreference:
    if preference.get("value") not in _PREFERENCES:
        raise _Unusable("unknown preference")
    contacts = _dicts(value.get("contacts"))
    wa_id, user_id = _ids(preference, "wa_id", "user_id")
    if not wa_id and not user_id and len(contacts) == 1:
        wa_id, user_id = _ids(contacts[0], "wa_id", "user_id")
    if not wa_id and not user_id:
        raise _Unusable("nobody named")
    return UserPreference(
        phone_number_id=_phone_number_id(value),
        wa_id=wa_id,
        user_id=user_id,
        category=_text(preference.get("category")) or "",
        value=preference["value"],
        timestamp=_required_time(preference),
    )


def _template_update(entry: dict, name: str, value: dict) -> Event:
    template_id = _scalar(value.get("message_template_id"))
    if not template_id:
        return Unrecognised(name, value, "no template named")
    language = _text(value.get("message_template_language"))
    return TemplateUpdate(
        kind=_TEMPLATE_KINDS[name],
        business_account_id=_id(entry),
        template_id=template_id,
        name=_text(value.get("message_template_name")),
        language=language.replace("-", "_") if language else None,
        event=_text(value.get("event")),
        reason=_text(value.get("reason")),
        category=_text(value.get("new_category"))
        or _text(value.get("message_template_category")),
        previous_category=_text(value.get("previous_category")),
        coming_category=_text(value.get("correct_category")),
        quality=_text(value.get("new_quality_score")),
        previous_quality=_text(value.get("previous_quality_score")),
        timestamp=_entry_time(entry),
        raw=value,
    )


def _phone_number_id(value: dict) -> str:
    phone_number_id = _scalar(_dict(value.get("metadata")).get("phone_number_id"))
    if not phone_number_id:
        raise _Unusable("no phone number id")
    return phone_number_id


def _id(entry: dict) -> str:
    return _scalar(entry.get("id")) or ""


def _entry_time(entry: dict) -> datetime | None:
    return _time(entry.get("time"))


def _required(item: dict, key: str) -> str:
    value = _text(item.get(key))
    if not value:
        raise _Unusable(f"no {key}")
    return value


def _required_time(item: dict) -> datetime:
    moment = _time(item.get("timestamp"))
    if moment is None:
        raise _Unusable("no usable timestamp")
    return moment


def _time(value: Any) -> datetime | None:
    """Read Unix seconds, which Meta writes as a string or as a number."""
    seconds = _scalar(value)
    if not seconds or not re.fullmatch("[0-9]{1,11}", seconds):
        return None
    return datetime.fromtimestamp(int(seconds), tz=timezone.utc)


def _scalar(value: Any) -> str | None:
    """Return an id or number as text; Meta writes some of them either way."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _dict(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
