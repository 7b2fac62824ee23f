"""The body of a call, as JSON."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from .errors import GraphError, invalid, missing, not_one_of

# Bytes of a call that is no file; an assumption of this sandbox.
LARGEST = 5_000_000


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=refuse_constant)


def parsed(content_type: str, body: bytes) -> dict[str, Any]:
    """The body as an object; only valid JSON in valid Unicode passes."""
    if not content_type.startswith("application/json"):
        raise missing("messaging_product")
    return json_object(body)


def json_object(body: bytes) -> dict[str, Any]:
    try:
        payload = DECODER.decode(body.decode())
        if b"\\ud" in body.lower():
            json.dumps(payload, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid("The body is not valid JSON") from error
    if not isinstance(payload, dict):
        raise invalid("The body is not a JSON object")
    return payload


async def whole(request: Request, most: int = LARGEST) -> bytes:
    """The body; more than ``most`` bytes are refused before they are all there."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise GraphError(1, "The body is too large.", http_status=413)
        parts.append(part)
    return b"".join(parts)


async def content(request: Request) -> dict[str, Any]:
    """What a call of management says: JSON, or nothing at all."""
    body = await whole(request)
    return json_object(body) if body.strip() else {}


def check_product(payload: dict[str, Any]) -> None:
    product = payload.get("messaging_product")
    if not product:
        raise missing("messaging_product")
    if product != "whatsapp":
        raise not_one_of("messaging_product", "WHATSAPP", product)
