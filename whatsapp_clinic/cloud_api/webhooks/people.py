"""Messages, calls and wishes of patients, and what became of ours."""

from . import content
from .errors import event_errors
from .events import (
    Event,
    InboundCall,
    InboundMessage,
    NumberChanged,
    Sender,
    StatusUpdate,
    SystemNotice,
    UserPreference,
)
from .reading import (
    Unusable,
    contact_of,
    dict_,
    digits,
    flag,
    ids,
    is_own_number,
    name,
    phone_number_id,
    required,
    required_time,
    scalar,
    text,
    time,
    user_ids_in,
)

_STATUSES = ("sent", "delivered", "read", "played", "failed")
_PREFERENCES = ("stop", "resume", "signup")
_NEW_NUMBER = ("user_changed_number", "customer_changed_number")
_NUMBER_CHANGES = (*_NEW_NUMBER, "user_changed_user_id")
# What a message has besides its content.
_ENVELOPE = frozenset(
    {
        "context",
        "errors",
        "from",
        "from_parent_user_id",
        "from_user_id",
        "group_id",
        "id",
        "message_id",
        "original_message_id",
        "referral",
        "timestamp",
        "to",
        "type",
    }
)
# Kinds that are about another message, and where its id stands.
_TARGETS = {
    "reaction": ("message_id",),
    "edit": ("original_message_id", "message_id"),
    "revoke": ("original_message_id", "message_id"),
}


def message(value: dict, message: dict) -> Event:
    """Read one of ``messages``; raises ``Unusable``."""
    if message.get("group_id"):
        raise Unusable("message in a group")
    if _kind(message) == "system":
        return _system_news(value, message)
    return said(value, message, _sender(value, message))


def said(value: dict, message: dict, person: Sender) -> InboundMessage:
    """Read what a message says, whoever of the two sides wrote it.

    ``person`` is the patient in either case; raises ``Unusable``. A time that cannot be
    read does not hide what is said.
    """
    kind = _kind(message)
    if not kind:
        raise Unusable("no type")
    shown = _shown(message, kind)
    shown_kind = _kind(shown) or kind
    body = dict_(shown.get(shown_kind))
    readable, payload = _readable(body, shown_kind)
    interactive = body if shown_kind == "interactive" else {}
    reply = dict_(interactive.get(text(interactive.get("type")) or ""))
    return InboundMessage(
        phone_number_id=phone_number_id(value),
        message_id=required(message, "id"),
        timestamp=time(message.get("timestamp")),
        sender=person,
        kind=kind,
        text=readable,
        payload=payload,
        context_id=_context_id(message, kind),
        raw=message,
        media=content.media(shown_kind, body),
        location=content.location(shown_kind, body),
        contacts=content.contact_cards(shown_kind, shown.get(shown_kind)),
        form=content.form_reply(interactive),
        order=content.order(shown_kind, body),
        choices=content.choices(interactive),
        referral=content.referral(message),
        interactive_type=text(interactive.get("type")),
        description=text(reply.get("description")),
        is_forwarded=_is_forwarded(message),
        unsupported_type=text(body.get("type")) if kind == "unsupported" else None,
        errors=event_errors(message),
        product_id=_product_id(message),
    )


def _kind(message: dict) -> str | None:
    """WhatsApp's type of a message; one without is what its only content is."""
    contents = message.keys() - _ENVELOPE
    return text(message.get("type")) or (len(contents) == 1 and contents.pop()) or None


def _shown(message: dict, kind: str) -> dict:
    """Return where the content stands: an edit holds the new message."""
    if kind != "edit":
        return message
    edit = dict_(message.get("edit"))
    return dict_(edit.get("message")) or edit


def _readable(content: dict, kind: str) -> tuple[str | None, str | None]:
    """Return what there is to read, and the id of what was tapped."""
    if kind == "text":
        return text(content.get("body")), None
    if kind == "button":
        payload = text(content.get("payload"))
        return text(content.get("text")) or payload, payload
    if kind == "interactive":
        reply = dict_(content.get(text(content.get("type")) or ""))
        tapped, offer = text(reply.get("id")), dict_(content.get("body"))
        told = reply.get("title") or reply.get("body") or offer.get("text")
        return text(told) or tapped, tapped
    if kind == "reaction":
        return text(content.get("emoji")) or "", None
    if kind == "order":
        return text(content.get("text")), None
    return text(content.get("caption")), None


def _context_id(message: dict, kind: str) -> str | None:
    """Return which other message it is about."""
    about = dict_(message.get(kind if kind in _TARGETS else "context"))
    found = (text(about.get(key)) for key in _TARGETS.get(kind, ("id",)))
    return next((one for one in found if one and one != message.get("id")), None)


def _product_id(message: dict) -> str | None:
    product = dict_(dict_(message.get("context")).get("referred_product"))
    return scalar(product.get("product_retailer_id"))


def _is_forwarded(message: dict) -> bool:
    context = dict_(message.get("context"))
    return flag(context.get("forwarded")) or flag(context.get("frequently_forwarded"))


def _sender(value: dict, item: dict) -> Sender:
    """Say who wrote or called, with what the contacts add; raises ``Unusable``."""
    return person(value, item, "from", "from_user_id")


def person(value: dict, item: dict, phone_key: str, user_key: str) -> Sender:
    """Say who is named by two members of ``item``; raises ``Unusable``.

    The clinic's own number is nobody that it talks to.
    """
    wa_id, user_id = ids(item, phone_key, user_key)
    if is_own_number(value, wa_id):
        raise Unusable("the clinic's own number")
    contact = contact_of(value, wa_id, user_id)
    contact_wa_id, contact_user_id = ids(contact, "wa_id", "user_id")
    sender = Sender(
        wa_id=wa_id or contact_wa_id,
        user_id=user_id or contact_user_id,
        parent_user_id=text(item.get("from_parent_user_id"))
        or text(contact.get("parent_user_id")),
        username=name(dict_(contact.get("profile")).get("username")),
        profile_name=name(dict_(contact.get("profile")).get("name")),
    )
    if not sender.wa_id and not sender.user_id:
        raise Unusable("no sender")
    return sender


def _system_news(value: dict, message: dict) -> NumberChanged | SystemNotice:
    system = dict_(message.get("system"))
    kind = text(system.get("type")) or ""
    if kind in _NUMBER_CHANGES:
        return _number_changed(value, message, system, kind)
    return SystemNotice(
        phone_number_id=phone_number_id(value),
        message_id=required(message, "id"),
        timestamp=required_time(message),
        sender=_sender(value, message),
        kind=kind,
        text=text(system.get("body")) or "",
    )


def _number_changed(
    value: dict, message: dict, system: dict, kind: str
) -> NumberChanged:
    old_wa_id, from_user_id = ids(message, "from", "from_user_id")
    new_wa_id, _user_id = ids(system, "wa_id", "user_id")
    old_user_id, new_user_id = _user_ids(system, from_user_id)
    return NumberChanged(
        phone_number_id=phone_number_id(value),
        old_wa_id=old_wa_id,
        new_wa_id=new_wa_id or ids(system, "new_wa_id", "user_id")[0],
        old_user_id=old_user_id,
        new_user_id=new_user_id,
        message_id=required(message, "id"),
        timestamp=required_time(message),
        is_new_number=kind in _NEW_NUMBER,
        old_parent_user_id=text(system.get("previous_parent_user_id"))
        or text(message.get("from_parent_user_id")),
        new_parent_user_id=text(system.get("parent_user_id")),
    )


def _user_ids(system: dict, from_user_id: str | None) -> tuple[str | None, str | None]:
    """Return the user id that was and the one that is.

    Where the members are missing, they stand in the words: "… from ID to ID".
    """
    told = user_ids_in(text(system.get("body")) or "")
    new = text(system.get("user_id")) or (told[-1] if len(told) > 1 else None)
    former = [text(system.get("previous_user_id")), *reversed(told), from_user_id]
    return next((one for one in former if one and one != new), None), new


def user_id_update(value: dict, update: dict) -> NumberChanged:
    """Read one of ``user_id_update``; raises ``Unusable``.

    Sources disagree whether this field exists, and none shows its shape: the ids may be
    named as in a system message or stand together.
    """
    old, new = _change(update, "user_id")
    if not old or not new:
        raise Unusable("no user ids")
    wa_id, _user_id = ids(update, "wa_id", "user_id")
    old_parent, new_parent = _change(update, "parent_user_id")
    return NumberChanged(
        phone_number_id=phone_number_id(value),
        old_wa_id=wa_id,
        new_wa_id=None,
        old_user_id=old,
        new_user_id=new,
        message_id="",
        timestamp=required_time(update),
        is_new_number=False,
        old_parent_user_id=old_parent,
        new_parent_user_id=new_parent,
    )


def _change(update: dict, key: str) -> tuple[str | None, str | None]:
    """Return what an id was and what it is."""
    together = dict_(update.get(key))
    old = text(together.get("previous")) or text(update.get(f"previous_{key}"))
    return old, text(together.get("current")) or text(update.get(key))


def status(value: dict, status: dict) -> StatusUpdate:
    """Read one of ``statuses``; raises ``Unusable``."""
    if status.get("status") not in _STATUSES:
        raise Unusable("unknown status")
    wa_id, user_id = ids(status, "recipient_id", "recipient_user_id")
    contact = contact_of(value, wa_id, user_id)
    contact_wa_id, contact_user_id = ids(contact, "wa_id", "user_id")
    return StatusUpdate(
        phone_number_id=phone_number_id(value),
        message_id=required(status, "id"),
        status=status["status"],
        timestamp=required_time(status),
        recipient_wa_id=wa_id or contact_wa_id,
        recipient_user_id=user_id or contact_user_id,
        callback_data=text(status.get("biz_opaque_callback_data")),
        errors=event_errors(status),
        pricing=dict_(status.get("pricing")) or None,
        recipient_parent_user_id=text(status.get("recipient_parent_user_id"))
        or text(contact.get("parent_user_id")),
    )


def user_preference(value: dict, preference: dict) -> UserPreference:
    """Read one of ``user_preferences``; raises ``Unusable``."""
    if preference.get("value") not in _PREFERENCES:
        raise Unusable("unknown preference")
    wa_id, user_id = ids(preference, "wa_id", "user_id")
    if not wa_id and not user_id:
        wa_id, user_id = ids(contact_of(value, None, None), "wa_id", "user_id")
    if not wa_id and not user_id:
        raise Unusable("nobody named")
    return UserPreference(
        phone_number_id=scalar(dict_(value.get("metadata")).get("phone_number_id")),
        wa_id=wa_id,
        user_id=user_id,
        category=text(preference.get("category")) or "",
        value=preference["value"],
        timestamp=required_time(preference),
        detail=text(preference.get("detail")),
        signup_id=scalar(preference.get("signup_id")),
    )


def call(value: dict, call: dict) -> InboundCall:
    """Read one of ``calls``; raises ``Unusable`` also for those of the clinic."""
    if not _is_from_patient(value, call):
        raise Unusable("call of the clinic")
    return InboundCall(
        phone_number_id=phone_number_id(value),
        call_id=required(call, "id"),
        timestamp=time(call.get("timestamp")),
        sender=_sender(value, call),
        event=text(call.get("event")),
        raw=call,
        was_answered=(text(call.get("status")) or "").upper() == "COMPLETED",
    )


def _is_from_patient(value: dict, call: dict) -> bool:
    """Whether a patient called; Meta does not name the direction on every event."""
    direction = text(call.get("direction"))
    if direction:
        return direction.upper() == "USER_INITIATED"
    return not is_own_number(value, digits(call.get("from")))
