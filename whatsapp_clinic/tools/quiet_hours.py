"""Hours of the night in which nobody wants a message, in the recipient's time zone."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")


def quiet_period(
    at: datetime, zone: str, start: float, end: float
) -> tuple[datetime, datetime] | None:
    """The quiet period that a moment falls into; None outside of it.

    `at` and the answer (first moment, first moment after it) are naive UTC; `start` and
    `end` are hours of the day in `zone`, as 21.5 for 21:30, and may span midnight.
    Equal hours mean that there is none.
    """
    local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    for days in (-1, 0):
        day = local.date() + timedelta(days=days)
        first = _moment(day, start, zone)
        last = _moment(day + timedelta(days=start > end), end, zone)
        if first <= at < last:
            return first, last
    return None


def _moment(day, hour: float, zone: str) -> datetime:
    minutes = round(hour * 60)
    local = datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(minutes=minutes)
    return local.astimezone(UTC).replace(tzinfo=None)
