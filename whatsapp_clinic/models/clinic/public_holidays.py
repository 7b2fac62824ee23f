"""Public holidays of a country, as the `holidays` package knows them.

A person confirms them: feasts by the moon are announced, and dates of years to come are
computed.
"""

from dataclasses import dataclass
from datetime import date

try:
    import holidays
except ImportError:  # It is optional: closed days can be entered by hand.
    holidays = None

# When the half day begins, in minutes of the wall clock; the package has it in the
# name only. Countries that are not here get no half days.
HALF_DAY_FROM = {"TR": 13 * 60}


@dataclass(frozen=True)
class PublicHoliday:
    """A day on which most are closed, `since` a minute of it (0: the whole day)."""

    day: date
    name: str
    since: int = 0


def is_installed() -> bool:
    return holidays is not None


def is_known(country: str) -> bool:
    """Whether the package has a country (ISO code)."""
    return is_installed() and country in holidays.list_supported_countries()


def public_holidays(country: str, year: int, language: str) -> list[PublicHoliday]:
    """The holidays of a year by their days, named in a language (`tr`) if it is known.

    A day that is both whole and half is whole. Raises ValueError for a country that is
    not known.
    """
    if not is_known(country):
        raise ValueError(country)
    whole = _of(country, year, language, "public")
    found = [PublicHoliday(day, name) for day, name in whole.items()]
    if country in HALF_DAY_FROM:
        since = HALF_DAY_FROM[country]
        halves = _of(country, year, language, "half_day")
        found += [
            PublicHoliday(day, name.partition(" (")[0], since)
            for day, name in halves.items()
            if day not in whole
        ]
    return sorted(found, key=lambda one: one.day)


def _of(country: str, year: int, language: str, category: str) -> dict[date, str]:
    """{day: name}; without a language the package would take the process's."""
    known = holidays.country_holidays(country).supported_languages or ()
    spoken = [one for one in known if one.partition("_")[0] == language]
    english = [one for one in known if one.startswith("en")]
    chosen = next(iter((*spoken, *english)), None)
    return dict(
        holidays.country_holidays(
            country, years=year, language=chosen, categories=(category,)
        )
    )
