"""Who calls, with what proof, and what the token may do."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from starlette.requests import Request

from ..account import App, BusinessAccount, Token
from ..media import Media
from ..sandbox import Sandbox
from ..template import Template
from ..world import Number
from .body import form_object, is_form, whole
from .errors import GraphError, unknown_object
from .media import LARGEST_FORM, MULTIPART, NO_PART, form

SCHEMES = ("bearer", "oauth")
MESSAGING, MANAGEMENT = "whatsapp_business_messaging", "whatsapp_business_management"
# Edges that the scope for messaging opens; all others want that for management.
MESSAGING_EDGES = frozenset(
    {"messages", "media", "message_history", "register", "deregister", "block_users"}
    | {"whatsapp_business_profile", "smb_app_data"}
)
UNPARSABLE = "Invalid OAuth access token - Cannot parse access token"
EXPIRED = "Error validating access token: Session has expired"
# An app may be called by its own token, without a person or a system user.
AppToken = App


async def check_token(sandbox: Sandbox, request: Request) -> Token | AppToken:
    """Return who calls; raise 190 unless the token is known and alive."""
    request.state.caller = living(sandbox, await token_text(request))
    return request.state.caller


def calling(request: Request) -> Token | AppToken:
    """Who was found to be calling."""
    return request.state.caller


async def token_text(request: Request) -> str:
    """The token of the header, the query or a form, in this order."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in SCHEMES:
        return text
    given = request.query_params.get("access_token")
    if given is None:
        given = await token_of_form(request)
    if not isinstance(given, str):
        raise GraphError(190, message=UNPARSABLE)
    return given


async def token_of_form(request: Request) -> str | None:
    """The token in a form of either sort; an upload may be as large as a file."""
    if is_form(request):
        return form_object(await whole(request)).get("access_token")
    kind = request.headers.get("content-type", "")
    if not kind.startswith(MULTIPART):
        return None
    token, _mime_type, _name = form(kind, await whole(request, LARGEST_FORM)).get(
        "access_token", NO_PART
    )
    return token.decode(errors="replace") or None


def living(sandbox: Sandbox, text: str) -> Token | AppToken:
    """The token or, of ``APP_ID|APP_SECRET``, the app."""
    world = sandbox.world
    token = world.tokens.get(text)
    if token is None:
        app = app_of_token(sandbox, text)
        if app is None:
            raise GraphError(190, message=UNPARSABLE)
        return app
    if not token.is_alive(sandbox.clock.now()):
        raise GraphError(190, message=EXPIRED, subcode=token.subcode)
    return token


def app_of_token(sandbox: Sandbox, text: str) -> App | None:
    app_id, _, secret = text.partition("|")
    app = sandbox.world.apps.get(app_id)
    if app is None or not hmac.compare_digest(app.secret.encode(), secret.encode()):
        return None
    return app


def check_proof(sandbox: Sandbox, request: Request, caller: Token | AppToken) -> None:
    """Raise 100 for a wrong ``appsecret_proof``, or for none where the app wants it."""
    if isinstance(caller, App):
        return
    app = sandbox.world.app_of(caller)
    code = sandbox.switches.proof_error_code
    proof = request.query_params.get("appsecret_proof")
    if proof is None and not app.require_proof:
        return
    if proof is None:
        raise proof_error(
            code, "API calls from the server require an appsecret_proof argument"
        )
    key, text = app.secret.encode(), caller.token.encode()
    expected = hmac.digest(key, text, hashlib.sha256).hex()
    if not hmac.compare_digest(proof.encode(), expected.encode()):
        raise proof_error(code, "Invalid appsecret_proof provided in the API argument")


def proof_error(code: int, message: str) -> GraphError:
    return GraphError(
        code, message=message, kind="GraphMethodException", http_status=400
    )


def check_access(
    sandbox: Sandbox, request: Request, caller: Token | AppToken, node: Any, edge: str
) -> None:
    """Whether the token reaches the node's account, and has the scope of the edge."""
    business_id = owner(sandbox, node)
    if business_id is None:
        return
    if isinstance(caller, App) or not caller.reaches(business_id):
        if sandbox.switches.asset_access_error == 200:
            raise GraphError(
                200,
                message="(#200) You do not have the necessary permissions required to"
                " send messages on behalf of this WhatsApp Business Account",
            )
        raise unknown_object(request.method, node.id)
    messaging = edge in MESSAGING_EDGES or isinstance(node, Media)
    wanted = MESSAGING if messaging else MANAGEMENT
    if wanted not in caller.scopes:
        raise GraphError(
            10, message="(#10) Application does not have permission for this action"
        )


def owner(sandbox: Sandbox, node: Any) -> str | None:
    """The business account a node belongs to, None for one that belongs to no one."""
    if isinstance(node, Number):
        return node.business.id
    if isinstance(node, BusinessAccount):
        return node.id
    if isinstance(node, Template):
        return node.business_id
    if isinstance(node, Media):
        number = sandbox.world.numbers.get(node.phone_number_id)
        return number.business.id if number else None
    return None
