"""Files: POST /{phone_number_id}/media, GET and DELETE /{media_id}."""

from __future__ import annotations

import base64
from email import policy
from email.parser import BytesParser
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..media import MIME_TYPES, UPLOADED_SECONDS, Media, fits, plain
from ..sandbox import Sandbox
from ..world import Number
from .errors import GraphError, invalid, missing, not_one_of, unknown_object


async def describe(sandbox: Sandbox, request: Request, media: Media) -> JSONResponse:
    """What the file is, with a fresh address; ``phone_number_id`` must be its own."""
    check_owner(request, media)
    switches = sandbox.switches
    digest, size = media.digest(switches), media.size(switches)
    in_hex = switches.media_checksum == "hex"
    return JSONResponse(
        {
            "messaging_product": "whatsapp",
            "url": sandbox.media_url(media, str(request.base_url)),
            "mime_type": media.mime_type,
            "sha256": digest.hex() if in_hex else base64.b64encode(digest).decode(),
            "file_size": size if switches.media_size_as_number else str(size),
            "id": media.id,
        }
    )


async def delete(sandbox: Sandbox, request: Request, media: Media) -> JSONResponse:
    check_owner(request, media)
    del sandbox.world.media.by_id[media.id]
    return JSONResponse({"success": True})


def check_owner(request: Request, media: Media) -> None:
    """The number that asks must be the one whose file it is."""
    number_id = request.query_params.get("phone_number_id", media.phone_number_id)
    if number_id != media.phone_number_id:
        raise unknown_object(request.method, media.id)


async def upload(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    if number.number.status != "CONNECTED":
        raise GraphError(133010)
    parts = form(request.headers.get("content-type", ""), await request.body())
    product, _mime_type = parts.get("messaging_product", (b"", ""))
    if not product:
        raise missing("messaging_product")
    if product != b"whatsapp":
        got = product.decode(errors="replace")
        raise not_one_of("messaging_product", "WHATSAPP", got)
    if "file" not in parts:
        raise missing("file")
    content, mime_type = parts["file"]
    if "type" in parts:
        mime_type = parts["type"][0].decode(errors="replace")
    if not any(fits(kind, mime_type, len(content)) for kind in MIME_TYPES):
        raise GraphError(131053, "the file's type or size is not one WhatsApp takes")
    expires_at = sandbox.clock.now() + UPLOADED_SECONDS
    media = sandbox.world.media.add(
        number.number.id, plain(mime_type), content, expires_at
    )
    return JSONResponse({"id": media.id})


def form(content_type: str, body: bytes) -> dict[str, tuple[bytes, str]]:
    """The (content, MIME type) of each part of a multipart form, by its name."""
    if not content_type.startswith("multipart/form-data"):
        raise invalid("The body is not multipart/form-data")
    head = b"Content-Type: %b\r\n\r\n" % content_type.encode()
    message: Any = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    return {
        part.get_param("name", header="content-disposition"): (
            part.get_payload(decode=True) or b"",
            part.get_content_type(),
        )
        for part in message.iter_parts()
    }
