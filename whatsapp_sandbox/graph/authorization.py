"""Who calls: the access token and its proof."""

from __future__ import annotations

import hashlib
import hmac

from starlette.requests import Request

from ..world import World
from .errors import GraphError


def check_token(world: World, request: Request) -> str:
    """Return the token; raise 190 unless it is known and alive."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token not in world.tokens:
        raise GraphError(
            190, message="Invalid OAuth access token - Cannot parse access token"
        )
    if token in world.dead_tokens:
        raise GraphError(
            190,
            message="Error validating access token: Session has expired",
            subcode=world.dead_tokens[token],
        )
    return token


def check_proof(world: World, request: Request, token: str) -> None:
    """Raise 100 for a wrong ``appsecret_proof``, or for none where the app wants it."""
    app = world.account.app
    proof = request.query_params.get("appsecret_proof")
    if proof is None and not app.require_proof:
        return
    if proof is None:
        raise proof_error(
            "API calls from the server require an appsecret_proof argument"
        )
    expected = hmac.digest(app.secret.encode(), token.encode(), hashlib.sha256)
    if not hmac.compare_digest(proof.encode(), expected.hex().encode()):
        raise proof_error("Invalid appsecret_proof provided in the API argument")


def proof_error(message: str) -> GraphError:
    return GraphError(100, message=message, kind="GraphMethodException")
