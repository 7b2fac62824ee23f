"""Phone numbers: as people write them, in E.164, and which are one telephone."""

import re
from dataclasses import dataclass

import phonenumbers

# phonenumbers itself reads no longer texts.
_MAX_TEXT = 250
_MOBILE = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
)
# A spreadsheet took the number for an amount.
_DECIMALS = re.compile(r"(?<=\d{7})\.0+\s*$")
# Letters would be read as the digits of an old keypad.
_PLAIN = re.compile(r"[+\d\s().\-/\u2010-\u2015\u00a0\u200e\u202a\u202c]+")
_NUMBER = re.compile(r"(?:\+|\(\+|\()?\d[\d\s().\-\u2010-\u2015\u00a0]*")
_USER_ID = re.compile(r"[A-Z]{2}(\.ENT)?\.[0-9A-Za-z]{1,128}")


@dataclass(frozen=True)
class Reading:
    """What a text about a telephone says: the number, and what stood around it."""

    number: phonenumbers.PhoneNumber
    note: str = ""

    @property
    def e164(self) -> str:
        return _format(self.number, phonenumbers.PhoneNumberFormat.E164)

    @property
    def international(self) -> str:
        """Spaced for people: +90 532 111 00 02."""
        return _format(self.number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    @property
    def is_mobile(self) -> bool:
        return phonenumbers.number_type(self.number) in _MOBILE


def read(text: str | None, country_code: str | None) -> Reading | None:
    """The first valid number of a text; None if there is none.

    `country_code` is the ISO 3166 code taken for numbers without a plus sign.
    Extensions, words and further numbers become the note. A user id of WhatsApp is no
    number, whatever digits are in it.
    """
    text = _DECIMALS.sub("", (text or "").strip())
    if not text or len(text) > _MAX_TEXT or is_user_id(text):
        return None
    number = _PLAIN.fullmatch(text) and _parse(text, country_code)
    if number:
        return Reading(number)
    for found in _NUMBER.finditer(text):
        for end in _ends(found):
            number = _parse(text[found.start() : end], country_code)
            if number:
                around = (text[: found.start()], text[end:])
                return Reading(number, " ".join(filter(None, map(_trim, around))))
    return None


def e164(text: str | None, country_code: str | None) -> str | None:
    """The number of a text as `+<country><subscriber>`, None if none is valid."""
    reading = read(text, country_code)
    return reading and reading.e164


def missing_digits(text: str | None, country_code: str | None) -> int:
    """How many digits a mobile number of the country has more than the one written.

    Negative if it has fewer; 0 where that cannot be told.
    """
    parsed = _parse_any(text, country_code)
    if not parsed:
        return 0
    usual = _example(_main_region(parsed))
    # Where digits are missing, the 0 of national calls is not recognised as one.
    written = phonenumbers.national_significant_number(parsed).lstrip("0")
    return len(str(usual.national_number)) - len(written) if usual else 0


def written_region(text: str | None, country_code: str | None) -> str | None:
    """ISO 3166 code of the country whose code a number begins with, valid or not.

    None where it begins with none; `country_code` is the country that is called from.
    """
    parsed = _parse_any(text, country_code)
    has_none = phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
    if not parsed or parsed.country_code_source == has_none:
        return None
    return _main_region(parsed)


def example(country_code: str) -> str:
    """A mobile number of a country as one is written; empty where none is known."""
    number = _example(country_code)
    return (
        _format(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL) if number else ""
    )


def is_user_id(text: str | None) -> bool:
    """Whether it is a business-scoped user id: country, a dot, letters and digits."""
    return bool(_USER_ID.fullmatch((text or "").strip()))


def wa_id_to_e164(wa_id: str) -> str:
    """WhatsApp ids are E.164 without plus sign; so they would parse as national."""
    return f"+{wa_id.lstrip('+')}"


def region(number: str) -> str | None:
    """ISO 3166 code of the country of a number in E.164; None if it is of none."""
    try:
        code = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
    return None if code == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else code


def line(number: str) -> str:
    """What all ways to write one telephone have in common, digits only.

    `number` is E.164 or a WhatsApp id. Countries changed their numbers, and WhatsApp
    goes on knowing people by the one they registered with.
    """
    digits = number.lstrip("+")
    if not digits.startswith(_CHANGED):
        return digits
    for pattern, newer in _RENUMBERED:
        if re.fullmatch(pattern, digits):
            return re.sub(pattern, newer, digits)
    return digits


def forms(number: str) -> list[str]:
    """All WhatsApp ids that one telephone may have, digits only."""
    present = line(number)
    if not present.startswith(_CHANGED):
        return [present]
    older = (
        re.sub(pattern, other, present)
        for pattern, other in _OLDER_FORMS
        if re.fullmatch(pattern, present)
    )
    return [present, *older]


def spellings(number: str) -> list[str]:
    """All numbers in E.164 that may stand for one telephone, in lists of others."""
    return [wa_id_to_e164(form) for form in forms(number)]


def _parse_any(text: str | None, country_code: str | None):
    """The first thing in a text that looks like a number, valid or not."""
    found = _NUMBER.search(text or "")
    try:
        return phonenumbers.parse(
            found and found.group(), country_code or None, keep_raw_input=True
        )
    except phonenumbers.NumberParseException:
        return None


def _main_region(number) -> str:
    """Where several countries have one code: the largest of them."""
    return phonenumbers.region_code_for_country_code(number.country_code)


def _example(region_code: str):
    mobile = phonenumbers.PhoneNumberType.MOBILE
    return phonenumbers.example_number_for_type(region_code, mobile)


def _format(number, form) -> str:
    plain = phonenumbers.PhoneNumber(
        country_code=number.country_code,
        national_number=number.national_number,
        italian_leading_zero=number.italian_leading_zero,
        number_of_leading_zeros=number.number_of_leading_zeros,
    )
    return phonenumbers.format_number(plain, form)


def _parse(text: str, country_code: str | None):
    """The valid number that a text without words is, an outdated form renewed."""
    try:
        number = phonenumbers.parse(text, country_code or None)
        if not phonenumbers.is_valid_number(number):
            written = _format(number, phonenumbers.PhoneNumberFormat.E164)
            number = phonenumbers.parse(f"+{line(written)}")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _ends(found) -> list[int]:
    """Where a number may end before the next begins: after each group of digits."""
    groups = re.finditer(r"\d+", found.group())
    return [found.start() + group.end() for group in groups][::-1]


def _trim(text: str) -> str:
    """What is around a number, without what separated it."""
    trimmed = " ".join(text.split()).strip(" ,;:/|-")
    return trimmed if any(letter.isalnum() for letter in trimmed) else ""


# Countries whose numbers have more than one form.
_CHANGED = ("52", "54", "55", "225", "229")
# Former forms of a number, and the present one.
_RENUMBERED = (
    # Mexico took the 1 before mobile numbers away (2020).
    (r"521([0-9]{10})", r"52\1"),
    # Brazil put a 9 before mobile numbers (2012 to 2016).
    (r"55([1-9][0-9])([6-9][0-9]{7})", r"55\g<1>9\2"),
    # Argentina has a 9 before mobile numbers for calls from abroad only.
    (r"549([0-9]{10})", r"54\1"),
    # Ivory Coast put the operator's digits in front (2021); they follow from the
    # second digit of the former number.
    (r"225([04-9][0-3][0-9]{6})", r"22501\1"),
    (r"225([04-9][4-6][0-9]{6})", r"22505\1"),
    (r"225([04-9][7-9][0-9]{6})", r"22507\1"),
    # Benin put 01 in front (2024).
    (r"229([2-9][0-9]{7})", r"22901\1"),
)
_OLDER_FORMS = (
    (r"52([0-9]{10})", r"521\1"),
    (r"55([1-9][0-9])9([6-9][0-9]{7})", r"55\1\2"),
    (r"54([0-9]{10})", r"549\1"),
    (r"22501([04-9][0-3][0-9]{6})", r"225\1"),
    (r"22505([04-9][4-6][0-9]{6})", r"225\1"),
    (r"22507([04-9][7-9][0-9]{6})", r"225\1"),
    (r"22901([2-9][0-9]{7})", r"229\1"),
)
