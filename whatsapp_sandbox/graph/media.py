"""Files: POST /{phone_number_id}/media, GET and DELETE /{media_id}."""

from __future__ import annotations

import base64
from email.message import Message
from email.parser import BytesHeaderParser

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..media import LARGEST, MIME_TYPES, UPLOADED_SECONDS, Media, fits, plain
from ..sandbox import Sandbox
from ..world import Number
from .body import whole
from .errors import GraphError, invalid, missing, not_one_of

HEADERS = BytesHeaderParser()
MULTIPART = "multipart/form-data"
# The largest document, and what stands around it.
LARGEST_FORM = max(LARGEST.values()) + 100_000
# (content, MIME type, file name; "" for what is not a file)
Part = tuple[bytes, str, str]
NO_PART: Part = (b"", "", "")


async def describe(sandbox: Sandbox, request: Request, media: Media) -> JSONResponse:
    """What the file is, with a fresh address; ``phone_number_id`` must be its own."""
    check_owner(sandbox, request, media)
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
    check_owner(sandbox, request, media)
    del sandbox.world.media.by_id[media.id]
    return JSONResponse({"success": True})


def check_owner(sandbox: Sandbox, request: Request, media: Media) -> None:
    """A number that is named must be the one that uploaded the file.

    What a patient sent no number uploaded, so that WhatsApp was seen to refuse even
    the one that received it.
    """
    number_id = request.query_params.get("phone_number_id")
    if number_id is None:
        return
    tolerated = sandbox.switches.received_media_takes_number or not media.received
    if number_id != media.phone_number_id or not tolerated:
        raise GraphError(
            100,
            message="(#100) Param phone_number_id is not a valid whatsapp business"
            " phone number id ID",
        )


async def upload(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    if number.number.status != "CONNECTED":
        raise GraphError(133010)
    body = await whole(request, LARGEST_FORM)
    parts = form(request.headers.get("content-type", ""), body)
    product, _mime_type, _name = parts.get("messaging_product", NO_PART)
    if not product:
        raise missing("messaging_product")
    if product.lower() != b"whatsapp":
        got = product.decode(errors="replace")
        raise not_one_of("messaging_product", "WHATSAPP", got)
    content, mime_type, name = parts.get("file", NO_PART)
    if not name:
        raise missing("file")
    if "type" in parts:
        mime_type = parts["type"][0].decode(errors="replace")
    check_type(mime_type)
    if not content or not any(
        fits(kind, mime_type, len(content)) for kind in MIME_TYPES
    ):
        raise GraphError(131053, "the file's size is not one WhatsApp takes")
    expires_at = sandbox.clock.now() + UPLOADED_SECONDS
    media = sandbox.world.media.add(
        number.number.id, plain(mime_type), content, expires_at
    )
    return JSONResponse({"id": media.id})


def check_type(mime_type: str) -> None:
    """Captured answers of an upload have code 100 and this text, not 131053."""
    takes = [one for types in MIME_TYPES.values() for one in sorted(types)]
    if plain(mime_type) not in takes:
        raise GraphError(
            100,
            message="(#100) Param file must be a file with one of the following types:"
            f" {', '.join(takes)}. Received file of type '{mime_type}'.",
        )


def form(content_type: str, body: bytes) -> dict[str, Part]:
    """The parts of a multipart form, by their names; what is no part is left out."""
    head = Message()
    head["Content-Type"] = content_type
    boundary = head.get_boundary("").encode(errors="replace")
    if head.get_content_type() != MULTIPART or not boundary:
        raise invalid("The body is not multipart/form-data")
    found = {}
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if piece.startswith(b"--"):
            break
        lines, _, content = piece.partition(b"\r\n\r\n")
        about = HEADERS.parsebytes(lines.lstrip())
        name = about.get_param("name", header="content-disposition")
        file_name = about.get_filename("")
        found[str(name)] = content, about.get_content_type(), file_name
    return found
