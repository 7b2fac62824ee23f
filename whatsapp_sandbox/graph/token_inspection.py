"""GET /debug_token: what a token is and may do."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..account import App, Token
from ..sandbox import Sandbox
from .authorization import EXPIRED, app_of_token, calling
from .errors import GraphError, missing

PORTFOLIO_SCOPE = "business_management"


class TokenInspector:
    """The node ``debug_token``, which belongs to no account."""

    id = "debug_token"


async def inspect(
    sandbox: Sandbox, request: Request, _node: TokenInspector
) -> JSONResponse:
    """By the token of the app, or by a token of the same app."""
    text = request.query_params.get("input_token")
    if not text:
        raise missing("input_token")
    caller = calling(request)
    own = caller if isinstance(caller, App) else sandbox.world.app_of(caller)
    token = sandbox.world.tokens.get(text)
    if token is None:
        app = app_of_token(sandbox, text)
        data = invalid_token() if app is None else app_record(app)
        return JSONResponse({"data": data})
    if sandbox.world.app_of(token) is not own:
        raise GraphError(
            100,
            message="(#100) The App_id in the input_token did not match the Viewing"
            " App",
        )
    return JSONResponse({"data": record(sandbox, token)})


def invalid_token() -> dict[str, Any]:
    error = {"code": 190, "message": "Invalid OAuth access token."}
    return {"error": error, "is_valid": False, "scopes": []}


def app_record(app: App) -> dict[str, Any]:
    return {
        "app_id": app.id,
        "application": app.name,
        "type": "APP",
        "is_valid": True,
        "scopes": [],
    }


def record(sandbox: Sandbox, token: Token) -> dict[str, Any]:
    app = sandbox.world.app_of(token)
    alive = token.is_alive(sandbox.clock.now())
    data: dict[str, Any] = {
        "app_id": app.id,
        "application": app.name,
        "type": token.type,
        "expires_at": token.expires_at,
        "data_access_expires_at": 0,
        "is_valid": alive,
        "issued_at": 1_700_000_000,
        "scopes": token.scopes,
        "granular_scopes": granular_scopes(sandbox, token),
        "user_id": "122100000000000001",
    }
    if not alive:
        error = {"code": 190, "message": EXPIRED, "subcode": token.subcode}
        data["error"] = error
    return data


def granular_scopes(sandbox: Sandbox, token: Token) -> list[dict[str, Any]]:
    """Which accounts each scope is for."""
    targets = token.business_accounts
    if targets is None:
        targets = list(sandbox.world.businesses)
    return [
        {"scope": scope}
        if scope == PORTFOLIO_SCOPE
        else {"scope": scope, "target_ids": targets}
        for scope in token.scopes
    ]
