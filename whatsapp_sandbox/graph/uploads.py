"""Resumable uploads: POST /{app_id}/uploads, then GET and POST /{upload id}."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..account import App
from ..sandbox import Sandbox
from ..uploads import Session
from .body import content, whole
from .content import need
from .errors import invalid, not_one_of

TYPES = ("application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4")
SAME_TYPES = {"image/jpg": "image/jpeg"}
LARGEST = 100_000_000


async def begin(sandbox: Sandbox, request: Request, app: App) -> JSONResponse:
    wanted = {**request.query_params, **await content(request)}
    name = str(need(wanted, "file_name", ""))
    mime_type = str(need(wanted, "file_type", ""))
    if mime_type not in TYPES:
        raise not_one_of("file_type", ", ".join(TYPES), mime_type)
    try:
        length = int(need(wanted, "file_length", ""))
    except (TypeError, ValueError, OverflowError):
        length = 0
    if not 1 <= length <= LARGEST:
        raise invalid(f"file_length must be 1 to {LARGEST} bytes")
    kind = SAME_TYPES.get(mime_type, mime_type)
    session = sandbox.world.uploads.begin(app.id, name, length, kind)
    return JSONResponse({"id": session.id})


async def progress(
    sandbox: Sandbox, request: Request, session: Session
) -> JSONResponse:
    return JSONResponse({"id": session.id, "file_offset": len(session.content)})


async def take(sandbox: Sandbox, request: Request, session: Session) -> JSONResponse:
    """Raw bytes from ``file_offset`` on; the handle comes when all are there."""
    part = await whole(request, LARGEST)
    offset = request.headers.get("file_offset")
    if offset is None or not offset.isdecimal():
        raise invalid("the header file_offset is required")
    if int(offset) != len(session.content):
        raise invalid("file_offset is not where the upload stopped")
    if not part or len(session.content) + len(part) > session.length:
        raise invalid("the bytes are not those of file_length")
    session.content += part
    if not session.is_complete:
        return await progress(sandbox, request, session)
    return JSONResponse({"h": sandbox.world.uploads.handle(session)})
