"""Phone numbers as the Cloud API reads them."""

from __future__ import annotations

import re

SEPARATORS = re.compile(r"[\s()-]")
DIGITS = re.compile(r"[0-9]{7,15}")
ONE_DIGIT_ZONES = ("1", "7")
SHARED_PREFIXES = re.compile(r"2[1-69]|3[578]|42|5[09]|6[7-9]|8[03578]|9[679]")


def country_code(wa_id: str) -> str:
    """Return the calling code that ``wa_id`` (digits, international) begins with.

    ITU E.164: one digit in zones 1 and 7, three where the first two are shared.
    """
    if wa_id[0] in ONE_DIGIT_ZONES:
        return wa_id[0]
    return wa_id[:3] if SHARED_PREFIXES.match(wa_id) else wa_id[:2]


def wa_id(number: str, sender: str) -> str | None:
    """Return the digits WhatsApp knows ``number`` by, None if it is no phone number.

    Without a leading ``+`` the calling code of ``sender`` (digits) is put in front
    (Cloud API, send-messages: "(631) 555-1234" from an Indian number goes to +91...).
    """
    compact = SEPARATORS.sub("", number)
    digits = compact[1:] if compact.startswith("+") else country_code(sender) + compact
    return digits if DIGITS.fullmatch(digits) else None
