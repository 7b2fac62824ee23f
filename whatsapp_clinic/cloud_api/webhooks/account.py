"""News of the account and its numbers (Cloud API, account webhooks)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from .errors import EventError, event_errors
from .reading import dict_, dicts, scalar, text, time


@dataclass(frozen=True)
class Restriction:
    """What the account may not do; ``until`` in UTC, None without an end."""

    kind: str
    until: datetime | None


@dataclass(frozen=True)
class AccountEvent:
    """``account_update``: ``event`` is ACCOUNT_RESTRICTION, DISABLED_UPDATE, ….

    It is "" where WhatsApp tells of a ban, a violation or a restriction only.
    ``ban_state`` is DISABLE, REINSTATE or SCHEDULE_FOR_DISABLE; ``ban_date`` is Meta's
    own words.
    """

    event: str
    restrictions: tuple[Restriction, ...]
    violation: str | None
    ban_state: str | None
    ban_date: str | None


@dataclass(frozen=True)
class Alert:
    """``account_alerts``: ``severity`` is CRITICAL, WARNING or INFORMATIONAL."""

    kind: str
    severity: str | None
    is_active: bool
    description: str | None
    entity_type: str | None
    entity_id: str | None


@dataclass(frozen=True)
class Decision:
    """``phone_number_name_update`` or ``account_review_update``.

    ``decision`` is APPROVED, REJECTED, PENDING or DEFERRED; the rest is about a name.
    """

    decision: str
    display_phone_number: str | None
    name: str | None
    reason: str | None


@dataclass(frozen=True)
class NumberQuality:
    """``phone_number_quality_update``; ``messaging_limit`` as in ``Capability``."""

    event: str
    display_phone_number: str | None
    messaging_limit: str | None


@dataclass(frozen=True)
class Capability:
    """``business_capability_update``: patients a day outside their windows.

    ``messaging_limit`` is TIER_*, a number, or -1 for unlimited, always as text.
    """

    messaging_limit: str | None


@dataclass(frozen=True)
class SecurityEvent:
    """``security``: PIN_CHANGED, PIN_RESET_REQUEST or PIN_RESET_SUCCESS."""

    event: str
    display_phone_number: str | None
    requester: str | None = field(repr=False)


@dataclass(frozen=True)
class Trouble:
    """``errors``: what goes wrong with the app or a number but with no message."""

    phone_number_id: str | None
    errors: tuple[EventError, ...]


AccountDetail = (
    AccountEvent
    | Alert
    | Decision
    | NumberQuality
    | Capability
    | SecurityEvent
    | Trouble
)


def account_detail(name: str, value: dict) -> AccountDetail | None:
    """Return what can be understood of a field's value; None for nothing."""
    read = _READERS.get(name)
    return read(value) if read else None


def _account_event(value: dict) -> AccountEvent | None:
    if not value.keys() & {"event", "ban_info", "violation_info", "restriction_info"}:
        return None
    ban = dict_(value.get("ban_info"))
    return AccountEvent(
        event=text(value.get("event")) or "",
        restrictions=tuple(
            Restriction(one["restriction_type"], time(one.get("expiration")))
            for one in dicts(value.get("restriction_info"))
            if isinstance(one.get("restriction_type"), str)
        ),
        violation=text(dict_(value.get("violation_info")).get("violation_type")),
        ban_state=_first_text(ban.get("waba_ban_state")),
        ban_date=_first_text(ban.get("waba_ban_date")),
    )


def _alert(value: dict) -> Alert | None:
    """Meta's older samples have no ``alert_info`` around what it is about."""
    info = dict_(value.get("alert_info")) or value
    kind = text(info.get("alert_type"))
    if not kind:
        return None
    return Alert(
        kind=kind,
        severity=text(info.get("alert_severity")),
        is_active=info.get("alert_status") != "NONE",
        description=text(info.get("alert_description")),
        entity_type=text(value.get("entity_type")),
        entity_id=scalar(value.get("entity_id")),
    )


def _decision(value: dict) -> Decision | None:
    decision = text(value.get("decision"))
    if not decision:
        return None
    return Decision(
        decision=decision,
        display_phone_number=scalar(value.get("display_phone_number")),
        name=text(value.get("requested_verified_name")),
        reason=text(value.get("rejection_reason")),
    )


def _number_quality(value: dict) -> NumberQuality | None:
    event = text(value.get("event"))
    if not event:
        return None
    return NumberQuality(
        event=event,
        display_phone_number=scalar(value.get("display_phone_number")),
        messaging_limit=_messaging_limit(value) or scalar(value.get("current_limit")),
    )


def _capability(value: dict) -> Capability | None:
    limit = _messaging_limit(value)
    return Capability(limit) if limit else None


def _security_event(value: dict) -> SecurityEvent | None:
    event = text(value.get("event"))
    if not event:
        return None
    return SecurityEvent(
        event=event,
        display_phone_number=scalar(value.get("display_phone_number")),
        requester=scalar(value.get("requester")),
    )


def _trouble(value: dict) -> Trouble:
    metadata = dict_(value.get("metadata"))
    return Trouble(scalar(metadata.get("phone_number_id")), event_errors(value))


def _messaging_limit(value: dict) -> str | None:
    return scalar(value.get("max_daily_conversations_per_business"))


def _first_text(value: object) -> str | None:
    """Meta shows the state of a ban as a text and as a list of one."""
    if isinstance(value, list):
        value = value[0] if value else None
    return text(value)


_READERS: dict[str, Callable[[dict], AccountDetail | None]] = {
    "account_update": _account_event,
    "account_alerts": _alert,
    "account_review_update": _decision,
    "phone_number_name_update": _decision,
    "phone_number_quality_update": _number_quality,
    "business_capability_update": _capability,
    "security": _security_event,
    "errors": _trouble,
}
ACCOUNT_FIELDS = frozenset(_READERS) - {"errors"} | {
    "account_settings_update",
    "business_username_updates",
    "payment_configuration_update",
}
