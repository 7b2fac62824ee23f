"""GET /attachments/{token}: the files of messages, on WhatsApp a host of its own."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from .control import Here
from .graph.authorization import check_token
from .graph.errors import GraphError

router = APIRouter()


@router.get("/attachments/{token}")
async def attachment(sandbox: Here, request: Request, token: str) -> Response:
    """401 without a business's token, 404 after the address has expired."""
    try:
        check_token(sandbox.world, request)
    except GraphError as error:
        return error.response()
    media = sandbox.world.media.opened_by(token, sandbox.clock.now())
    if media is None:
        raise HTTPException(404, "no such attachment, or its address has expired")
    return Response(media.content, headers={"Content-Type": media.mime_type})
