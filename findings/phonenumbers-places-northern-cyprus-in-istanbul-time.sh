#!/usr/bin/env bash
# phonenumbers 9.0.43, with tzdata 2026.6
#
# A valid number of Northern Cyprus (+90 392) is described as "Northern Cyprus", but its
# time zone is given as Europe/Istanbul. Northern Cyprus has kept the island's clock since
# October 2017 (Asia/Famagusta in tzdata), one hour behind Istanbul all winter.
#
# A product that takes a patient's time zone from the number tells a patient in Nicosia
# 15:00 for an appointment at 14:00, and reckons quiet hours an hour off, from the end of
# October to the end of March; in summer nobody notices.
#
# Seen:
#   Northern Cyprus: valid True, zones ('Europe/Istanbul',)
#   1 December 2026: 15:00 by that zone, 14:00 in Famagusta
#   1 July 2026: 15:00 by that zone, 15:00 in Famagusta
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  phonenumbers==9.0.43 tzdata==2026.6
PYTHONTZPATH='' "$folder/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import geocoder, timezone

number = phonenumbers.parse("+90 392 227 00 00")
place = geocoder.description_for_number(number, "en")
valid = phonenumbers.is_valid_number(number)
zones = timezone.time_zones_for_number(number)
print(f"{place}: valid {valid}, zones {zones}")

hours_off = {}
for name, moment in {
    "1 December 2026": datetime(2026, 12, 1, 12, tzinfo=UTC),
    "1 July 2026": datetime(2026, 7, 1, 12, tzinfo=UTC),
}.items():
    told = moment.astimezone(ZoneInfo(zones[0]))
    there = moment.astimezone(ZoneInfo("Asia/Famagusta"))
    hours_off[name] = (told.utcoffset() - there.utcoffset()).total_seconds() / 3600
    print(f"{name}: {told:%H:%M} by that zone, {there:%H:%M} in Famagusta")

assert valid and place == "Northern Cyprus"
assert zones == ("Europe/Istanbul",)
assert hours_off == {"1 December 2026": 1, "1 July 2026": 0}
PYTHON
