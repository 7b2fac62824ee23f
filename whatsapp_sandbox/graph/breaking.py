"""What faults do to a call: before it is taken, and to its answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ..faults import FOREVER_SECONDS, ConnectionCut, Fault, disconnected
from .errors import GraphError, usage_headers


class Truncated(Response):
    """Headers that promise the whole answer, half of it, and the end."""

    media_type = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionCut


async def break_before(
    fault: Fault, request: Request, account_id: str
) -> Response | None:
    """What happens instead of the call, None if it is to be taken."""
    if fault.kind == "latency":
        await asyncio.sleep(fault.seconds or 0)
    if fault.kind == "error":
        raise GraphError(
            fault.code,
            subcode=fault.subcode,
            http_status=fault.http_status,
            retry_after=fault.retry_after,
            headers=usage_headers(account_id, fault.estimated_time_to_regain_access),
        )
    if fault.kind == "http_500":
        return server_error(fault)
    if fault.kind == "hang":
        await hang(fault, request)
    if fault.kind == "reset":
        raise ConnectionCut
    return None


async def break_after(fault: Fault, request: Request, answer: JSONResponse) -> Response:
    """What happens to the answer of a call that was taken."""
    if fault.kind == "hang_after_accept":
        await hang(fault, request)
    if fault.kind == "reset_after_accept":
        raise ConnectionCut
    if fault.kind == "http_500_after_accept":
        return server_error(fault)
    if fault.kind == "truncate_after_accept":
        return Truncated(answer.body)
    return answer


def server_error(fault: Fault) -> Response:
    """An answer of some machine on the way, without a WhatsApp error in it."""
    status = fault.http_status or 500
    return Response("<html>Sorry, something went wrong.</html>", status)


async def hang(fault: Fault, request: Request) -> None:
    """Say nothing until the caller or ``seconds`` give up, then close."""
    limit = FOREVER_SECONDS if fault.seconds is None else fault.seconds
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(disconnected(request.receive), limit)
    raise ConnectionCut
