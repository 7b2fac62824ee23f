"""Values of JSON that may be anything, and the ids of who is meant."""

import re
from datetime import datetime, timezone
from typing import Any

# Characters of a name that a phone reports.
LONGEST_NAME = 100
# Seconds of the year 5138, milliseconds of 1973.
_MILLISECONDS = 10**11

_USER_ID = re.compile(r"[A-Z]{2}\.[0-9A-Za-z.]{1,140}")
# In words: with a digit, unlike a name such as DR.AYSE.
_USER_ID_IN_WORDS = re.compile(
    r"\b[A-Z]{2}\.(?:ENT\.)?(?=[A-Za-z]{0,128}[0-9])[0-9A-Za-z]{1,128}\b"
)
# Unicode: control characters, with every break of a line.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Unicode, bidirectional algorithm (UAX 9): what turns the direction of what follows.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Around the digits of a phone number that is written for people.
_PHONE_SIGNS = re.compile(r"[\s().+/-]")


class Unusable(Exception):
    """Why a part of a webhook cannot become an event; quotes nothing of it."""


def required(item: dict, key: str) -> str:
    """Return a text that must be there; raises ``Unusable``."""
    value = text(item.get(key))
    if not value:
        raise Unusable(f"no {key}")
    return value


def required_time(item: dict) -> datetime:
    """Return the timestamp that must be there; raises ``Unusable``."""
    moment = time(item.get("timestamp"))
    if moment is None:
        raise Unusable("no usable timestamp")
    return moment


def time(value: Any) -> datetime | None:
    """Read Unix seconds, which Meta writes as a string or as a number.

    Programs between Meta and the clinic write milliseconds, fractions or ISO 8601 (in
    UTC where no zone is named); fractions of a second are cut off.
    """
    written = number(value)
    if written is not None:
        seconds = written / 1000 if written >= _MILLISECONDS else written
        is_moment = 0 <= seconds < _MILLISECONDS
        return datetime.fromtimestamp(int(seconds), timezone.utc) if is_moment else None
    try:
        moment = datetime.fromisoformat((text(value) or "").strip())
    except ValueError:
        return None
    named = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return _in_utc(named.replace(microsecond=0))


def _in_utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        return None


def scalar(value: Any) -> str | None:
    """Return an id or number as text; Meta writes some of them either way."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value)


def number(value: Any) -> float | None:
    """Return a finite number that may be written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]+)?", value):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if abs(found) < float("inf") else None


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def name(value: Any) -> str | None:
    """Return what somebody calls themselves, in one line and cut; None for nothing.

    Lists and windows show it whole, beside what must not change its direction.
    """
    called = text(value)
    if not called:
        return None
    line = " ".join(_TURNING.sub("", _CONTROLS.sub(" ", called)).split())
    return line[:LONGEST_NAME].rstrip() or None


def digits(value: Any) -> str:
    """Return the digits of a phone number, however it is written."""
    return re.sub("[^0-9]", "", scalar(value) or "")


def is_own_number(value: dict, phone: str | None) -> bool:
    """Whether a phone number (digits) is the clinic's that a webhook is about."""
    ours = digits(dict_(value.get("metadata")).get("display_phone_number"))
    return bool(ours) and ours == phone


def flag(value: Any) -> bool:
    return value is True


def dict_(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


def dicts(value: Any) -> list[dict]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def ids(item: dict, phone_key: str, user_key: str) -> tuple[str | None, str | None]:
    """Return (wa_id, user id); a user id may stand where the phone number should."""
    phone, user_id = scalar(item.get(phone_key)), text(item.get(user_key))
    if phone and _USER_ID.fullmatch(phone):
        return None, user_id or phone
    plain = _PHONE_SIGNS.sub("", phone or "")
    return (plain if re.fullmatch("[0-9]{1,20}", plain) else None), user_id


def user_ids_in(words: str) -> list[str]:
    """The user ids that stand in a sentence, in their order."""
    return _USER_ID_IN_WORDS.findall(words)


def contact_of(value: dict, wa_id: str | None, user_id: str | None) -> dict:
    """Find the contact of somebody; contacts may be missing or in any order.

    Who is not named otherwise is the only contact.
    """
    contacts = dicts(value.get("contacts"))
    if not wa_id and not user_id and len(contacts) == 1:
        return contacts[0]
    for contact in contacts:
        contact_wa_id, contact_user_id = ids(contact, "wa_id", "user_id")
        if wa_id and wa_id == contact_wa_id:
            return contact
        if user_id and user_id == contact_user_id:
            return contact
    return {}


def phone_number_id(value: dict) -> str:
    """Return which of the clinic's numbers is meant; raises ``Unusable``."""
    found = scalar(dict_(value.get("metadata")).get("phone_number_id"))
    if not found:
        raise Unusable("no phone number id")
    return found


def entry_id(entry: dict) -> str:
    return scalar(entry.get("id")) or ""


def entry_time(entry: dict) -> datetime | None:
    return time(entry.get("time"))
