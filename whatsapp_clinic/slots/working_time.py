"""When somebody works: hours of a week by a wall clock, as steps of a grid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from .grid import STEP_MINUTES, Grid, Span

_DAY = timedelta(days=1)
_WHOLE_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """Part of a day of the week: 0 is Monday; minutes of its wall clock, to 1440.

    ``week`` is 0 or 1 where two weeks take turns, as Odoo counts them, else None;
    ``first`` and ``last`` are the days between which the hours count.
    """

    weekday: int
    since: int
    until: int
    week: int | None = None
    first: date | None = None
    last: date | None = None

    def counts_on(self, day: date) -> bool:
        return (
            day.weekday() == self.weekday
            and self.week in (None, week_of(day))
            and (self.first or day) <= day <= (self.last or day)
        )


def week_of(day: date) -> int:
    """Which of two weeks that take turns a day is in, by Odoo's count of them."""
    return (day.toordinal() - 1) // 7 % 2


def moment(
    day: date, minutes: int, zone: ZoneInfo, *, is_end: bool = False
) -> datetime:
    """When a wall clock shows so many minutes of a day (naive UTC).

    What the clock shows twice begins the first time and ends the second; what it never
    shows, because it was put forward, is the moment of that change.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    found = _utc(wall.replace(tzinfo=zone, fold=int(is_end)))
    if _wall(found, zone) == wall:
        return found
    return _change(found, zone)


def working_steps(grid: Grid, hours: Iterable[Hours], zone: ZoneInfo) -> int:
    """The steps of a grid that lie wholly in working hours by a zone's wall clock.

    Hours that follow one another without a gap are one, over midnight too.
    """
    hours, found = tuple(hours), 0
    for day, offset in _days(grid, zone):
        counting = tuple(one for one in hours if one.counts_on(day))
        if not counting:
            continue
        if offset is None:
            found |= grid.within(_joined(_spans(counting, day, zone)))
            continue
        steps = _steps(tuple((one.since, one.until) for one in counting))
        found |= steps << offset if offset >= 0 else steps >> -offset
    return found & grid.full


def wall_steps(grid: Grid, minutes: int, zone: ZoneInfo) -> int:
    """The steps that begin when a wall clock shows a multiple of so many minutes.

    Raises ValueError for what is no multiple of a step.
    """
    if minutes <= 0 or minutes % STEP_MINUTES:
        raise ValueError(f"Visits begin every {STEP_MINUTES} minutes, or a multiple.")
    if minutes == STEP_MINUTES:
        return grid.full
    found = 0
    for day, offset in _days(grid, zone):
        if offset is None:
            found |= _wall_steps_on(grid, day, minutes, zone)
            continue
        steps = _marks(minutes)
        found |= steps << offset if offset >= 0 else steps >> -offset
    return found & grid.full


def day_spans(days: Iterable[date], zone: ZoneInfo) -> Iterator[Span]:
    """From midnight to midnight of each day, by a zone's wall clock."""
    for day in days:
        yield moment(day, 0, zone), moment(day + _DAY, 0, zone)


@lru_cache(maxsize=64)
def _days(grid: Grid, zone: ZoneInfo) -> tuple[tuple[date, int | None], ...]:
    """Each day of the zone that a grid touches, with the step at which it begins.

    None where the day has not 24 hours, or does not begin with a step.
    """
    day = _wall(grid.at(0), zone).date()
    last = _wall(grid.at(grid.size), zone).date()
    found, begin = [], moment(day, 0, zone)
    while day <= last:
        end = moment(day + _DAY, 0, zone)
        is_plain = end - begin == _DAY and grid.at(grid.floor(begin)) == begin
        found.append((day, grid.floor(begin) if is_plain else None))
        day, begin = day + _DAY, end
    return tuple(found)


def _spans(hours: Iterable[Hours], day: date, zone: ZoneInfo) -> Iterator[Span]:
    for one in hours:
        yield (
            moment(day, one.since, zone),
            moment(day, one.until, zone, is_end=one.until != _WHOLE_DAY),
        )


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap or follow one another at once, as one."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


@lru_cache(maxsize=512)
def _steps(parts: tuple[tuple[int, int], ...]) -> int:
    """The steps of a plain day that lie wholly in these minutes of it."""
    minutes = 0
    for since, until in parts:
        minutes |= (1 << max(until, since)) - (1 << since)
    found = 0
    for step in range(_WHOLE_DAY // STEP_MINUTES):
        whole = (1 << STEP_MINUTES) - 1
        if minutes >> step * STEP_MINUTES & whole == whole:
            found |= 1 << step
    return found


@lru_cache(maxsize=64)
def _marks(minutes: int) -> int:
    return sum(1 << mark // STEP_MINUTES for mark in range(0, _WHOLE_DAY, minutes))


def _wall_steps_on(grid: Grid, day: date, minutes: int, zone: ZoneInfo) -> int:
    begin, end = moment(day, 0, zone), moment(day + _DAY, 0, zone)
    found = 0
    for step in range(max(grid.ceiling(begin), 0), min(grid.ceiling(end), grid.size)):
        wall = _wall(grid.at(step), zone)
        if (wall.hour * 60 + wall.minute) % minutes == 0 and not wall.second:
            found |= 1 << step
    return found


def _utc(aware: datetime) -> datetime:
    return aware.astimezone(timezone.utc).replace(tzinfo=None)


def _wall(moment_: datetime, zone: ZoneInfo) -> datetime:
    aware = moment_.replace(tzinfo=timezone.utc).astimezone(zone)
    return aware.replace(tzinfo=None, fold=0)


def _change(after: datetime, zone: ZoneInfo) -> datetime:
    """The moment, near another, at which the clock is put forward."""
    low, high = after - _DAY, after + _DAY
    offset = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if _offset(middle, zone) == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _offset(moment_: datetime, zone: ZoneInfo) -> timedelta:
    return _wall(moment_, zone) - moment_
