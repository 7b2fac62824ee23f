"""Errors that come by webhook."""

import re
from dataclasses import dataclass, field

from ..errors import NO_CODE
from .reading import dict_, dicts, text


@dataclass(frozen=True)
class EventError:
    """An error in a webhook; ``errors.policy(code)`` says what to do about it.

    ``code`` is ``errors.NO_CODE`` when WhatsApp sent none.
    """

    code: int
    title: str
    details: str = field(repr=False)


def event_errors(item: dict) -> tuple[EventError, ...]:
    """Return the errors of a message, a status or a value."""
    return tuple(_event_error(error) for error in dicts(item.get("errors")))


def _event_error(error: dict) -> EventError:
    code = error.get("code")
    if isinstance(code, str) and re.fullmatch("[0-9]{1,10}", code):
        code = int(code)
    known = isinstance(code, int) and not isinstance(code, bool)
    return EventError(
        code=code if known else NO_CODE,
        title=text(error.get("title")) or "",
        details=text(dict_(error.get("error_data")).get("details"))
        or text(error.get("message"))
        or "",
    )
