"""What WhatsApp answered: a JSON object, a refusal, or something unusable."""

import email.utils
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from ..errors import NO_CODE, CloudApiError, OutcomeUnknown

_USAGE_HEADERS = ("X-Business-Use-Case-Usage", "X-App-Usage")


def result(status: int, headers: Mapping[str, str], body: bytes) -> dict:
    """Return the JSON object of an answer, or raise what it is instead."""
    answer = _json_object(body)
    error = answer.get("error")
    code = integer(error.get("code")) if isinstance(error, dict) else None
    if code is not None:
        raise refusal(error, status, headers)
    if 300 <= status < 500:
        raise CloudApiError(
            NO_CODE, http_status=status, retry_after=_retry_after(headers)
        )
    if status != 200 or not answer:
        raise OutcomeUnknown(f"unusable answer, HTTP {status}")
    return answer


def refusal(
    error: dict, status: int = 200, headers: Mapping[str, str] | None = None
) -> CloudApiError:
    """Return the exception for Meta's error object."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    title = str(error.get("message") or "")
    code = integer(error.get("code"))
    return CloudApiError(
        NO_CODE if code is None else code,
        http_status=status,
        subcode=integer(error.get("error_subcode")),
        title=re.sub(r"^\(#[0-9]+\) ", "", title),
        details=str(details or error.get("error_user_msg") or ""),
        fbtrace_id=_trace_id(error.get("fbtrace_id")),
        retry_after=_retry_after(headers or {}),
    )


def _trace_id(value: Any) -> str | None:
    """Return Meta's trace id and nothing else: it is the only text that gets logged."""
    if isinstance(value, str) and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", value):
        return value
    return None


def _json_object(body: bytes) -> dict:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def integer(value: Any) -> int | None:
    """Return a number that may be written as text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def scalar(value: Any) -> str | None:
    """Return an id as text; Meta writes some of them as numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def dicts(values: Any) -> list[dict]:
    """Return the objects of a list that may be missing."""
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]


def objects(answer: dict, key: str) -> list[dict]:
    """Return the objects of a list that must be there."""
    values = answer.get(key)
    if not isinstance(values, list):
        raise OutcomeUnknown(f"answer without {key}")
    return dicts(values)


def first(answer: dict, key: str) -> dict:
    """Return the first object of a list, {} if there is none."""
    values = answer.get(key)
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return values[0]
    return {}


def next_cursor(answer: dict) -> str | None:
    """Return the cursor of the next page; Meta omits ``next`` on the last one."""
    paging = answer.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    cursor = cursors.get("after") if isinstance(cursors, dict) else None
    return cursor if isinstance(cursor, str) and cursor else None


def check_success(answer: dict) -> None:
    """Raise ``OutcomeUnknown`` unless WhatsApp says that it was done."""
    if answer.get("success") is not True:
        raise OutcomeUnknown("answer without success")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that WhatsApp asks to wait, by whichever header it says so."""
    waits = [_usage_wait(headers.get(name)) for name in _USAGE_HEADERS]
    waits.append(_standard_wait(headers.get("Retry-After")))
    return max((wait for wait in waits if wait is not None), default=None)


def _standard_wait(value: str | None) -> float | None:
    """Read ``Retry-After``: seconds or a date (RFC 9110)."""
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, moment - time.time())


def _usage_wait(value: str | None) -> float | None:
    """Read ``estimated_time_to_regain_access`` (minutes) from Meta's headers."""
    if not value or "estimated_time_to_regain_access" not in value:
        return None
    usage = _json_object(value.encode())
    entries = [usage]
    for limits in usage.values():
        entries += limits if isinstance(limits, list) else []
    waits = [
        integer(entry.get("estimated_time_to_regain_access"))
        for entry in entries
        if isinstance(entry, dict)
    ]
    minutes = max((wait for wait in waits if wait is not None), default=0)
    return minutes * 60.0 if minutes > 0 else None
