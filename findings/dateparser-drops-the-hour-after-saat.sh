#!/usr/bin/env bash
# dateparser 1.5.0
#
# In Turkish "saat 14:30" means "at 14:30", and dateparser understands it alone ("saat
# 15:30") and after a full date ("5 Aralık 2026 saat 14:30"). After "yarın" (tomorrow) the
# hour is dropped: the answer is tomorrow at the present time of day. After a date without
# a year "saat 15" (at 15) becomes the year 2115. Neither is an error or None.
#
# "Yarın saat 14:30" is how patients write it. An appointment booked from the answer is on
# the right day at the hour of the chat.
#
# Seen (the present being 30 November 2026, 09:00):
#   saat 15:30                -> 2026-11-30 15:30
#   5 Aralık 2026 saat 14:30  -> 2026-12-05 14:30
#   yarın 14:30               -> 2026-12-01 14:30
#   yarın saat 14:30          -> 2026-12-01 09:00
#   5 Aralık saat 15          -> 2115-12-05 00:00
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  dateparser==1.5.0 python-dateutil==2.9.0.post0 pytz==2026.6 \
  regex==2026.11.19 six==1.17.0 tzlocal==5.4.5
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import datetime

import dateparser

SETTINGS = {
    "RELATIVE_BASE": datetime(2026, 11, 30, 9, 0),
    "PREFER_DATES_FROM": "future",
}
SEEN = {
    "saat 15:30": datetime(2026, 11, 30, 15, 30),
    "5 Aralık 2026 saat 14:30": datetime(2026, 12, 5, 14, 30),
    "yarın 14:30": datetime(2026, 12, 1, 14, 30),
    "yarın saat 14:30": datetime(2026, 12, 1, 9, 0),
    "5 Aralık saat 15": datetime(2115, 12, 5),
}

answers = {}
for text in SEEN:
    answers[text] = dateparser.parse(text, languages=["tr"], settings=SETTINGS)
    print(f"{text:<25} -> {answers[text]:%Y-%m-%d %H:%M}")

assert answers == SEEN
PYTHON
