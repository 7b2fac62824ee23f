"""Rates that WhatsApp allows: per number and per recipient. Nothing here sleeps."""

import math
import threading
import time
from collections.abc import Callable, Iterable

_RECOVERY = 60.0
_SLOWEST = 1 / 16
_SAME_BURST = 1.0
_ROUNDING = 1e-9
_PAIR_INTERVAL = 6.0
PAIR_BURST = 45
PAIR_MEMORY = 2 * PAIR_BURST * _PAIR_INTERVAL
"""Seconds after which an earlier message cannot delay a new one any more."""


class TokenBucket:
    """Permits up to ``rate`` messages a second, and ``burst`` of them at once.

    Thread-safe; ``clock`` gives seconds and never goes back.

    A business number may send 80 messages a second, or 1000 after an upgrade (Cloud
    API, throughput). When WhatsApp finds it too fast all the same (130429),
    ``slow_down`` halves the rate, which grows back to the full one within a minute.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ):
        if rate <= 0 or burst < 1:
            raise ValueError("rate must be above 0 and burst at least 1")
        self._full_rate = rate
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._clock = clock
        self._updated = clock()
        self._slowed = -math.inf
        self._lock = threading.Lock()

    def take(self, count: int = 1) -> int:
        """Take up to ``count`` permissions and return how many were granted."""
        with self._lock:
            self._refill()
            granted = max(0, min(count, math.floor(self._tokens + _ROUNDING)))
            self._tokens -= granted
            return granted

    def wait_time(self, count: int = 1) -> float:
        """Seconds until ``count`` permissions (at most a burst) can be had at once."""
        with self._lock:
            self._refill()
            missing = min(count, self._burst) - self._tokens
            return missing / self._rate if missing > _ROUNDING else 0.0

    def forget_savings(self) -> None:
        """Keep at most one permission: who sent elsewhere meanwhile used the rest."""
        with self._lock:
            self._refill()
            self._tokens = min(self._tokens, 1.0)

    def slow_down(self) -> None:
        """Halve the rate and empty the bucket; once for all refusals of one second."""
        with self._lock:
            self._refill()
            if self._updated - self._slowed < _SAME_BURST:
                return
            self._slowed = self._updated
            self._rate = max(self._rate / 2, self._full_rate * _SLOWEST)
            self._tokens = 0.0

    def _refill(self) -> None:
        now = self._clock()
        elapsed = max(0.0, now - self._updated)
        self._updated = now
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        growth = elapsed * self._full_rate / _RECOVERY
        self._rate = min(self._full_rate, self._rate + growth)


def pair_wait(sent: Iterable[float], now: float) -> float:
    """Seconds until the next message to a recipient is permitted; 0.0 for at once.

    ``sent`` are the times (seconds, ascending, the same clock as ``now``) of what this
    number sent to the recipient within the last ``PAIR_MEMORY``. Pair limit: Cloud API,
    1 message per 6 s per recipient; up to 45 within 6 s are borrowed from the future,
    so that after a burst of n the next waits n times 6 s (131056 otherwise).
    """
    started, count = -math.inf, 0
    for at in sent:
        if at >= started + count * _PAIR_INTERVAL - _ROUNDING:
            started, count = at, 0
        count += 1
    if now - started < _PAIR_INTERVAL and count < PAIR_BURST:
        return 0.0
    return max(0.0, started + count * _PAIR_INTERVAL - now) if count else 0.0
