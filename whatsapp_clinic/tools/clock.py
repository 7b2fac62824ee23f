"""The one clock of the addon.

Everything that compares a due time asks here and passes the answer to SQL as a
parameter, so that tests can freeze time and a demonstration can move it.
"""

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

# Names a file holding seconds to add to the machine's time (demonstrations, tests of
# running servers). Only who starts the server can set it.
OFFSET_FILE = "WHATSAPP_CLINIC_CLOCK_FILE"
# How far another clock may be ahead of this one.
TOLERANCE = timedelta(minutes=5)


def now() -> datetime:
    """The present time, naive UTC as Odoo stores it, in whole seconds."""
    return precise_now().replace(microsecond=0)


def precise_now() -> datetime:
    """The present time, naive UTC, with microseconds (queue columns)."""
    return datetime.now(timezone.utc).replace(tzinfo=None) + _offset()


def believed(at: datetime) -> datetime:
    """When something happened by another clock (naive UTC).

    One that is far ahead is not believed: nothing later could undo what happened, and
    what it opened would stay open.
    """
    present = now()
    return at if at <= present + TOLERANCE else present


def told(at: datetime | None) -> datetime:
    """When something happened (naive UTC) that a webhook dates with a zone, or not.

    What is not dated happens when it is read.
    """
    return believed(at.replace(tzinfo=None)) if at else now()


def in_zone(at: datetime, zone: str) -> datetime:
    """A moment (naive UTC) by the clock of a time zone, aware."""
    return at.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone))


def from_zone(wall: datetime, zone: str) -> datetime:
    """When a clock of a time zone shows a time (naive), as naive UTC.

    Of an hour that comes twice it is the first; one that is left out is after the gap.
    """
    aware = wall.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(timezone.utc).replace(tzinfo=None)


def _offset() -> timedelta:
    path = os.environ.get(OFFSET_FILE)
    if not path:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(path).read_text() or 0))
    except (OSError, ValueError):
        return timedelta()
