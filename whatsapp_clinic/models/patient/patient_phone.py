"""A patient's phone number, as it is written and as it is read."""

from ...tools.phone import Reading, example, missing_digits, read, written_region


class PatientPhone:
    """How the phone field of one contact is read, spelled and told of."""

    def __init__(self, partner):
        self.env = partner.env
        self.partner = partner

    @property
    def countries(self):
        """Whose a number without a country code may be, the likeliest first: the
        partner's country, the home branch's, the company's."""
        partner = self.partner.sudo()
        branch = partner.clinic_branch_id
        company = branch.company_id or partner.company_id or self.env.company
        return partner.country_id | branch.country_id | company._clinic_phone_country()

    def reading_of(self, text: str | bool) -> tuple:
        """How a number of the partner's is read, and the country it is read for.

        Where a number is one of several countries, of which it is a mobile number of
        one only, that is meant: the same digits are somebody's fixed line elsewhere.
        A (`Reading` or None, `res.country`).
        """
        self.partner.ensure_one()
        countries = self.countries
        likeliest = countries[:1]
        if not likeliest or (text or "").lstrip().startswith("+"):
            return read(text, likeliest.code), likeliest
        found = [(read(text, country.code), country) for country in countries]
        valid = [one for one in found if one[0]]
        mobile = [one for one in valid if one[0].is_mobile]
        return (mobile or valid or found)[0]

    @property
    def reading(self) -> Reading | None:
        """How the number is read; None if it is not valid."""
        return self.reading_of(self.partner.phone)[0]

    @property
    def country(self):
        """The country that the number is read for."""
        return self.reading_of(self.partner.phone)[1]

    @property
    def e164(self) -> str | None:
        """The number in E.164, None if there is none or it is not valid."""
        reading = self.reading if self.partner.phone else None
        return reading and reading.e164

    def spelled(self, reading: Reading) -> dict:
        """A number as it is stored, and what else was known beside it."""
        notes = [self.partner.clinic_phone_note or ""]
        if reading.note not in notes[0]:
            notes.append(reading.note)
        return {
            "phone": reading.international,
            "clinic_phone_note": " · ".join(filter(None, notes)),
        }

    def what_is_wrong(self) -> str:
        """What is wrong with the number as it is written, and how it is written.

        One with a country code is judged by that country.
        """
        usual = self.countries[:1]
        region = written_region(self.partner.phone, usual.code)
        named = self.env["res.country"].search([("code", "=", region)], limit=1)
        country = (region and named) or usual
        told = {
            "number": self.partner.phone,
            "country": country.name or self.env._("any country"),
            "example": example(country.code or "TR"),
        }
        missing = missing_digits(self.partner.phone, usual.code)
        if missing == 1:
            return self.env._(
                "“%(number)s” is no valid number for %(country)s: 1 digit is missing. "
                "A whole one is %(example)s.",
                **told,
            )
        if missing > 0:
            return self.env._(
                "“%(number)s” is no valid number for %(country)s: %(missing)s digits "
                "are missing. A whole one is %(example)s.",
                missing=missing,
                **told,
            )
        if region:
            return self.env._(
                "“%(number)s” is no valid number for %(country)s: compare its digits "
                "with what the patient gave. One is written like %(example)s.",
                **told,
            )
        return self.env._(
            "“%(number)s” is no valid number for %(country)s. "
            "Write it with the country code, such as %(example)s.",
            **told,
        )
