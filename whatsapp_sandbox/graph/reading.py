"""What a business reads about its accounts, numbers and templates."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..account import BusinessAccount
from ..sandbox import Sandbox
from ..template import Template
from ..world import Number
from . import health
from .errors import invalid, unknown_field

PAGE_SIZE = 25
STANDARD_THROUGHPUT = 80
NUMBER_NODE = "WhatsAppBusinessPhoneNumber"
LARGEST_PAGE = 1000
NUMBER_FIELDS = (
    "verified_name,code_verification_status,display_phone_number,quality_rating,"
    "platform_type,throughput,id"
)
BUSINESS_FIELDS = "id,name,timezone_id,message_template_namespace"
TEMPLATE_FIELDS = "name,parameter_format,components,language,status,category,id"
SAMPLES = "https://scontent.whatsapp.net/v/t61.29466-34/"
TEMPLATE_FILTERS = ("name", "language", "status", "category")


def number_record(sandbox: Sandbox, one: Number) -> dict[str, Any]:
    number = one.number
    registered = number.status == "CONNECTED"
    level = "HIGH" if number.messages_per_second > STANDARD_THROUGHPUT else "STANDARD"
    return {
        "id": number.id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "status": number.status,
        "quality_rating": number.quality_rating,
        "code_verification_status": number.code_verification_status,
        "name_status": number.name_status,
        "platform_type": "CLOUD_API" if registered else "NOT_APPLICABLE",
        "throughput": {"level": level},
        "account_mode": "SANDBOX" if number.allowed_recipients else "LIVE",
        "is_pin_enabled": number.pin is not None,
        "is_on_biz_app": number.coexistence,
        "is_official_business_account": False,
        "whatsapp_business_manager_messaging_limit": one.portfolio.tier,
        "webhook_configuration": {},
        "health_status": health.of_number(sandbox, one),
    }


def business_record(sandbox: Sandbox, business: BusinessAccount) -> dict[str, Any]:
    return {
        "id": business.id,
        "name": business.name,
        "currency": "TRY",
        "timezone_id": "134",
        "country": "TR",
        "business_verification_status": business.business_verification_status,
        "account_review_status": business.account_review_status,
        "message_template_namespace": f"namespace_{business.id}",
        "health_status": health.of_business(sandbox, business),
    }


def template_record(sandbox: Sandbox, template: Template) -> dict[str, Any]:
    unrated = {"score": "UNKNOWN", "date": 0}
    return {
        "parameter_format": "POSITIONAL",
        "quality_score": unrated,
        "rejected_reason": "NONE",
        "message_send_ttl_seconds": -1,
        **template.definition,
        "components": with_addresses(template.definition["components"]),
        "health_status": health.of_template(sandbox, template),
    }


def with_addresses(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sample files are told as addresses, not as the handles they came with."""
    return list(map(with_address, components))


def with_address(component: dict[str, Any]) -> dict[str, Any]:
    if "cards" in component:
        cards = [
            {**card, "components": with_addresses(card["components"])}
            for card in component["cards"]
        ]
        return {**component, "cards": cards}
    handles = component.get("example", {}).get("header_handle")
    if not handles:
        return component
    urls = [f"{SAMPLES}{zlib.crc32(str(one).encode())}.bin" for one in handles]
    return {**component, "example": {"header_handle": urls}}


def pick(record: dict[str, Any], fields: str, node: str) -> dict[str, Any]:
    """The fields asked for; ``id`` always comes along."""
    names = [name for name in fields.split(",") if name]
    for name in names:
        if name not in record:
            raise unknown_field(name, node)
    return {name: record[name] for name in dict.fromkeys([*names, "id"])}


async def number(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    fields = request.query_params.get("fields", NUMBER_FIELDS)
    return JSONResponse(pick(number_record(sandbox, number), fields, NUMBER_NODE))


async def business(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    fields = request.query_params.get("fields", BUSINESS_FIELDS)
    record = business_record(sandbox, business)
    return JSONResponse(pick(record, fields, "WhatsAppBusinessAccount"))


async def template(
    sandbox: Sandbox, request: Request, template: Template
) -> JSONResponse:
    fields = request.query_params.get("fields", TEMPLATE_FIELDS)
    return JSONResponse(
        pick(template_record(sandbox, template), fields, "MessageTemplate")
    )


async def phone_numbers(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    fields = request.query_params.get("fields", NUMBER_FIELDS)
    records = [
        pick(number_record(sandbox, sandbox.world.numbers[one.id]), fields, NUMBER_NODE)
        for one in business.phone_numbers
    ]
    return JSONResponse(page(records, request))


async def message_templates(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    query = request.query_params
    fields = query.get("fields", TEMPLATE_FIELDS)
    wanted = {key: query[key] for key in TEMPLATE_FILTERS if key in query}
    records = [
        pick(template_record(sandbox, one), fields, "MessageTemplate")
        for one in sandbox.world.templates[business.id].values()
        if all(getattr(one, key) == value for key, value in wanted.items())
    ]
    return JSONResponse(page(records, request))


def page(records: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    """One page with cursors; ``paging.next`` is absent on the last page."""
    try:
        limit = int(request.query_params.get("limit", PAGE_SIZE))
    except ValueError as error:
        raise invalid("limit must be a number") from error
    limit = min(max(limit, 1), LARGEST_PAGE)
    start = position(request.query_params.get("after"))
    part = records[start : start + limit]
    answer: dict[str, Any] = {"data": part}
    if not part:
        return answer
    end = start + len(part)
    answer["paging"] = {"cursors": {"before": cursor(start), "after": cursor(end)}}
    if end < len(records):
        query = {**request.query_params, "limit": limit, "after": cursor(end)}
        answer["paging"]["next"] = f"{request.url.replace(query=urlencode(query))}"
    return answer


def cursor(position: int) -> str:
    return base64.urlsafe_b64encode(b"QVFI%d" % position).decode()


def position(after: str | None) -> int:
    if not after:
        return 0
    try:
        return int(base64.urlsafe_b64decode(after).removeprefix(b"QVFI"))
    except (ValueError, binascii.Error) as error:
        raise invalid("Invalid cursors values") from error
