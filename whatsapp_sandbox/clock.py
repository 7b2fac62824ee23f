"""The sandbox's clock: the machine's clock plus an offset that tests move."""

import time


class Clock:
    def __init__(self) -> None:
        self.offset_seconds = 0.0

    def now(self) -> float:
        """Seconds since the epoch (UTC), as the sandbox sees them."""
        return time.time() + self.offset_seconds

    def set(self, epoch_seconds: float) -> None:
        """Make ``now`` answer ``epoch_seconds`` from this moment on."""
        self.offset_seconds = epoch_seconds - time.time()
