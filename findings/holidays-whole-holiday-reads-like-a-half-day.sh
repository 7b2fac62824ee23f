#!/usr/bin/env bash
# holidays 0.109
#
# The hour at which the eve of a feast becomes a holiday (13:00) stands nowhere but in the
# name, "(saat 13.00'ten)". On 23 April 2029 the eve of Kurban Bayramı falls on a national
# holiday, on 1 January 2033 that of Ramazan Bayramı on New Year. Asked for whole and half
# days together, holidays joins both names with the eve first: a day that is free from
# morning to evening carries the same mark as an afternoon, and its name does not say
# which part wins.
#
# A clinic's calendar that closes at 13:00 where the name says so offers patients the
# morning of a public holiday. The two categories have to be asked apart.
#
# Seen:
#   2028-10-28: Cumhuriyet Bayramı (saat 13.00'ten) [half_day]
#   2029-04-23: Kurban Bayramı (saat 13.00'ten); Ulusal Egemenlik ve Çocuk Bayramı [half_day, public]
#   2033-01-01: Ramazan Bayramı (saat 13.00'ten) (tahmini); Yılbaşı [half_day, public]
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  holidays==0.109 python-dateutil==2.9.0.post0 six==1.17.0
"$folder/venv/bin/python" - <<'PYTHON'
import holidays

YEARS = (2028, 2029, 2033)
CATEGORIES = ("half_day", "public")
SEEN = {
    "2028-10-28": ("Cumhuriyet Bayramı (saat 13.00'ten)", ["half_day"]),
    "2029-04-23": (
        "Kurban Bayramı (saat 13.00'ten); Ulusal Egemenlik ve Çocuk Bayramı",
        ["half_day", "public"],
    ),
    "2033-01-01": (
        "Ramazan Bayramı (saat 13.00'ten) (tahmini); Yılbaşı",
        ["half_day", "public"],
    ),
}


def of(*categories):
    return holidays.country_holidays(
        "TR", years=YEARS, language="tr", categories=categories
    )


together = of(*CATEGORIES)
apart = {category: of(category) for category in CATEGORIES}
answers = {}
for day in SEEN:
    found_in = [category for category in CATEGORIES if day in apart[category]]
    answers[day] = (together[day], found_in)
    print(f"{day}: {together[day]} [{', '.join(found_in)}]")

assert answers == SEEN
PYTHON
