"""Rates that WhatsApp allows: per number and per recipient.

Both classes are thread-safe, know nothing of sleeping, and take their clock (seconds,
monotonic) as an argument.
"""

import math
import threading
import time
from collections.abc import Callable, Hashable

_RECOVERY = 60.0
_SLOWEST = 1 / 16
_SAME_BURST = 1.0
_ROUNDING = 1e-9


class TokenBucket:
    """Permits up to ``rate`` messages a second, and ``burst`` of them at once.

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


class PairLimit:
    """Permits one message per ``interval`` seconds to each recipient, with bursts.

    Pair limit: Cloud API, 1 message per 6 s per recipient; up to 45 within 6 s are
    borrowed from the future, so that after a burst of n the next waits n times 6 s
    (131056 otherwise).
    """

    def __init__(
        self,
        interval: float = 6.0,
        burst: int = 45,
        clock: Callable[[], float] = time.monotonic,
    ):
        if interval <= 0 or burst < 1:
            raise ValueError("interval must be above 0 and burst at least 1")
        self._interval = interval
        self._burst = burst
        self._clock = clock
        self._bursts: dict[Hashable, tuple[float, int]] = {}
        self._tidy_at = 1024
        self._lock = threading.Lock()

    def take(self, recipient: Hashable) -> bool:
        """Take the permission to send this recipient one message, if there is one."""
        with self._lock:
            now = self._clock()
            if self._wait(recipient, now) > 0:
                return False
            started, count = self._bursts.get(recipient, (now, 0))
            if self._settled(started, count, now):
                started, count = now, 0
            self._bursts[recipient] = (started, count + 1)
            self._tidy(now)
            return True

    def wait_time(self, recipient: Hashable) -> float:
        """Seconds until the next message to this recipient is permitted."""
        with self._lock:
            return self._wait(recipient, self._clock())

    def _wait(self, recipient: Hashable, now: float) -> float:
        if recipient not in self._bursts:
            return 0.0
        started, count = self._bursts[recipient]
        in_burst = now - started < self._interval and count < self._burst
        if in_burst or self._settled(started, count, now):
            return 0.0
        return started + count * self._interval - now

    def _settled(self, started: float, count: int, now: float) -> bool:
        return now >= started + count * self._interval - _ROUNDING

    def _tidy(self, now: float) -> None:
        """Forget recipients without debt, so that memory does not grow with time."""
        if len(self._bursts) < self._tidy_at:
            return
        self._bursts = {
            recipient: (started, count)
            for recipient, (started, count) in self._bursts.items()
            if not self._settled(started, count, now)
        }
        self._tidy_at = max(1024, 2 * len(self._bursts))
