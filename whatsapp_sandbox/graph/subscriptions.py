"""Which app gets the webhooks of an account, and which fields go where."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..account import FIELDS, App, BusinessAccount
from ..sandbox import Sandbox
from ..webhooks import WebhookRefused
from .authorization import calling
from .body import content, whole
from .errors import GraphError, invalid, missing, not_one_of

OBJECT = "whatsapp_business_account"


async def subscribed_apps(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    return JSONResponse(of_business(sandbox, business))


def of_business(sandbox: Sandbox, business: BusinessAccount) -> dict[str, Any]:
    app = sandbox.world.app_of(business)
    link = "https://www.facebook.com/games/?app_id=" + app.id
    data = {"id": app.id, "name": app.name, "link": link}
    subscribed = [{"whatsapp_business_api_data": data}] if business.subscribed else []
    return {"data": subscribed}


async def subscribe(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    """The token's app gets the account's webhooks; without it none come."""
    if b"override_callback_uri" in await whole(request):
        raise invalid("the sandbox does not override callback urls")
    caller = calling(request)
    business.app = sandbox.world.app_of(caller).id
    business.subscribed = True
    return JSONResponse({"success": True})


async def unsubscribe(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    business.subscribed = False
    return JSONResponse({"success": True})


def check_is_app(sandbox: Sandbox, request: Request, app: App) -> None:
    """Only the app itself, by its own token, may see and set its subscriptions."""
    if calling(request) is not app:
        raise GraphError(15)


async def subscriptions(sandbox: Sandbox, request: Request, app: App) -> JSONResponse:
    check_is_app(sandbox, request, app)
    url = sandbox.webhooks.url_of(app)
    if url is None:
        return JSONResponse({"data": []})
    names = FIELDS if app.fields is None else app.fields
    version = sandbox.switches.webhook_version
    record = {
        "object": OBJECT,
        "callback_url": url,
        "active": True,
        "fields": [{"name": name, "version": version} for name in names],
    }
    return JSONResponse({"data": [record]})


async def set_subscriptions(
    sandbox: Sandbox, request: Request, app: App
) -> JSONResponse:
    """Set callback address, verify token and fields, after Meta's handshake."""
    check_is_app(sandbox, request, app)
    wanted = {**request.query_params, **await content(request)}
    for name in ("object", "callback_url", "fields", "verify_token"):
        if not wanted.get(name):
            raise missing(name)
    if wanted["object"] != OBJECT:
        raise not_one_of("object", OBJECT, wanted["object"])
    names = fields_of(wanted["fields"])
    url, verify_token = str(wanted["callback_url"]), str(wanted["verify_token"])
    try:
        sandbox.webhooks.check_url(url)
        await sandbox.webhooks.verify(url, verify_token)
    except WebhookRefused as error:
        raise GraphError(
            2200, message=f"(#2200) Callback verification failed: {error}"
        ) from error
    app.callback_url, app.verify_token, app.fields = url, verify_token, names
    return JSONResponse({"success": True})


def fields_of(value: Any) -> list[str]:
    names = value if isinstance(value, list) else str(value).split(",")
    for name in names:
        if name not in FIELDS:
            raise not_one_of("fields", ", ".join(FIELDS), name)
    return names
