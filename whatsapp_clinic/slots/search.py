"""Where a visit can begin: with whom, in which room, and which times go first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

from .grid import STEP_MINUTES, Grid, room_for, steps_for, steps_of, stretches_of


@dataclass(frozen=True)
class Visit:
    """How long a visit takes, and what is needed before and after it, in minutes.

    The visit itself lies in working time. What is needed around it may lie outside, but
    not where somebody is taken.
    """

    length: int
    before: int = 0
    after: int = 0

    def __post_init__(self):
        if self.length <= 0 or self.before < 0 or self.after < 0:
            raise ValueError("A visit takes some minutes, and none less than 0 around.")


@dataclass(frozen=True)
class Diary:
    """One person's or room's time, as steps: when it works, and when it is taken."""

    key: int
    working: int
    taken: int = 0

    def starts(self, grid: Grid, visit: Visit) -> int:
        """Steps at which a visit can begin."""
        length, before = steps_for(visit.length), steps_for(visit.before)
        around = before + length + steps_for(visit.after)
        free = grid.full & ~self.taken
        return room_for(self.working & free, length) & room_for(free, around) << before

    def tidy(self, grid: Grid, visit: Visit, shortest: int) -> int:
        """Steps at which one can begin without leaving a hole that nobody fits in.

        A hole is free working time that is shorter than the shortest visit (minutes).
        """
        free = self.working & grid.full & ~self.taken
        usable = room_for(free, steps_for(shortest))
        before, after = steps_for(visit.before), steps_for(visit.after)
        until = steps_for(visit.length) + after
        none_before = ~(free << 1) | usable << steps_for(shortest)
        none_after = ~free | usable
        return self.starts(grid, visit) & none_before << before & none_after >> until


@dataclass(frozen=True)
class Session:
    """A visit of several at once that is there already, with places left or none."""

    step: int
    person: int
    room: int | None
    places_left: int


@dataclass(frozen=True)
class Offer:
    """A time for a visit (naive UTC), with whom, and where a room is needed."""

    start: datetime
    person: int
    room: int | None = None


@dataclass(frozen=True)
class World:
    """All that is known for one question.

    ``begins`` are the steps at which a visit may begin at all (notice, horizon, marks
    of the clock). Without ``rooms`` none is needed; an empty tuple is no room at all.
    """

    grid: Grid
    people: tuple[Diary, ...]
    begins: int
    rooms: tuple[Diary, ...] | None = None
    sessions: tuple[Session, ...] = field(default=())

    def starts(self, visit: Visit) -> dict[int, int]:
        """Steps at which a visit can begin, by the person."""
        begins = self.begins & self.grid.full & self._with_room(visit)
        return {one.key: one.starts(self.grid, visit) & begins for one in self.people}

    def offers(
        self, visit: Visit, limit: int, shortest: int = 0, zone: ZoneInfo | None = None
    ) -> list[Offer]:
        """The first times, one offer each: with whom, and where.

        Of several people the one goes first in whose day no hole is left that is
        shorter than ``shortest`` (minutes; 0 for any), then in their order. With
        a ``zone`` the times of its days that leave no hole go before others of the day.
        """
        starts = self.starts(visit)
        tidy = self._tidy(visit, shortest) if shortest else starts
        places = self._places()
        order = self._ordered(starts, tidy, places, zone)
        found = []
        for step in order:
            found.append(self._offer(step, visit, starts, tidy, places))
            if len(found) == limit:
                break
        return found

    def _with_room(self, visit: Visit) -> int:
        if self.rooms is None:
            return self.grid.full
        return _union(one.starts(self.grid, visit) for one in self.rooms)

    def _tidy(self, visit: Visit, shortest: int) -> dict[int, int]:
        return {one.key: one.tidy(self.grid, visit, shortest) for one in self.people}

    def _places(self) -> dict[int, Session]:
        """The session of each step that has places left: the fullest, which ends up
        full before the next one is begun."""
        found: dict[int, Session] = {}
        for one in sorted(self.sessions, key=lambda session: -session.places_left):
            if one.places_left > 0 and self.begins >> one.step & 1:
                found[one.step] = one
        return found

    def _ordered(self, starts, tidy, places, zone) -> Iterator[int]:
        all_steps = _union(starts.values()) | _union(1 << step for step in places)
        if zone is None:
            yield from steps_of(all_steps)
            return
        first = _union(
            starts.get(key, 0) & steps for key, steps in tidy.items()
        ) | _union(1 << step for step in places)
        for steps in self._days(all_steps, zone):
            yield from steps_of(steps & first)
            yield from steps_of(steps & ~first)

    def _days(self, steps: int, zone: ZoneInfo) -> Iterator[int]:
        """A set by the days of a zone."""
        day: date | None = None
        found = 0
        for step in steps_of(steps):
            at = self.grid.at(step).replace(tzinfo=timezone.utc)
            if at.astimezone(zone).date() != day:
                if found:
                    yield found
                day, found = at.astimezone(zone).date(), 0
            found |= 1 << step
        if found:
            yield found

    def _offer(self, step, visit, starts, tidy, places) -> Offer:
        at = self.grid.at(step)
        if step in places:
            return Offer(at, places[step].person, places[step].room)
        able = [key for key, steps in starts.items() if steps >> step & 1]
        person = next((key for key in able if tidy[key] >> step & 1), able[0])
        return Offer(at, person, self._room(step, visit))

    def _room(self, step: int, visit: Visit) -> int | None:
        rooms = self.rooms or ()
        free = (one.key for one in rooms if one.starts(self.grid, visit) >> step & 1)
        return next(free, None)


def lost_minutes(grid: Grid, diary: Diary, shortest: int) -> int:
    """Minutes of free working time in holes that the shortest visit does not fit in."""
    free = diary.working & grid.full & ~diary.taken
    needed = steps_for(shortest)
    holes = (until - since for since, until in stretches_of(free))
    return STEP_MINUTES * sum(length for length in holes if length < needed)


def _union(sets: Iterable[int]) -> int:
    found = 0
    for steps in sets:
        found |= steps
    return found
