"""GET /attachments/{token}: the files of messages, on WhatsApp a host of its own."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from .control import Here
from .graph.authorization import check_token
from .graph.errors import GraphError

router = APIRouter()


@router.get("/attachments/{token}")
async def attachment(sandbox: Here, request: Request, token: str) -> Response:
    """401 without a business's token, 404 after the address has expired."""
    try:
        await check_token(sandbox, request)
    except GraphError as error:
        return error.response()
    switches = sandbox.switches
    if switches.media_status is not None:
        raise HTTPException(switches.media_status, "as the switch media_status says")
    media = sandbox.world.media.opened_by(token, sandbox.clock.now())
    if media is None:
        raise HTTPException(404, "no such attachment, or its address has expired")
    if switches.media_redirect is not None:
        return RedirectResponse(switches.media_redirect, 302)
    headers = {"Content-Type": media.mime_type}
    return Response(media.served(switches), headers=headers)
