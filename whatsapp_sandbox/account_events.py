"""Webhook contents about accounts and numbers, in Meta's shapes. Pure."""

from __future__ import annotations

from typing import Any

from .account import PhoneNumber
from .portfolio import Portfolio

UNLIMITED = -1
PHONE_NUMBERS_PER_PORTFOLIO = 20


def change(field: str, value: dict[str, Any]) -> dict[str, Any]:
    """``value`` without what is None."""
    told = {key: one for key, one in value.items() if one is not None}
    return {"field": field, "value": told}


def capability(portfolio: Portfolio, as_tier: bool) -> dict[str, Any]:
    """The portfolio's messaging limit, as a number (-1 unlimited) or as TIER_*.

    Meta types it a number and describes it as TIER_*.
    """
    limit = portfolio.tier if as_tier else portfolio.messaging_limit or UNLIMITED
    value = {
        "max_daily_conversations_per_business": limit,
        "max_phone_numbers_per_business": PHONE_NUMBERS_PER_PORTFOLIO,
    }
    return change("business_capability_update", value)


def quality(number: PhoneNumber, event: str, tier: str) -> dict[str, Any]:
    value = {
        "display_phone_number": number.wa_id,
        "event": event,
        "max_daily_conversations_per_business": tier,
    }
    return change("phone_number_quality_update", value)


def name(
    number: PhoneNumber, decision: str, wanted: str, rejection_reason: str | None
) -> dict[str, Any]:
    value = {
        "display_phone_number": number.wa_id,
        "decision": decision,
        "requested_verified_name": wanted,
        "rejection_reason": rejection_reason,
    }
    return change("phone_number_name_update", value)


def security(number: PhoneNumber, event: str, requester: str | None) -> dict[str, Any]:
    value = {
        "display_phone_number": number.wa_id,
        "event": event,
        "requester": requester,
    }
    return change("security", value)


def alert(entity_type: str, entity_id: str, info: dict[str, Any]) -> dict[str, Any]:
    value = {"entity_type": entity_type, "entity_id": entity_id, "alert_info": info}
    return change("account_alerts", value)
