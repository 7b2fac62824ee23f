"""Phone numbers in E.164, the form WhatsApp wants."""

import phonenumbers


def e164(number: str | None, country_code: str | None) -> str | None:
    """The number as `+<country><subscriber>`, or None if it is no valid number.

    `country_code` is the ISO 3166 code taken for numbers without a plus sign.
    """
    try:
        parsed = phonenumbers.parse(number or "", country_code or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def wa_id_to_e164(wa_id: str) -> str:
    """WhatsApp ids are E.164 without plus sign; so they would parse as national."""
    return f"+{wa_id.lstrip('+')}"
