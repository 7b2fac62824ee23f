"""When a template that WhatsApp has may be changed or written again."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..wording import _lt
from .problem import Problem

EDITABLE = ("APPROVED", "REJECTED", "PAUSED")
NAME_BLOCK = timedelta(days=30)
"""After an approved template was deleted its name cannot be used for so long."""
_QUOTAS = (
    (
        1,
        timedelta(days=1),
        _lt("An approved template can be edited once in 24 hours."),
    ),
    (
        10,
        timedelta(days=30),
        _lt("An approved template can be edited 10 times in 30 days."),
    ),
)


def edit_problems(
    status: str,
    category: str,
    new_category: str,
    edits: Sequence[datetime],
    now: datetime,
) -> Iterator[Problem]:
    """Yield why a template cannot be edited now (Cloud API, template management).

    ``status`` and ``category`` are those WhatsApp has, ``edits`` the times of earlier
    edits while it was approved, with or without a zone as ``now``.
    """
    if status not in EDITABLE:
        yield Problem(
            "edit",
            status,
            _lt("WhatsApp takes changes only of approved, rejected or paused ones."),
        )
    if status != "APPROVED":
        return
    if new_category != category:
        yield Problem(
            "category",
            new_category,
            _lt("The category of an approved template cannot be changed."),
        )
    for limit, period, message in _QUOTAS:
        if sum(now - period < edit <= now for edit in edits) >= limit:
            yield Problem("edit", "", message)
