#!/usr/bin/env bash
# python-stdnum 2.2 and phonenumbers 9.0.43
#
# A Turkish tax number (vkn) has ten digits, as a Turkish mobile has without its 0. The
# check digit is all that stdnum.tr.vkn can ask about, so one in ten of the valid mobiles
# is a valid tax number as well.
#
# A product that looks for identity and tax numbers in what patients write (to mask them,
# or to warn) masks or reports the telephone of every tenth patient. The patient's own
# numbers have to be left out, or tax numbers not looked for.
#
# Seen:
#   10000 numbers from 532 111 00 00 on: 10000 valid mobiles, 1000 valid tax numbers
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  python-stdnum==2.2 phonenumbers==9.0.43
"$folder/venv/bin/python" - <<'PYTHON'
import phonenumbers
from phonenumbers import PhoneNumberType
from stdnum.tr import vkn

numbers = [f"532111{last:04}" for last in range(10_000)]
parsed = [phonenumbers.parse(number, "TR") for number in numbers]
mobiles = sum(
    phonenumbers.is_valid_number(number)
    and phonenumbers.number_type(number) == PhoneNumberType.MOBILE
    for number in parsed
)
taxes = sum(vkn.is_valid(number) for number in numbers)
print(
    f"{len(numbers)} numbers from 532 111 00 00 on:"
    f" {mobiles} valid mobiles, {taxes} valid tax numbers"
)

assert mobiles == len(numbers)
assert taxes == 1000, taxes
PYTHON
