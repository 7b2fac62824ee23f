"""The slow, obvious twin of `slots`: every minute is looked at by itself."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from whatsapp_clinic.slots import (
    Block,
    Diary,
    Grid,
    Hours,
    Reason,
    Visit,
    working_steps,
)

MINUTE = timedelta(minutes=1)
# Where the clock changes in the days of the worlds, or keeps a quarter of an hour.
DAYS = {
    "Europe/Istanbul": date(2026, 12, 7),
    "Europe/Berlin": date(2027, 3, 27),
    "Europe/London": date(2026, 10, 24),
    "America/Santiago": date(2027, 4, 3),
    "America/Havana": date(2026, 10, 31),
    "Africa/Cairo": date(2027, 4, 29),
    "Australia/Lord_Howe": date(2027, 4, 3),
    "Asia/Kathmandu": date(2026, 12, 7),
    "Pacific/Apia": date(2026, 12, 7),
}
LENGTH = timedelta(days=3)


@dataclass
class Person:
    """Somebody, or a room: hours of the week and what takes their time."""

    hours: tuple[Hours, ...]
    blocks: list[Block] = field(default_factory=list)

    def diary(self, key: int, grid: Grid, zone: ZoneInfo) -> Diary:
        absences = (
            (one.since, one.until) for one in self.blocks if one.reason in ABSENT
        )
        taken = (
            (one.since, one.until) for one in self.blocks if one.reason not in ABSENT
        )
        working = working_steps(grid, self.hours, zone) & ~grid.touched(absences)
        return Diary(key, working, grid.touched(taken))


ABSENT = {Reason.LEAVE, Reason.HOLIDAY}


@dataclass
class Place:
    """A random clinic over three days, over a change of the clock or none."""

    zone: ZoneInfo
    begin: datetime
    visit: Visit
    people: list[Person]
    rooms: list[Person] | None

    @property
    def grid(self) -> Grid:
        return Grid.over(self.begin, self.begin + LENGTH)

    def starts(self, person: Person) -> set[datetime]:
        """When a visit can begin with somebody, in a room if one is needed."""
        free = self._fitting(person)
        if self.rooms is None:
            return free
        return free & {start for room in self.rooms for start in self._fitting(room)}

    def _fitting(self, person: Person) -> set[datetime]:
        works = self._working_minutes(person)
        taken = self._taken_minutes(person)
        length, before, after = (
            self.visit.length,
            self.visit.before,
            self.visit.after,
        )
        last = int(LENGTH / MINUTE)
        found = set()
        for begin in range(0, last, 5):
            own = range(begin, begin + length)
            around = range(begin - before, begin + length + after)
            if around[0] < 0 or around[-1] >= last:
                continue
            if all(works[minute] for minute in own) and not any(
                taken[minute] for minute in around
            ):
                found.add(self.begin + begin * MINUTE)
        return found

    def _working_minutes(self, person: Person) -> list[bool]:
        """By the wall clock; what an absence touches of five minutes is all of them."""
        minutes = int(LENGTH / MINUTE)
        margin = 2 * 24 * 60
        walls = [
            (self.begin + minute * MINUTE)
            .replace(tzinfo=timezone.utc)
            .astimezone(self.zone)
            .replace(tzinfo=None, fold=0)
            for minute in range(-margin, minutes + margin)
        ]
        works = [False] * len(walls)
        for day in sorted({wall.date() for wall in walls}):
            of_day = [at for at, wall in enumerate(walls) if wall.date() == day]
            for hours in person.hours:
                if not _counts(hours, day):
                    continue
                begins = [at for at in of_day if _minutes(walls[at]) >= hours.since]
                ends = [at for at in of_day if _minutes(walls[at]) < hours.until]
                for at in range(begins[0], ends[-1] + 1) if begins and ends else ():
                    works[at] = True
        works = works[margin : margin + minutes]
        away = self._minutes_of(person, absent=True)
        return [works[at] and not away[at] for at in range(minutes)]

    def _taken_minutes(self, person: Person) -> list[bool]:
        return self._minutes_of(person, absent=False)

    def _minutes_of(self, person: Person, *, absent: bool) -> list[bool]:
        found = [False] * int(LENGTH / MINUTE)
        for block in person.blocks:
            if (block.reason in ABSENT) != absent:
                continue
            for at in range(len(found)):
                moment = self.begin + at * MINUTE
                if block.since < moment + MINUTE and moment < block.until:
                    whole = at - at % 5
                    found[whole : whole + 5] = [True] * 5
        return found


def _counts(hours: Hours, day: date) -> bool:
    if day.weekday() != hours.weekday:
        return False
    if hours.week is not None and ((day - date(1, 1, 1)).days // 7) % 2 != hours.week:
        return False
    return not (
        (hours.first and day < hours.first) or (hours.last and day > hours.last)
    )


def _minutes(wall: datetime) -> int:
    return wall.hour * 60 + wall.minute


def make_place(seed: int) -> Place:
    rng = random.Random(seed)
    name = rng.choice(sorted(DAYS))
    zone = ZoneInfo(name)
    begin = datetime.combine(DAYS[name], datetime.min.time()) - timedelta(hours=12)
    visit = Visit(
        rng.choice((5, 15, 30, 45, 90)),
        rng.choice((0, 0, 5, 10)),
        rng.choice((0, 0, 5, 15)),
    )
    people = [_person(rng, begin) for _ in range(rng.randint(1, 2))]
    rooms = None
    if rng.random() < 0.4:
        rooms = [_person(rng, begin) for _ in range(rng.randint(1, 2))]
    return Place(zone, begin, visit, people, rooms)


def _person(rng: random.Random, begin: datetime) -> Person:
    hours = []
    for weekday in range(7):
        if rng.random() < 0.3:
            continue
        edges = sorted(rng.sample([*range(0, 1441, 15), 7 * 60 + 3, 13 * 60 + 58], 4))
        week = rng.choice((None, None, None, 0, 1))
        hours.append(Hours(weekday, edges[0], edges[1], week))
        if rng.random() < 0.7:
            hours.append(Hours(weekday, edges[2], edges[3], week))
    if rng.random() < 0.3:
        # Through the night.
        hours += [Hours(5, 20 * 60, 24 * 60), Hours(6, 0, 4 * 60)]
    return Person(tuple(hours), [_block(rng, begin) for _ in range(rng.randint(0, 6))])


def _block(rng: random.Random, begin: datetime) -> Block:
    since = begin + rng.randrange(int(LENGTH / MINUTE)) * MINUTE
    length = rng.choice((5, 7, 20, 30, 33, 60, 240, 1500))
    reason = rng.choice(
        (
            Reason.APPOINTMENT,
            Reason.APPOINTMENT,
            Reason.APPOINTMENT,
            Reason.LEAVE,
            Reason.HOLIDAY,
        )
    )
    return Block(reason, since, since + length * MINUTE)
