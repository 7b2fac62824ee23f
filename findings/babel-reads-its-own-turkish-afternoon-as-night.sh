#!/usr/bin/env bash
# Babel 2.19.0
#
# The short time of tr_CY (Turkish in Cyprus) is on the 12-hour clock: 14:30 is written
# "2:30 ÖS". parse_time with the same locale and the same format looks for the English
# "pm" only, so it reads its own text as 02:30, without an error. tr_TR (24-hour clock)
# and en_US ("PM") come back as they went.
#
# A clinic in Northern Cyprus whose program writes and reads times with the patient's
# locale moves every appointment of the afternoon into the night.
#
# Seen:
#   tr_TR: 14:30 written '14:30', read 14:30
#   en_US: 14:30 written '2:30 PM', read 14:30
#   tr_CY: 14:30 written '2:30 ÖS', read 02:30
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  babel==2.19.0
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import time

from babel.dates import format_time, parse_time

afternoon = time(14, 30)
read = {}
for locale in ("tr_TR", "en_US", "tr_CY"):
    written = format_time(afternoon, "short", locale=locale)
    read[locale] = parse_time(written, locale=locale, format="short")
    shown = " ".join(written.split())  # Babel's space is a narrow one
    print(f"{locale}: {afternoon:%H:%M} written {shown!r}, read {read[locale]:%H:%M}")

assert read == {"tr_TR": afternoon, "en_US": afternoon, "tr_CY": time(2, 30)}
PYTHON
