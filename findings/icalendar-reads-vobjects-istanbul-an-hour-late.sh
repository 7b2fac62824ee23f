#!/usr/bin/env bash
# vobject 0.9.9 and icalendar 7.3.2, with tzdata 2026.6
#
# vobject names the zone of zoneinfo's Europe/Istanbul by the abbreviation that it had in
# the year 2000: DTSTART;TZID=EET, with a VTIMEZONE "EET" whose present offset is +03:00.
# icalendar prefers the zone EET that it knows by name (+02:00 in winter) to the VTIMEZONE
# in the file. vobject itself reads the right hour back, so a round trip shows nothing.
#
# An appointment in Istanbul sent as .ics stands an hour late in the patient's or the
# practitioner's calendar. A product should write UTC.
#
# Seen:
#   written:           2026-12-01 14:30 in Istanbul, 11:30 UTC
#   in the file:       DTSTART;TZID=EET:20261201T143000
#   read by vobject:   11:30 UTC
#   read by icalendar: 12:30 UTC
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  vobject==0.9.9 icalendar==7.3.2 python-dateutil==2.9.0.post0 \
  pytz==2026.6 six==1.17.0 typing_extensions==4.16.0 tzdata==2026.6
PYTHONTZPATH='' "$folder/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import icalendar
import vobject

start = datetime(2026, 12, 1, 14, 30, tzinfo=ZoneInfo("Europe/Istanbul"))
calendar = vobject.iCalendar()
event = calendar.add("vevent")
event.add("uid").value = "one@clinic.example"
event.add("summary").value = "Kontrol"
event.add("dtstart").value = start
text = calendar.serialize()

(line,) = [line for line in text.splitlines() if line.startswith("DTSTART;TZID")]
by_vobject = vobject.readOne(text).vevent.dtstart.value
by_icalendar = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]["DTSTART"].dt
print(
    f"written:           {start:%Y-%m-%d %H:%M} in Istanbul,"
    f" {start.astimezone(UTC):%H:%M} UTC"
)
print(f"in the file:       {line}")
print(f"read by vobject:   {by_vobject.astimezone(UTC):%H:%M} UTC")
print(f"read by icalendar: {by_icalendar.astimezone(UTC):%H:%M} UTC")

assert line == "DTSTART;TZID=EET:20261201T143000"
assert by_vobject.astimezone(UTC) == datetime(2026, 12, 1, 11, 30, tzinfo=UTC)
assert by_icalendar.astimezone(UTC) == datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
PYTHON
