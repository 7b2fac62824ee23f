"""The Graph API as an ASGI application: ``/{version}/{object id}[/{edge}]``.

Checks come in the order of the real one: version, token, object, then the edge's own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..account import App, BusinessAccount
from ..faults import ConnectionCut, cut
from ..media import Media
from ..sandbox import Sandbox
from ..template import Template
from ..uploads import Session
from ..world import Number
from . import (
    app_data,
    blocking,
    history,
    media,
    profile,
    reading,
    registration,
    sending,
    subscriptions,
    template_editing,
    token_inspection,
    tokens,
    uploads,
)
from .authorization import check_access, check_proof, check_token
from .breaking import break_after, break_before
from .errors import GraphError, unknown_object, unknown_path
from .not_emulated import CALLER, check_is_emulated
from .token_inspection import TokenInspector

VERSION = re.compile(r"v(\d{1,2})\.\d")
OLDEST_VERSION, CURRENT_VERSION = 21, 26

TOKEN_INSPECTOR = TokenInspector()

Node = Any
Handler = Callable[[Sandbox, Request, Node], Awaitable[Response]]
EDGES: dict[tuple[type, str, str], Handler] = {
    (Number, "POST", "messages"): sending.send,
    (Number, "POST", "media"): media.upload,
    (Number, "GET", ""): reading.number,
    (Number, "POST", ""): registration.change,
    (Number, "POST", "request_code"): registration.request_code,
    (Number, "POST", "verify_code"): registration.verify_code,
    (Number, "POST", "register"): registration.register,
    (Number, "POST", "deregister"): registration.deregister,
    (Number, "GET", "whatsapp_business_profile"): profile.read,
    (Number, "POST", "whatsapp_business_profile"): profile.write,
    (Number, "GET", "block_users"): blocking.blocked,
    (Number, "POST", "block_users"): blocking.block,
    (Number, "DELETE", "block_users"): blocking.unblock,
    (Number, "GET", "message_history"): history.message_history,
    (Number, "GET", "message_history_events"): history.events,
    (Number, "POST", "smb_app_data"): app_data.sync,
    (BusinessAccount, "GET", ""): reading.business,
    (BusinessAccount, "GET", "phone_numbers"): reading.phone_numbers,
    (BusinessAccount, "GET", "message_templates"): reading.message_templates,
    (BusinessAccount, "POST", "message_templates"): template_editing.create,
    (BusinessAccount, "DELETE", "message_templates"): template_editing.delete,
    (BusinessAccount, "GET", "subscribed_apps"): subscriptions.subscribed_apps,
    (BusinessAccount, "POST", "subscribed_apps"): subscriptions.subscribe,
    (BusinessAccount, "DELETE", "subscribed_apps"): subscriptions.unsubscribe,
    (Template, "GET", ""): reading.template,
    (Template, "POST", ""): template_editing.edit,
    (Template, "POST", "unpause"): template_editing.unpause,
    (Media, "GET", ""): media.describe,
    (Media, "DELETE", ""): media.delete,
    (App, "GET", "subscriptions"): subscriptions.subscriptions,
    (App, "POST", "subscriptions"): subscriptions.set_subscriptions,
    (App, "POST", "uploads"): uploads.begin,
    (Session, "GET", ""): uploads.progress,
    (Session, "POST", ""): uploads.take,
    (TokenInspector, "GET", ""): token_inspection.inspect,
}


class GraphApi:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.sandbox.requests += 1
        version = f"v{CURRENT_VERSION}.0"
        try:
            try:
                version, object_id, edge = split(scope["path"])
                request = Request(scope, receive, send)
                response = await self.answer(request, object_id, edge)
            except GraphError as error:
                self.sandbox.rejected[error.code] += 1
                response = error.response()
            response.headers["facebook-api-version"] = version
            await response(scope, receive, send)
        except ConnectionCut:
            await cut(scope, receive)

    async def answer(self, request: Request, object_id: str, edge: str) -> Response:
        if (object_id, edge) == tokens.PATH:
            return await tokens.access_token(self.sandbox, request)
        caller = await check_token(self.sandbox, request)
        check_proof(self.sandbox, request, caller)
        node = self.node(object_id)
        check_access(self.sandbox, request, caller, node, edge)
        handler = EDGES.get((type(node), request.method, edge))
        if handler is None:
            check_is_emulated(node, edge)
            raise unknown_object(request.method, object_id)
        if edge == sending.EDGE:
            return await handler(self.sandbox, request, node)
        return await self.breakable(handler, request, node, edge)

    async def breakable(
        self, handler: Handler, request: Request, node: Node, edge: str
    ) -> Response:
        """A call with the faults that tests asked for; sends look for theirs."""
        fault = self.sandbox.faults.strike(edge, node.id)
        if fault is not None:
            before = await break_before(fault, request, node.id)
            if before is not None:
                return before
        answer = await handler(self.sandbox, request, node)
        return answer if fault is None else await break_after(fault, request, answer)

    def node(self, object_id: str) -> Node:
        world = self.sandbox.world
        return (
            world.numbers.get(object_id)
            or world.businesses.get(object_id)
            or world.templates_by_id.get(object_id)
            or world.media.get(object_id, self.sandbox.clock.now())
            or world.apps.get(object_id)
            or world.uploads.sessions.get(object_id)
            or world.portfolios.get(object_id)
            or (CALLER if object_id == CALLER else None)
            or (TOKEN_INSPECTOR if object_id == TOKEN_INSPECTOR.id else None)
        )


def split(path: str) -> tuple[str, str, str]:
    """(version that serves, object id, edge) of a path.

    An expired version is served by the oldest usable one. Without a version, or with
    one that does not exist yet, the path is unknown.
    """
    first, _, rest = path.strip("/").partition("/")
    if (first, rest) == tokens.PATH:
        return f"v{CURRENT_VERSION}.0", first, rest
    version = VERSION.fullmatch(first)
    if version is None or int(version[1]) > CURRENT_VERSION:
        raise unknown_path(f"/{first}")
    object_id, _, edge = rest.partition("/")
    if not object_id or "/" in edge:
        raise unknown_path(f"/{rest}")
    return f"v{max(int(version[1]), OLDEST_VERSION)}.0", object_id, edge
