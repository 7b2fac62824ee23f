"""What a business reads about its accounts, numbers and templates."""

from __future__ import annotations

import json
import zlib
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..account import BusinessAccount
from ..phone_number import country_code
from ..sandbox import Sandbox
from ..template import Template
from ..world import COUNTRIES, Number
from . import health, subscriptions
from .authorization import calling
from .errors import GraphError, invalid
from .fields import BUSINESS_NODE, NUMBER_NODE, TEMPLATE_NODE, parts, pick
from .paging import page

STANDARD_THROUGHPUT = 80
NUMBER_FIELDS = (
    "verified_name,code_verification_status,display_phone_number,quality_rating,"
    "platform_type,throughput,id"
)
BUSINESS_FIELDS = "id,name,timezone_id,message_template_namespace"
TEMPLATE_FIELDS = "name,parameter_format,components,language,status,category,id"
SAMPLES = "https://scontent.whatsapp.net/v/t61.29466-34/"
# Filters that take one value or several, and one that takes a part of a text.
LIST_FILTERS = ("name", "language", "status", "category", "quality_score")
TEXT_FILTERS = ("content", "name_or_content")


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
        "quality_score": {"score": number.quality_rating},
        "country_code": COUNTRIES.get(country_code(number.wa_id), "ZZ"),
        "country_dial_code": country_code(number.wa_id),
        "code_verification_status": number.code_verification_status,
        "name_status": number.name_status,
        "platform_type": "CLOUD_API" if registered else "NOT_APPLICABLE",
        "throughput": {"level": level},
        "account_mode": "SANDBOX" if number.allowed_recipients else "LIVE",
        "is_pin_enabled": number.pin is not None,
        "is_on_biz_app": number.coexistence,
        "is_official_business_account": False,
        "whatsapp_business_manager_messaging_limit": one.portfolio.tier,
        "messaging_limit_tier": one.portfolio.tier,
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
        "status": "ACTIVE",
        "ownership_type": "SELF",
        "owner_business_info": {"id": business.portfolio_id, "name": business.name},
        "is_enabled_for_insights": False,
        "is_shared_with_partners": False,
        "subscribed_apps": subscriptions.of_business(sandbox, business),
        "phone_numbers": {"data": numbers_of(sandbox, business)},
        "whatsapp_business_manager_messaging_limit": sandbox.world.portfolios[
            business.portfolio_id
        ].tier,
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


def check_fields(request: Request, fields: str) -> None:
    """One field that the token may not read fails the whole call (10)."""
    hidden = getattr(calling(request), "hidden_fields", ())
    for name in hidden:
        if name in (part.partition("{")[0] for part in parts(fields)):
            raise GraphError(
                10, message=f"(#10) Application may not read the field {name}"
            )


async def number(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    fields = request.query_params.get("fields", NUMBER_FIELDS)
    check_fields(request, fields)
    return JSONResponse(pick(number_record(sandbox, number), fields, NUMBER_NODE))


async def business(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    fields = request.query_params.get("fields", BUSINESS_FIELDS)
    check_fields(request, fields)
    record = business_record(sandbox, business)
    if "message_templates" in fields:
        templates = sandbox.world.templates[business.id].values()
        listed_ones = [template_record(sandbox, one) for one in templates]
        record["message_templates"] = {"data": listed_ones}
    return JSONResponse(pick(record, fields, BUSINESS_NODE))


async def template(
    sandbox: Sandbox, request: Request, template: Template
) -> JSONResponse:
    fields = request.query_params.get("fields", TEMPLATE_FIELDS)
    record = template_record(sandbox, template)
    return JSONResponse(pick(record, fields, TEMPLATE_NODE))


async def phone_numbers(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    fields = request.query_params.get("fields", NUMBER_FIELDS)
    records = [
        pick(record, fields, NUMBER_NODE) for record in numbers_of(sandbox, business)
    ]
    return JSONResponse(page(records, request))


def numbers_of(sandbox: Sandbox, business: BusinessAccount) -> list[dict[str, Any]]:
    return [
        number_record(sandbox, sandbox.world.numbers[one.id])
        for one in business.phone_numbers
    ]


async def message_templates(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    fields = request.query_params.get("fields", TEMPLATE_FIELDS)
    templates = sandbox.world.templates[business.id].values()
    records = [
        pick(template_record(sandbox, one), fields, TEMPLATE_NODE)
        for one in templates
        if is_wanted(one, request)
    ]
    answer = page(
        records,
        request,
        message_template_count=len(templates),
        message_template_limit=business.template_limit,
        are_translations_complete=True,
    )
    return JSONResponse(answer)


def is_wanted(template: Template, request: Request) -> bool:
    """Whether every filter of the call lets ``template`` through."""
    query = request.query_params
    values = {
        "name": template.name,
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "quality_score": template.score,
    }
    texts = {
        "content": template.texts,
        "name_or_content": [template.name, *template.texts],
    }
    return all(
        values[key] in listed(query[key]) for key in LIST_FILTERS if key in query
    ) and all(
        any(query[key].casefold() in one.casefold() for one in texts[key])
        for key in TEXT_FILTERS
        if key in query
    )


def listed(value: str) -> list[str]:
    """The values of a filter: ``A``, ``A,B`` or ``["A", "B"]``."""
    if not value.startswith("["):
        return value.split(",")
    try:
        return list(map(str, json.loads(value)))
    except ValueError as error:
        raise invalid("The filter is not a valid list") from error
