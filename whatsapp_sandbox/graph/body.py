"""The body of a call, as JSON."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from .errors import GraphError, invalid, missing, not_one_of

# Bytes of a call that is no file; an assumption of this sandbox.
LARGEST = 5_000_000
JSON_STARTS = ("{", "[")
CREDENTIALS = ("access_token", "appsecret_proof")
FORM = "application/x-www-form-urlencoded"


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=refuse_constant)


def is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(FORM)


async def message(request: Request) -> dict[str, Any]:
    """The body of a send; only valid JSON in valid Unicode passes, or a form."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith(("application/json", FORM)):
        raise missing("messaging_product")
    return await content(request, empty=False)


def form_object(body: bytes) -> dict[str, Any]:
    """A form, as the Graph API takes one: objects and arrays are in JSON."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise invalid("The body is not a valid form") from error
    return {
        key: decoded(value) if value[:1] in JSON_STARTS else value
        for key, value in pairs
    }


def json_object(body: bytes) -> dict[str, Any]:
    try:
        payload = decoded(body.decode())
    except UnicodeDecodeError as error:
        raise invalid("The body is not valid JSON") from error
    if not isinstance(payload, dict):
        raise invalid("The body is not a JSON object")
    return payload


def decoded(text: str) -> Any:
    try:
        value = DECODER.decode(text)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid("The body is not valid JSON") from error
    return value


async def whole(request: Request, most: int = LARGEST) -> bytes:
    """The body; more than ``most`` bytes are refused before they are all there."""
    if hasattr(request.state, "body"):
        return request.state.body
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise GraphError(1, "The body is too large.", http_status=413)
        parts.append(part)
    request.state.body = b"".join(parts)
    return request.state.body


async def content(request: Request, empty: bool = True) -> dict[str, Any]:
    """What a call says: JSON, a form or, where it may be ``empty``, nothing at all."""
    body = await whole(request)
    if empty and not body.strip():
        return {}
    if not is_form(request):
        return json_object(body)
    return {k: v for k, v in form_object(body).items() if k not in CREDENTIALS}


def lowered(value: Any) -> Any:
    """A word of the API, which WhatsApp takes in any case."""
    return value.lower() if isinstance(value, str) else value


def check_product(payload: dict[str, Any]) -> None:
    product = payload.get("messaging_product")
    if not product:
        raise missing("messaging_product")
    if lowered(product) != "whatsapp":
        raise not_one_of("messaging_product", "WHATSAPP", product)
