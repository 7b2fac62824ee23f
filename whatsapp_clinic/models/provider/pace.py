"""The pace of each channel in this process; it outlives a slice."""

import threading
import time

from ...plain.token_bucket import TokenBucket

THREADS = 64
# How much of a second's rate may leave at once.
BURST_SHARE = 0.25

# Seconds after which somebody else may have sent from the channel meanwhile.
HANDOVER = 0.1

_buckets: dict[tuple, TokenBucket] = {}
_left_at: dict[tuple, float] = {}
_lock = threading.Lock()


def take_over_bucket(key: tuple, rate: float) -> TokenBucket:
    """The pace of a channel in this process, without what another may have used up.

    `key` says which channel of which database, `rate` how many messages a second.
    """
    with _lock:
        if (key, rate) not in _buckets:
            burst = max(1, rate * BURST_SHARE)
            _buckets[key, rate] = TokenBucket(rate, burst)
        if time.monotonic() - _left_at.get((key, rate), 0.0) > HANDOVER:
            _buckets[key, rate].forget_savings()
        return _buckets[key, rate]


def leave_bucket(key: tuple, rate: float) -> None:
    """Note that this process stops sending from the channel."""
    _left_at[key, rate] = time.monotonic()
