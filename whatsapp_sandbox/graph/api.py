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

from ..account import BusinessAccount
from ..faults import ConnectionCut, cut
from ..media import Media
from ..sandbox import Sandbox
from ..template import Template
from ..world import Number
from . import editing, history, media, reading, sending
from .authorization import check_proof, check_token
from .errors import GraphError, unknown_object, unknown_path

VERSION = re.compile(r"v(\d{1,2})\.\d")
OLDEST_VERSION, CURRENT_VERSION = 21, 26

Node = Any
Handler = Callable[[Sandbox, Request, Node], Awaitable[Response]]
EDGES: dict[tuple[type, str, str], Handler] = {
    (Number, "POST", "messages"): sending.send,
    (Number, "POST", "media"): media.upload,
    (Number, "GET", ""): reading.number,
    (Number, "GET", "message_history"): history.message_history,
    (BusinessAccount, "GET", ""): reading.business,
    (BusinessAccount, "GET", "phone_numbers"): reading.phone_numbers,
    (BusinessAccount, "GET", "message_templates"): reading.message_templates,
    (BusinessAccount, "GET", "subscribed_apps"): reading.subscribed_apps,
    (BusinessAccount, "POST", "subscribed_apps"): reading.subscribe,
    (BusinessAccount, "DELETE", "subscribed_apps"): reading.unsubscribe,
    (Template, "GET", ""): reading.template,
    (Template, "POST", ""): editing.template,
    (Media, "GET", ""): media.describe,
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
        token = check_token(self.sandbox.world, request)
        check_proof(self.sandbox.world, request, token)
        node = self.node(object_id)
        handler = EDGES.get((type(node), request.method, edge))
        if handler is None:
            raise unknown_object(request.method, object_id)
        return await handler(self.sandbox, request, node)

    def node(self, object_id: str) -> Node:
        world = self.sandbox.world
        return (
            world.numbers.get(object_id)
            or world.businesses.get(object_id)
            or world.templates_by_id.get(object_id)
            or world.media.by_id.get(object_id)
        )


def split(path: str) -> tuple[str, str, str]:
    """(version that serves, object id, edge) of a path.

    An expired version is served by the oldest usable one. Without a version, or with
    one that does not exist yet, the path is unknown.
    """
    first, _, rest = path.strip("/").partition("/")
    version = VERSION.fullmatch(first)
    if version is None or int(version[1]) > CURRENT_VERSION:
        raise unknown_path(f"/{first}")
    object_id, _, edge = rest.partition("/")
    if not object_id or "/" in edge:
        raise unknown_path(f"/{rest}")
    return f"v{max(int(version[1]), OLDEST_VERSION)}.0", object_id, edge
