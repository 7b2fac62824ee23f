"""What a message costs: the pricing object of its statuses."""

from __future__ import annotations

import time
from typing import Any

from .sandbox import Sandbox
from .world import WINDOW_SECONDS, Message, Number, Patient

# From the answer to a patient who came by an ad (Cloud API, pricing).
ENTRY_POINT_SECONDS = 72 * 3600


def came_by_ad(sandbox: Sandbox, number: Number, patient: Patient) -> None:
    """An answer within a day opens a free entry point."""
    key = number.id, patient.wa_id
    sandbox.world.ad_clicks[key] = sandbox.clock.now()


def of(sandbox: Sandbox, message: Message) -> dict[str, Any]:
    """Pricing since 1 Oct 2026: some service messages free per number and month."""
    kind, category = "regular", message.content.category
    if is_free_entry_point(sandbox, message):
        kind, category = "free_entry_point", "referral_conversion"
    elif category == "service" and is_among_the_free(sandbox, message):
        kind = "free_customer_service"
    return {
        "billable": kind == "regular",
        "pricing_model": "PMP",
        "type": kind,
        "category": category,
    }


def is_free_entry_point(sandbox: Sandbox, message: Message) -> bool:
    """All categories are free in it; the window stays as long as it is."""
    world, now = sandbox.world, message.timestamp
    key = message.phone_number_id, message.patient.wa_id
    clicked_at = world.ad_clicks.get(key)
    if clicked_at is not None and now - clicked_at < WINDOW_SECONDS:
        del world.ad_clicks[key]
        world.free_until[key] = now + ENTRY_POINT_SECONDS
    return now < world.free_until.get(key, 0.0)


def is_among_the_free(sandbox: Sandbox, message: Message) -> bool:
    """Count a service message among those of its number and month (UTC)."""
    month = time.gmtime(message.timestamp)
    key = message.phone_number_id, month.tm_year * 12 + month.tm_mon
    counts = sandbox.world.service_messages
    counts[key] += 1
    return counts[key] <= sandbox.switches.free_service_messages
