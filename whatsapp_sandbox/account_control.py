"""The control API of what WhatsApp decides: limits, restrictions, tokens' lives."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import Field

from . import account_events
from .account import App, BusinessAccount, Health, Token
from .control import Body, Here
from .portfolio import Portfolio
from .sandbox import Sandbox
from .webhooks import WebhookRefused

router = APIRouter()


class PortfolioChange(Body):
    messaging_limit: int | None = Field(ge=1)


class BusinessAccountChange(Body):
    """What is absent stays as it is; the meanings are those of the account file."""

    restriction: int | None = None
    subscribed: bool | None = None
    app: str | None = None
    payment_method: bool | None = None
    template_limit: int | None = None
    account_review_status: str | None = None
    business_verification_status: str | None = None
    health: Health | None = None
    business_health: Health | None = None


class TokenChange(Body):
    """``subcode`` comes with the 190 of a token that is not valid."""

    valid: bool | None = None
    subcode: int | None = None
    app: str | None = None
    type: str | None = None
    expires_at: int | None = None
    scopes: list[str] | None = None
    business_accounts: list[str] | None = None
    hidden_fields: list[str] | None = None


class AppChange(Body):
    secret: str | None = None
    verify_token: str | None = None
    mode: str | None = None
    fields: list[str] | None = None
    callback_url: str | None = None
    require_proof: bool | None = None
    health: Health | None = None


class EventBody(Body):
    """A webhook field and its value, as they are to be sent."""

    field: str
    value: dict[str, Any]


class AlertBody(Body):
    """``entity_id`` absent: the account itself."""

    alert_type: str
    alert_severity: str = "WARNING"
    alert_status: str = "ACTIVE"
    alert_description: str = ""
    entity_type: str = "BUSINESS"
    entity_id: str | None = None


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
    told = account_events.capability(portfolio, sandbox.switches.capability_as_tier)
    for business in sandbox.world.businesses.values():
        if business.portfolio_id == portfolio.id:
            tell(sandbox, business, told)
    return limit_record(sandbox, portfolio)


def tell(sandbox: Sandbox, business: BusinessAccount, change: dict[str, Any]) -> None:
    """Send an event of the account: it has a time."""
    sandbox.tell(business, change, time=int(sandbox.clock.now()))


async def known_business(sandbox: Here, business_id: str) -> BusinessAccount:
    business = sandbox.world.businesses.get(business_id)
    if business is None:
        raise HTTPException(404, "no such business account")
    return business


Account = Annotated[BusinessAccount, Depends(known_business)]


def apply(change: Body, target: Any) -> None:
    for name in change.model_fields_set:
        setattr(target, name, getattr(change, name))


def check_app(sandbox: Sandbox, app_id: str | None) -> None:
    if app_id is not None and app_id not in sandbox.world.apps:
        raise HTTPException(404, "no such app")


@router.patch("/business_accounts/{business_id}")
async def change_business_account(
    sandbox: Here, business: Account, body: BusinessAccountChange
) -> dict[str, Any]:
    """Nobody is told; send ``account_update`` as an event where WhatsApp would."""
    check_app(sandbox, body.app)
    apply(body, business)
    return business.model_dump(exclude={"phone_numbers", "templates"})


@router.post("/business_accounts/{business_id}/events")
async def send_event(
    sandbox: Here, business: Account, body: EventBody
) -> dict[str, str]:
    tell(sandbox, business, {"field": body.field, "value": body.value})
    return {"status": "ok"}


@router.post("/business_accounts/{business_id}/alerts")
async def send_alert(
    sandbox: Here, business: Account, body: AlertBody
) -> dict[str, str]:
    info = body.model_dump(exclude={"entity_type", "entity_id"})
    entity_id = body.entity_id or business.id
    told = account_events.alert(body.entity_type, entity_id, info)
    tell(sandbox, business, told)
    return {"status": "ok"}


@router.patch("/tokens/{token}")
async def change_token(sandbox: Here, token: str, body: TokenChange) -> dict[str, Any]:
    """``token`` is the token itself or its position in the account file."""
    world = sandbox.world
    check_app(sandbox, body.app)
    found = token_at(world.account.tokens, token) or world.tokens.get(token)
    if found is None:
        raise HTTPException(404, "no such token")
    apply(body, found)
    return found.model_dump(exclude={"token"})


def token_at(tokens: list[Token], position: str) -> Token | None:
    at = int(position) if position.isdecimal() else len(tokens)
    return tokens[at] if at < len(tokens) else None


@router.get("/apps")
async def apps(sandbox: Here) -> list[App]:
    return list(sandbox.world.apps.values())


@router.patch("/apps/{app_id}")
async def change_app(sandbox: Here, app_id: str, body: AppChange) -> App:
    check_app(sandbox, app_id)
    if body.callback_url is not None:
        try:
            sandbox.webhooks.check_url(body.callback_url)
        except WebhookRefused as error:
            raise HTTPException(400, str(error)) from error
    app = sandbox.world.apps[app_id]
    apply(body, app)
    return app
