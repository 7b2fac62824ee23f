#!/usr/bin/env bash
# icalendar 7.3.2
#
# A start with a fixed offset, as datetime.fromisoformat gives it for a time from a web
# API, is written as DTSTART;TZID="UTC+03:00" without a VTIMEZONE. Read back by the same
# version, the start has no zone at all: no error is raised or noted on the event. Written
# in UTC it comes back as it went.
#
# A mirror of a calendar that takes a start without a zone for local time or for UTC moves
# the appointment by the distance between the two: for Turkey, three hours.
#
# Seen:
#   2026-12-01T14:30:00+03:00 -> DTSTART;TZID="UTC+03:00":20261201T143000 -> 2026-12-01T14:30:00
#   2026-12-01T11:30:00+00:00 -> DTSTART:20261201T113000Z -> 2026-12-01T11:30:00+00:00
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  icalendar==7.3.2 python-dateutil==2.9.0.post0 six==1.17.0 \
  typing_extensions==4.16.0 tzdata==2026.6
PYTHONTZPATH='' "$folder/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime

import icalendar


def there_and_back(start):
    """The line that is written for `start`, the start read from it, and its errors."""
    event = icalendar.Event()
    event.add("uid", "one@clinic.example")
    event.add("dtstart", start)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//clinic.example//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    text = calendar.to_ical()
    (line,) = [line for line in text.decode().splitlines() if "DTSTART" in line]
    (read,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    print(f"{start.isoformat()} -> {line} -> {read['DTSTART'].dt.isoformat()}")
    return line, read["DTSTART"].dt, read.errors


fixed = datetime.fromisoformat("2026-12-01T14:30:00+03:00")
line, read, errors = there_and_back(fixed)
_, read_utc, _ = there_and_back(fixed.astimezone(UTC))

assert line == 'DTSTART;TZID="UTC+03:00":20261201T143000'
assert read == datetime(2026, 12, 1, 14, 30) and read.tzinfo is None
assert not errors
assert read_utc == fixed
PYTHON
