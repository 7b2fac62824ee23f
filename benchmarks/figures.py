"""What is measured, and what came out."""

import math
from dataclasses import dataclass

# A figure is void if less than this share of what it is about was seen.
SEEN = 0.99


class Void(Exception):
    """A run that measured something else than it should; the text says what."""


@dataclass(frozen=True)
class Metric:
    """A name that stays from release to release, and the value to reach."""

    name: str
    unit: str
    goal: float
    more_is_better: bool = True

    def is_reached(self, value: float) -> bool:
        return value >= self.goal if self.more_is_better else value <= self.goal

    def __str__(self) -> str:
        return f"{'≥' if self.more_is_better else '≤'} {self.goal:g}"


@dataclass(frozen=True)
class Figure:
    """A measured value; None if the measurement is void. `notes` are for the reader."""

    value: float | None
    peer: str | None = None
    peer_value: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the peer's."""
        if self.value is None or not self.peer_value:
            return None
        return self.value / self.peer_value


def percentile(values: list[float], share: float) -> float:
    """Nearest-rank percentile."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def check_seen(seen: int, expected: int, what: str) -> None:
    """Raises Void when less than 99 % of what was sent arrived."""
    if seen < SEEN * expected:
        raise Void(f"{seen} of {expected} {what}")


@dataclass(frozen=True)
class Damage:
    """What a run in which things broke has lost and doubled; `met` says what broke."""

    lost: int
    duplicated: int
    met: dict[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {what}" for what, count in self.met.items())
