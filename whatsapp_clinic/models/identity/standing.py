"""Which stops stand: the latest act counts, and on a tie the stop."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..vocabulary.stops import RANK, SOURCES


@dataclass(frozen=True)
class Act:
    """That somebody stopped messages or allowed them again.

    `at` is the time of the act (naive UTC). `company_id` was told, `root_id` is the
    root of its tree; None for both stands for everybody's (a start) or for nobody
    knows whose (a stop).
    """

    decision: str
    source: str
    at: datetime
    company_id: int | None = None
    root_id: int | None = None

    def lifts(self, stop: "Act") -> bool:
        """Whether this start ends a stop: one that is older, of a source that it may
        lift, and said to the same company tree unless it counts for every one."""
        return (
            self.decision == "start"
            and self.at > stop.at
            and stop.source in SOURCES[self.source].lifts
            and self.root_id in (None, stop.root_id)
        )


def standing(acts: Iterable[Act]) -> list[Act]:
    """The stops of one scope that no later start lifts; what is shown comes first.

    Of acts that differ in their time alone the latest is enough.
    """
    acts = list(acts)
    stops = [
        stop
        for stop in acts
        if stop.decision == "stop" and not any(act.lifts(stop) for act in acts)
    ]
    stops.sort(key=lambda stop: stop.at, reverse=True)
    return sorted(stops, key=lambda stop: RANK[stop.source])
