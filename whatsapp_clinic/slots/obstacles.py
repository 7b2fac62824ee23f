"""Why nobody can come at a moment, for who asks about an empty time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from .grid import STEP, Grid, Span, steps_for
from .search import Visit


class Reason(Enum):
    """What may stand against a visit at a time, in the order in which it is told."""

    HOLIDAY = "holiday"
    LEAVE = "leave"
    NOT_WORKING = "not_working"
    APPOINTMENT = "appointment"
    BUFFER = "buffer"


# These take the time of the visit itself; the others also what is needed around it.
ABSENCES = frozenset({Reason.HOLIDAY, Reason.LEAVE})


@dataclass(frozen=True)
class Block:
    """Why somebody is not free for a time (naive UTC).

    ``core`` is the visit without what is needed around it; ``source`` says whose it is,
    for who may read that.
    """

    reason: Reason
    since: datetime
    until: datetime
    core: Span | None = None
    source: object = None


@dataclass(frozen=True)
class Obstacle:
    """What stands against a visit, and from when to when, as far as it is known."""

    reason: Reason
    since: datetime | None = None
    until: datetime | None = None
    source: object = None


def obstacles(
    grid: Grid, visit: Visit, start: datetime, working: int, blocks: Iterable[Block]
) -> list[Obstacle]:
    """What of one person's or room's time stands against a visit that begins then.

    Empty exactly where `Diary.starts` has the step, of a start that is on a step and a
    diary that is made of the same hours and blocks.
    """
    own = _stretch(start, visit.length)
    around = (
        start - _whole(visit.before),
        own[1] + _whole(visit.after),
    )
    found = [
        _against(block, own)
        for block in blocks
        if _meets(grid, block, own if block.reason in ABSENCES else around)
    ]
    wanted = grid.touched([own])
    if not found and wanted & ~working:
        found.append(Obstacle(Reason.NOT_WORKING))
    order = list(Reason)
    return sorted(found, key=lambda one: order.index(one.reason))


def _against(block: Block, own: Span) -> Obstacle:
    core = block.core or (block.since, block.until)
    is_around = block.reason not in ABSENCES and not _overlap(core, own)
    reason = Reason.BUFFER if is_around else block.reason
    return Obstacle(reason, block.since, block.until, block.source)


def _meets(grid: Grid, block: Block, span: Span) -> bool:
    """Whether both touch one step; a block takes each step whole."""
    return bool(grid.touched([(block.since, block.until)]) & grid.touched([span]))


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _stretch(start: datetime, minutes: int) -> Span:
    return start, start + _whole(minutes)


def _whole(minutes: int) -> timedelta:
    return steps_for(minutes) * STEP
