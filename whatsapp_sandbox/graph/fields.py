"""``fields`` and ``summary`` of a call, and which fields Meta has and the sandbox not.

The Graph API leaves out what has no value, and refuses what no node of that type has.
So does the sandbox: what it knows is answered, what only Meta knows is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..account import BusinessAccount
from ..template import Template
from ..world import Number
from .errors import invalid, unknown_field
from .not_emulated import EDGES, not_emulated

NUMBER_NODE = "WhatsAppBusinessPhoneNumber"
BUSINESS_NODE = "WhatsAppBusinessAccount"
TEMPLATE_NODE = "WhatsAppBusinessHSM"
PROFILE_NODE = "WhatsAppBusinessProfile"
# Fields of Meta's nodes that have no value here (Meta's OpenAPI file and SDKs).
WITHOUT_VALUE = {
    NUMBER_NODE: {
        "certificate",
        "conversational_automation",
        "eligibility_for_api_business_global_search",
        "is_preverified_number",
        "last_onboarded_time",
        "new_certificate",
        "new_display_name",
        "new_name_status",
        "official_business_account",
        "search_visibility",
        "unified_cert_status",
        "username",
    },
    BUSINESS_NODE: {
        "analytics",
        "auth_international_rate_eligibility",
        "creation_time",
        "disable_marketing_messages_on_cloud_api",
        "linked_commerce_account",
        "marketing_messages_ad_account",
        "marketing_messages_lite_api_status",
        "marketing_messages_onboarding_status",
        "on_behalf_of_business_info",
        "owner_business",
        "primary_business_location",
        "primary_funding_id",
        "purchase_order_number",
        "template_auto_archival_enabled",
    },
    TEMPLATE_NODE: {
        "bid_spec",
        "correct_category",
        "creative_sourcing_spec",
        "cta_url_link_tracking_opted_out",
        "degrees_of_freedom_spec",
        "display_format",
        "is_primary_device_delivery_only",
        "last_updated_time",
        "library_template_name",
        "previous_category",
        "rejection_info",
        "source",
        "specific_rejection_reason",
        "sub_category",
    },
    PROFILE_NODE: {
        "about",
        "address",
        "description",
        "email",
        "id",
        "profile_picture_url",
        "websites",
    },
}
# An edge may be asked for as a field.
EDGES_AS_FIELDS = {
    NUMBER_NODE: EDGES[Number],
    BUSINESS_NODE: EDGES[BusinessAccount],
    TEMPLATE_NODE: EDGES[Template],
    PROFILE_NODE: set(),
}
LIMIT = re.compile(r"\.limit\((\d+)\)")
FIELD = re.compile(r"(\w+)((?:\.\w+\([^)]*\))*)(?:\{(.*)\})?", re.DOTALL)
FLAGS = ("true", "1")


def pick(record: dict[str, Any], fields: str, node: str) -> dict[str, Any]:
    """What ``fields`` asks for of ``record``; ``id`` always comes along.

    ``fields`` are names with commas between, each with those of its own in braces.
    """
    found: dict[str, Any] = {}
    for part in parts(fields):
        field = FIELD.fullmatch(part)
        if field is None:
            raise invalid(f"Syntax error in fields at {part!r}")
        name, modifiers, inner = field.groups()
        if name in record:
            found[name] = limited(narrowed(record[name], inner), modifiers)
        elif name in EDGES_AS_FIELDS[node] - WITHOUT_VALUE[node]:
            raise not_emulated(f"the edge {name}")
        elif name not in WITHOUT_VALUE[node]:
            raise unknown_field(name, node)
    return {**found, "id": record["id"]} if "id" in record else found


def parts(fields: str) -> Iterator[str]:
    """The texts between the commas that stand in no braces."""
    depth, start = 0, 0
    for position, letter in enumerate(fields):
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and depth == 0:
            yield from filled(fields[start:position])
            start = position + 1
    yield from filled(fields[start:])


def filled(part: str) -> Iterator[str]:
    if part.strip():
        yield part.strip()


def narrowed(value: Any, fields: str | None) -> Any:
    """Of an object, or of each object of an edge, only ``fields``, if there are any."""
    if fields is None or not isinstance(value, dict):
        return value
    if "data" in value:
        return {"data": [narrowed(one, fields) for one in value["data"]]}
    names = {part.partition("{")[0] for part in parts(fields)} | {"id"}
    return {name: one for name, one in value.items() if name in names}


def limited(value: Any, modifiers: str) -> Any:
    """Of an edge, as many objects as ``.limit(…)`` says."""
    limit = LIMIT.search(modifiers)
    if limit is None or not isinstance(value, dict) or "data" not in value:
        return value
    return {**value, "data": value["data"][: int(limit[1])]}


def summary(query: str | None, known: dict[str, Any]) -> dict[str, Any]:
    """What the ``summary`` of an edge asks for of ``known``; "true" for the count."""
    if query is None:
        return {}
    names = [name for name in query.strip("[]").split(",") if name]
    if query in FLAGS:
        names = ["total_count"]
    for name in names:
        if name not in known:
            raise invalid(f"{name} is not part of a summary")
    return {"summary": {name: known[name] for name in names}}
