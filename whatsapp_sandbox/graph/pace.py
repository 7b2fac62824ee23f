"""How fast messages may be sent: to one number's throughput, to one recipient."""

from __future__ import annotations

from collections.abc import Hashable

PAIR_INTERVAL_SECONDS = 6.0
PAIR_BURST = 45
TOLERANCE_SECONDS = 1e-6


class Pace:
    """Leaky buckets: how many seconds each is filled, and when that was so.

    Limits of the Cloud API: a number's throughput, here with a burst of one second;
    1 message per 6 s to one recipient with a burst of 45 borrowed from the future.
    """

    def __init__(self) -> None:
        self.buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable, interval: float, burst: int, now: float) -> bool:
        """Take one place, seconds ``interval`` each; False when ``burst`` are taken."""
        filled, then = self.buckets.get(key, (0.0, now))
        filled = max(filled - max(now - then, 0.0), 0.0)
        free = filled + interval <= interval * burst + TOLERANCE_SECONDS
        self.buckets[key] = (filled + interval if free else filled, now)
        return free

    def take_throughput(self, number_id: str, per_second: int, now: float) -> bool:
        return self.take(number_id, 1 / per_second, per_second, now)

    def take_pair(self, number_id: str, recipient: str, now: float) -> bool:
        return self.take((number_id, recipient), PAIR_INTERVAL_SECONDS, PAIR_BURST, now)
