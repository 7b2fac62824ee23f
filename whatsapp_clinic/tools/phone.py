"""Phone numbers in E.164, the form WhatsApp wants."""

import re

import phonenumbers


def e164(number: str | None, country_code: str | None) -> str | None:
    """The number as `+<country><subscriber>`, or None if it is no valid number.

    `country_code` is the ISO 3166 code taken for numbers without a plus sign. A user
    id of WhatsApp is no number, whatever digits are in it.
    """
    if is_user_id(number):
        return None
    try:
        parsed = phonenumbers.parse(number or "", country_code or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


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


def same_line(wa_id: str) -> list[str]:
    """Other WhatsApp ids of the same telephone, digits only.

    In Mexico mobile numbers lost a 1 after the country code, in Brazil they got a 9
    after the area code; WhatsApp knows some of them in the old form (Cloud API, phone
    number formats).
    """
    for pattern, other in _FORMS:
        if re.fullmatch(pattern, wa_id):
            return [re.sub(pattern, other, wa_id)]
    return []


_USER_ID = re.compile(r"[A-Z]{2}(\.ENT)?\.[0-9A-Za-z]{1,128}")
_FORMS = (
    (r"521([0-9]{10})", r"52\1"),
    (r"52([0-9]{10})", r"521\1"),
    (r"55([1-9][0-9])9([6-9][0-9]{7})", r"55\1\2"),
    (r"55([1-9][0-9])([6-9][0-9]{7})", r"55\g<1>9\2"),
)
