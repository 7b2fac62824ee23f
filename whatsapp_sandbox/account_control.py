"""The control API of what WhatsApp decides: limits, restrictions, tokens' lives."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import Field

from . import conversation
from .control import Body, Here
from .portfolio import Portfolio
from .sandbox import Sandbox

router = APIRouter()
EXPIRED = 463


class PortfolioChange(Body):
    messaging_limit: int | None = Field(ge=1)


class BusinessAccountChange(Body):
    restriction: int | None


class TokenChange(Body):
    """``subcode`` comes with the 190 of a token that is not valid."""

    valid: bool
    subcode: int | None = EXPIRED


def limit_record(sandbox: Sandbox, portfolio: Portfolio) -> dict[str, Any]:
    members = [
        business
        for business in sandbox.world.businesses.values()
        if business.portfolio_id == portfolio.id
    ]
    return {
        "portfolio": portfolio.id,
        "messaging_limit": portfolio.messaging_limit,
        "tier": portfolio.tier,
        "used": portfolio.used(sandbox.clock.now()),
        "business_accounts": [business.id for business in members],
        "phone_numbers": [
            number.id for business in members for number in business.phone_numbers
        ],
    }


@router.get("/limits")
async def limits(sandbox: Here) -> list[dict[str, Any]]:
    return [limit_record(sandbox, one) for one in sandbox.world.portfolios.values()]


@router.patch("/portfolios/{portfolio_id}")
async def change_portfolio(
    sandbox: Here, portfolio_id: str, body: PortfolioChange
) -> dict[str, Any]:
    portfolio = sandbox.world.portfolios.get(portfolio_id)
    if portfolio is None:
        raise HTTPException(404, "no such portfolio")
    portfolio.messaging_limit = body.messaging_limit
    conversation.tell_limit(sandbox, portfolio)
    return limit_record(sandbox, portfolio)


@router.patch("/business_accounts/{business_id}")
async def change_business_account(
    sandbox: Here, business_id: str, body: BusinessAccountChange
) -> dict[str, Any]:
    business = sandbox.world.businesses.get(business_id)
    if business is None:
        raise HTTPException(404, "no such business account")
    business.restriction = body.restriction
    return {"id": business.id, "restriction": business.restriction}


@router.patch("/tokens/{token}")
async def change_token(sandbox: Here, token: str, body: TokenChange) -> dict[str, bool]:
    """``token`` is the token itself or its position in the account file."""
    world = sandbox.world
    known = dict(enumerate(world.account.tokens))
    name = known.get(int(token)) if token.isdecimal() else token
    if name not in world.tokens:
        raise HTTPException(404, "no such token")
    if body.valid:
        world.dead_tokens.pop(name, None)
    else:
        world.dead_tokens[name] = body.subcode
    return {"valid": body.valid}
