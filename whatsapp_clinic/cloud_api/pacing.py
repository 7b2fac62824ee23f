"""How fast one recipient may be written to. Nothing here sleeps."""

import math
from collections.abc import Iterable

_ROUNDING = 1e-9
_PAIR_INTERVAL = 6.0
PAIR_BURST = 45
PAIR_MEMORY = 2 * PAIR_BURST * _PAIR_INTERVAL
"""Seconds after which an earlier message cannot delay a new one any more."""


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
