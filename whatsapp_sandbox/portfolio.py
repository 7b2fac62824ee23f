"""The messaging limit: how many people a portfolio may write to first in a day."""

from __future__ import annotations

from collections import OrderedDict

DAY_SECONDS = 24 * 3600
TIERS = {
    50: "TIER_50",
    250: "TIER_250",
    2_000: "TIER_2K",
    10_000: "TIER_10K",
    100_000: "TIER_100K",
    None: "TIER_UNLIMITED",
}


class Portfolio:
    """Counts distinct recipients outside the 24-hour window over the last 24 hours.

    The numbers and accounts of a portfolio share one limit (Cloud API, since October
    2025). ``messaging_limit`` None is unlimited, times are in seconds since the epoch.
    """

    def __init__(self, id_: str, messaging_limit: int | None) -> None:
        self.id = id_
        self.messaging_limit = messaging_limit
        self.last_written: OrderedDict[str, float] = OrderedDict()

    @property
    def tier(self) -> str:
        """WhatsApp's name of the limit; it has none for a limit that it never sets."""
        return TIERS.get(self.messaging_limit, "TIER_NOT_SET")

    def used(self, now: float) -> int:
        """How many recipients count at ``now``."""
        while self.last_written:
            oldest = next(iter(self.last_written.values()))
            if now - oldest < DAY_SECONDS:
                break
            self.last_written.popitem(last=False)
        return len(self.last_written)

    def has_room(self, recipient: str, now: float) -> bool:
        """Whether ``recipient`` may be written to; who counts already always may."""
        used = self.used(now)
        if self.messaging_limit is None or recipient in self.last_written:
            return True
        return used < self.messaging_limit

    def count(self, recipient: str, now: float) -> None:
        self.last_written[recipient] = now
        self.last_written.move_to_end(recipient)
