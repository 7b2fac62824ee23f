"""GET and POST /oauth/access_token: an app's own token, and one that lasts longer."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..account import App
from ..sandbox import Sandbox
from .authorization import app_of_token
from .body import content
from .errors import GraphError, missing
from .not_emulated import not_emulated

PATH = ("oauth", "access_token")
LONG_LIVED_SECONDS = 60 * 24 * 3600


async def access_token(sandbox: Sandbox, request: Request) -> JSONResponse:
    """By the app's id and secret; the code of a sign-up is not emulated."""
    wanted = {**request.query_params, **await content(request)}
    app = caller(sandbox, wanted)
    if wanted.get("grant_type") == "client_credentials":
        text = f"{app.id}|{app.secret}"
        return JSONResponse({"access_token": text, "token_type": "bearer"})
    if "code" in wanted:
        raise not_emulated("the code of an embedded sign-up")
    return exchanged(sandbox, app, str(wanted.get("fb_exchange_token") or ""))


def caller(sandbox: Sandbox, wanted: dict[str, object]) -> App:
    for name in ("client_id", "client_secret"):
        if not wanted.get(name):
            raise missing(name)
    app = app_of_token(sandbox, f"{wanted['client_id']}|{wanted['client_secret']}")
    if app is None:
        raise GraphError(1, message="Error validating client secret.")
    return app


def exchanged(sandbox: Sandbox, app: App, text: str) -> JSONResponse:
    """A new token like the one that is given, for 60 days."""
    if not text:
        raise missing("fb_exchange_token")
    now, tokens = sandbox.clock.now(), sandbox.world.tokens
    old = tokens.get(text)
    if old is None or not old.is_alive(now) or sandbox.world.app_of(old) is not app:
        raise GraphError(190, message="Error validating access token.")
    new = f"EAA{secrets.token_urlsafe(48)}"
    expires_at = int(now) + LONG_LIVED_SECONDS
    tokens[new] = old.model_copy(update={"token": new, "expires_at": expires_at})
    return JSONResponse(
        {
            "access_token": new,
            "token_type": "bearer",
            "expires_in": LONG_LIVED_SECONDS,
        }
    )
