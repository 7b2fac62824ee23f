"""Time as a row of steps, and a set of steps as one integer.

All moments are naive and in UTC. Bit ``k`` of a set stands for the step that begins
``k`` steps after the grid does; what is said of a whole set (joined, cut, shifted) is
one operation on an integer, however many days it covers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

STEP_MINUTES = 5
STEP = timedelta(minutes=STEP_MINUTES)
STEPS_OF_A_DAY = 24 * 60 // STEP_MINUTES
_EPOCH = datetime(1970, 1, 1)

Span = tuple[datetime, datetime]


def steps_for(minutes: int) -> int:
    """How many steps a time takes, the last one whole."""
    return -(-minutes // STEP_MINUTES)


@dataclass(frozen=True)
class Grid:
    """A stretch of time: ``size`` steps from step ``first``, counted from 1970."""

    first: int
    size: int

    @classmethod
    def over(cls, since: datetime, until: datetime) -> "Grid":
        """The steps that a stretch of time touches."""
        first = (since - _EPOCH) // STEP
        return cls(first, max(-((_EPOCH - until) // STEP) - first, 0))

    @property
    def full(self) -> int:
        """Every step."""
        return (1 << self.size) - 1

    def at(self, step: int) -> datetime:
        """When a step begins."""
        return _EPOCH + (self.first + step) * STEP

    def floor(self, moment: datetime) -> int:
        """The step in which a moment lies, which may be outside."""
        return (moment - _EPOCH) // STEP - self.first

    def ceiling(self, moment: datetime) -> int:
        """The first step that begins at a moment or after it."""
        return -((_EPOCH - moment) // STEP) - self.first

    def within(self, spans: Iterable[Span]) -> int:
        """Steps that lie wholly in one of these: what is free, and so may be used."""
        return self._joined(
            (self.ceiling(since), self.floor(until)) for since, until in spans
        )

    def touched(self, spans: Iterable[Span]) -> int:
        """Steps of which a moment lies in one of these: what is taken."""
        return self._joined(
            (self.floor(since), self.ceiling(until))
            for since, until in spans
            if since < until
        )

    def taken(self, stretches: Iterable[tuple[int, int]]) -> int:
        """The same of stretches that are counted in steps from 1970 already."""
        first = self.first
        return self._joined(
            (since - first, until - first) for since, until in stretches
        )

    def from_step(self, step: int) -> int:
        """Every step from one on."""
        return self.full >> max(step, 0) << max(step, 0)

    def _joined(self, stretches: Iterable[tuple[int, int]]) -> int:
        found, size = 0, self.size
        for since, until in stretches:
            since, until = max(since, 0), min(until, size)
            if since < until:
                found |= (1 << until) - (1 << since)
        return found


def steps_of(steps: int) -> Iterator[int]:
    """The steps of a set, in their order."""
    while steps:
        lowest = steps & -steps
        yield lowest.bit_length() - 1
        steps ^= lowest


def stretches_of(steps: int) -> Iterator[tuple[int, int]]:
    """The stretches of a set: from which step, and up to which, it has every step."""
    at = 0
    while steps:
        gap = (steps & -steps).bit_length() - 1
        steps >>= gap
        length = (~steps & (steps + 1)).bit_length() - 1
        yield at + gap, at + gap + length
        steps >>= length
        at += gap + length


def room_for(steps: int, length: int) -> int:
    """Steps from which on a set has so many in a row."""
    done = 1
    while done < length:
        more = min(done, length - done)
        steps &= steps >> more
        done += more
    return steps
