"""How fast something may go on. Nothing here sleeps."""

import math
import threading
import time
from collections.abc import Callable

_RECOVERY = 60.0
_SLOWEST = 1 / 16
_SAME_BURST = 1.0
_ROUNDING = 1e-9


class TokenBucket:
    """Permits up to ``rate`` messages a second, and ``burst`` of them at once.

    Thread-safe; ``clock`` gives seconds and never goes back.

    When the messenger finds it too fast all the same, ``slow_down`` halves the rate,
    which grows back to the full one within a minute.
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
