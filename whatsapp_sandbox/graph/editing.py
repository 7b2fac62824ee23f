"""POST /{template_id}: of what Meta lets edit, the time to live."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..sandbox import Sandbox
from ..template import TTL_SECONDS, Template
from .errors import GraphError, invalid


async def template(
    sandbox: Sandbox, request: Request, template: Template
) -> JSONResponse:
    """Set ``message_send_ttl_seconds``; here it needs no review."""
    try:
        change = json.loads(await request.body())
    except ValueError:
        raise invalid("the body is not JSON") from None
    if not isinstance(change, dict) or change.keys() != {"message_send_ttl_seconds"}:
        raise invalid("the sandbox edits message_send_ttl_seconds only")
    seconds = change["message_send_ttl_seconds"]
    least, most = TTL_SECONDS[template.category]
    has_default = template.category != "MARKETING" and seconds == -1
    if not isinstance(seconds, int) or not (has_default or least <= seconds <= most):
        raise GraphError(100, f"message_send_ttl_seconds must be {least} to {most}")
    template.definition["message_send_ttl_seconds"] = seconds
    template.ttl_seconds = None if seconds == -1 else seconds
    return JSONResponse({"success": True})
