"""What WhatsApp reports, as events of the house.

News that only WhatsApp has (echoes and history of its app, its own agent, templates,
account) pass as they are: `inbound.py` of this room handles them.
"""

from ...cloud_api import webhooks
from ..provider import events
from .content import content_of, kind_of, raw_of

STATES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}


def neutral(event):
    """An event of `cloud_api.webhooks` as one of `provider.events`, or as it is."""
    convert = _CONVERTERS.get(type(event))
    return convert(event) if convert else event


def person(sender: webhooks.Sender) -> events.Person:
    return events.Person(
        sender.wa_id, sender.user_id, sender.username, sender.profile_name
    )


def message(told: webhooks.InboundMessage) -> events.Message:
    return events.Message(
        external_id=told.phone_number_id,
        remote_id=told.message_id,
        at=told.timestamp,
        sender=person(told.sender),
        kind=kind_of(told),
        text=told.text,
        payload=told.payload,
        about=told.context_id,
        file=told.media and _file(told.media),
        content=content_of(told),
        raw=raw_of(told),
        own_number=_own_number(told.contacts) if told.contacts else None,
        is_standby=told.is_standby,
    )


def _file(media: webhooks.Media) -> events.File:
    return events.File(
        media.id, media.mime_type, media.sha256, media.url, media.filename
    )


def _own_number(cards: tuple[webhooks.ContactCard, ...]) -> str | None:
    """The sender's own number, where the clinic asked for it; None if it is unclear."""
    numbers = [
        wa_id
        for card in cards
        for _phone, wa_id in card.phones
        if card.is_own and wa_id and wa_id.isdigit()
    ]
    return numbers[0] if len(numbers) == 1 else None


def _call(told: webhooks.InboundCall) -> events.Call:
    return events.Call(
        told.phone_number_id,
        told.call_id,
        told.timestamp,
        person(told.sender),
        told.was_answered,
    )


def _status(told: webhooks.StatusUpdate) -> events.Status:
    recipient = None
    if told.recipient_wa_id and told.recipient_user_id:
        recipient = events.Person(told.recipient_wa_id, told.recipient_user_id)
    error = told.errors[0] if told.errors else None
    return events.Status(
        external_id=told.phone_number_id,
        remote_id=told.message_id,
        state=STATES[told.status],
        at=told.timestamp,
        correlation=told.callback_data or "",
        failure=error and events.Failure(error.code, error.title),
        recipient=recipient,
        price=None if told.pricing is None else _price(told.pricing),
    )


def _price(told: dict) -> events.Price:
    """Whether it is billed is in `type`; `billable` is on its way out.

    (Cloud API, status webhooks)
    """
    kind, billable = told.get("type"), told.get("billable")
    is_billable = billable if isinstance(billable, bool) else None
    if isinstance(kind, str) and (kind == "regular" or kind.startswith("free")):
        is_billable = kind == "regular"
    return events.Price(told, told.get("category"), kind, is_billable)


def _address_changed(told: webhooks.NumberChanged) -> events.AddressChanged:
    return events.AddressChanged(
        external_id=told.phone_number_id,
        remote_id=told.message_id,
        at=told.timestamp,
        former=events.Person(told.old_wa_id, told.old_user_id),
        is_new_number=told.is_new_number,
        new_wa_id=told.new_wa_id,
        new_user_id=told.new_user_id,
    )


def _notice(told: webhooks.SystemNotice) -> events.Notice:
    return events.Notice(
        told.phone_number_id,
        told.message_id,
        told.timestamp,
        person(told.sender),
        told.kind,
        told.text,
    )


def _preference(told: webhooks.UserPreference):
    """A wish that names no number of ours is said to all of the account."""
    if told.phone_number_id is None:
        return told
    return advertising_choice(told, told.phone_number_id)


def advertising_choice(
    told: webhooks.UserPreference, external_id: str
) -> events.AdvertisingChoice:
    """What a patient chose, as said to one of the clinic's numbers."""
    return events.AdvertisingChoice(
        external_id,
        told.timestamp,
        events.Person(told.wa_id, told.user_id),
        is_stop=told.value == "stop",
        evidence=f"WhatsApp user_preferences: {told.value}",
    )


def _unrecognised(told: webhooks.Unrecognised) -> events.Unrecognised:
    return events.Unrecognised(told.field, told.raw, told.why)


_CONVERTERS = {
    webhooks.InboundMessage: message,
    webhooks.InboundCall: _call,
    webhooks.StatusUpdate: _status,
    webhooks.NumberChanged: _address_changed,
    webhooks.SystemNotice: _notice,
    webhooks.UserPreference: _preference,
    webhooks.Unrecognised: _unrecognised,
}
