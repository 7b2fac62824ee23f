"""The control API of phone numbers: what WhatsApp thinks of them, and tells."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import Field

from . import account_events, events
from .account import PIN_PATTERN, Health
from .account_control import apply, tell
from .control import Body, Here, known_number
from .graph.errors import webhook_error
from .sandbox import Sandbox
from .world import Number

router = APIRouter(prefix="/phone_numbers")


class NumberChange(Body):
    """What is absent stays as it is; ``business_account``: the number moves there."""

    status: str | None = None
    quality_rating: str | None = None
    code_verification_status: str | None = None
    name_status: str | None = None
    verified_name: str | None = None
    throughput: int | None = Field(default=None, gt=0)
    coexistence: bool | None = None
    onboarded_at: float | None = None
    shares_history: bool | None = None
    agent: bool | None = None
    pin: str | None = Field(default=None, pattern=PIN_PATTERN)
    allowed_recipients: list[str] | None = None
    health: Health | None = None
    business_account: str | None = None


class QualityBody(Body):
    """``tier`` absent: the portfolio's own."""

    event: Literal[
        "ONBOARDING",
        "THROUGHPUT_UPGRADE",
        "UPGRADE",
        "DOWNGRADE",
        "FLAGGED",
        "UNFLAGGED",
    ]
    quality_rating: Literal["GREEN", "YELLOW", "RED", "UNKNOWN"] | None = None
    tier: str | None = None


class NameBody(Body):
    decision: Literal["APPROVED", "DEFERRED", "PENDING", "REJECTED"]
    requested_verified_name: str
    rejection_reason: str | None = None


class SecurityBody(Body):
    event: Literal["PIN_CHANGED", "PIN_RESET_REQUEST", "PIN_RESET_SUCCESS"]
    requester: str | None = None


class ErrorBody(Body):
    code: int


NAME_STATUSES = {
    "APPROVED": "APPROVED",
    "DEFERRED": "PENDING_REVIEW",
    "PENDING": "PENDING_REVIEW",
    "REJECTED": "DECLINED",
}


async def number_of_path(sandbox: Here, number_id: str) -> Number:
    return known_number(sandbox, number_id)


Which = Annotated[Number, Depends(number_of_path)]


def record(sandbox: Sandbox, one: Number) -> dict[str, Any]:
    """The number; ``code`` is what a text message told the clinic."""
    return {
        **one.number.model_dump(),
        "business_account": one.business.id,
        "code": sandbox.world.registrations[one.id].code,
    }


@router.get("")
async def numbers(sandbox: Here) -> list[dict[str, Any]]:
    return [record(sandbox, one) for one in sandbox.world.numbers.values()]


@router.patch("/{number_id}")
async def change(sandbox: Here, number: Which, body: NumberChange) -> dict[str, Any]:
    business_id = body.business_account
    if business_id is not None:
        if business_id not in sandbox.world.businesses:
            raise HTTPException(404, "no such business account")
        sandbox.world.move(number, business_id)
        body.model_fields_set.discard("business_account")
    apply(body, number.number)
    return record(sandbox, number)


@router.post("/{number_id}/quality")
async def set_quality(
    sandbox: Here, number: Which, body: QualityBody
) -> dict[str, Any]:
    if body.quality_rating is not None:
        number.number.quality_rating = body.quality_rating
    tier = body.tier or number.portfolio.tier
    tell(
        sandbox,
        number.business,
        account_events.quality(number.number, body.event, tier),
    )
    return record(sandbox, number)


@router.post("/{number_id}/name")
async def decide_name(sandbox: Here, number: Which, body: NameBody) -> dict[str, Any]:
    own, wanted = number.number, body.requested_verified_name
    own.name_status = NAME_STATUSES[body.decision]
    if body.decision == "APPROVED":
        own.verified_name = wanted
    told = account_events.name(own, body.decision, wanted, body.rejection_reason)
    tell(sandbox, number.business, told)
    return record(sandbox, number)


@router.post("/{number_id}/security")
async def security(sandbox: Here, number: Which, body: SecurityBody) -> dict[str, Any]:
    told = account_events.security(number.number, body.event, body.requester)
    tell(sandbox, number.business, told)
    return record(sandbox, number)


@router.post("/{number_id}/errors")
async def send_error(sandbox: Here, number: Which, body: ErrorBody) -> dict[str, str]:
    """An error that belongs to no message."""
    told = events.failure(number.number, webhook_error(body.code))
    sandbox.tell(number.business, told)
    return {"status": "ok"}
