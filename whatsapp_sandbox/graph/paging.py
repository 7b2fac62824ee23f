"""Pages of an edge, with cursors to the pages before and after."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from .errors import invalid
from .fields import summary

PAGE_SIZE = 25
LARGEST_PAGE = 1000


def page(
    records: list[dict[str, Any]], request: Request, **more: Any
) -> dict[str, Any]:
    """One page; ``paging`` names the next and the previous one where there is one.

    ``more`` is what a ``summary`` can tell beside the count.
    """
    query = request.query_params
    limit = checked_limit(query.get("limit"))
    if "before" in query:
        end = min(position(query["before"]), len(records))
        start = max(end - limit, 0)
    else:
        start = position(query.get("after"))
        end = min(start + limit, len(records))
    part = records[start:end]
    known = {"total_count": len(records), **more}
    answer = {"data": part, **summary(query.get("summary"), known)}
    if part:
        answer["paging"] = paging(request, start, end, len(records), limit)
    return answer


def paging(
    request: Request, start: int, end: int, total: int, limit: int
) -> dict[str, Any]:
    told: dict[str, Any] = {"cursors": {"before": cursor(start), "after": cursor(end)}}
    if end < total:
        told["next"] = address(request, limit, after=cursor(end))
    if start > 0:
        told["previous"] = address(request, limit, before=cursor(start))
    return told


def address(request: Request, limit: int, **direction: str) -> str:
    kept = {
        key: value
        for key, value in request.query_params.items()
        if key not in ("after", "before")
    }
    query = urlencode({**kept, "limit": limit, **direction})
    return str(request.url.replace(query=query))


def checked_limit(text: str | None) -> int:
    try:
        limit = int(PAGE_SIZE if text is None else text)
    except ValueError as error:
        raise invalid("limit must be a number") from error
    return min(max(limit, 1), LARGEST_PAGE)


def cursor(position: int) -> str:
    return base64.urlsafe_b64encode(b"QVFI%d" % position).decode()


def position(text: str | None) -> int:
    if not text:
        return 0
    try:
        found = int(base64.urlsafe_b64decode(text).removeprefix(b"QVFI"))
    except (ValueError, binascii.Error) as error:
        raise invalid("Invalid cursors values") from error
    return max(found, 0)
