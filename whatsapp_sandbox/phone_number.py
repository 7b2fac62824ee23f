"""Phone numbers as the Cloud API reads them."""

from __future__ import annotations

import re
from collections.abc import Container

SEPARATORS = re.compile(r"[\s()-]")
DIGITS = re.compile(r"[0-9]{7,15}")
# No calling code begins with 0, and with one a number rarely has fewer digits.
FULL = re.compile(r"[1-9][0-9]{10,14}")
# Country, and in it up to 128 letters and digits (Cloud API, business-scoped user ids).
USER_ID = re.compile(r"[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}")
ONE_DIGIT_ZONES = ("1", "7")
# Where the 0 in front is a part of the number, not only dialled before it.
KEEPING_ZERO = ("39",)
SHARED_PREFIXES = re.compile(r"2[1-69]|3[578]|42|5[09]|6[7-9]|8[03578]|9[679]")


def country_code(wa_id: str) -> str:
    """Return the calling code that ``wa_id`` (digits, international) begins with.

    ITU E.164: one digit in zones 1 and 7, three where the first two are shared.
    """
    if wa_id[0] in ONE_DIGIT_ZONES:
        return wa_id[0]
    return wa_id[:3] if SHARED_PREFIXES.match(wa_id) else wa_id[:2]


def is_user_id(text: str) -> bool:
    return USER_ID.fullmatch(text) is not None


def digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def wa_id(
    number: str, sender: str, known: Container[str] = (), always_national: bool = False
) -> str | None:
    """Return the digits WhatsApp knows ``number`` by, None if it is no phone number.

    What has no ``+``, is no full number by its looks and is not ``known`` (the digits
    of patients) gets the calling code of ``sender`` (digits) in front (Cloud API,
    send-messages: "(631) 555-1234" from an Indian number goes to +91...). Read to the
    letter, as ``always_national`` does, that sentence is for every number without
    ``+``, and an answer to a webhook's own ``from`` would go to a stranger. The 0 that
    is dialled before a national number is no part of it.
    """
    compact = SEPARATORS.sub("", number)
    if compact.startswith("+"):
        digits = compact[1:]
    elif not always_national and (FULL.fullmatch(compact) or compact in known):
        digits = compact
    else:
        country = country_code(sender)
        keeps_zero = country in KEEPING_ZERO
        digits = country + (compact if keeps_zero else compact.removeprefix("0"))
    return digits if DIGITS.fullmatch(digits) else None
