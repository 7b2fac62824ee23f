"""Numbers that have no place in a message: national ids, payment cards.

Only kinds with a check digit that rarely fits by chance are looked for, since a phone
number or a reference must not be taken for one. The checks are python-stdnum's.
"""

import re
from collections.abc import Iterator

from stdnum import luhn
from stdnum.br import cpf
from stdnum.de import idnr
from stdnum.es import dni
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.pl import pesel
from stdnum.tr import tckimlik

# ISO/IEC 7812-1: a payment card has up to 19 digits; fewer than 13 are not in use.
CARD_DIGITS = range(13, 20)
# By country: the check, and how many characters an id has.
NATIONAL_IDS = {
    "BR": (cpf, 11),
    "DE": (idnr, 11),
    "ES": (dni, 9),
    "FR": (nir, 15),
    "IT": (codicefiscale, 16),
    "PL": (pesel, 11),
    "TR": (tckimlik, 11),
}
_GROUPED = re.compile(r"(?<![\w+])\d(?:[ .-]?\d){8,18}(?![\w])")
_WORD = re.compile(r"(?<![\w+])(?=\w*\d)[0-9A-Z]{9,16}(?!\w)")


def may_hold_one(text: str) -> bool:
    """Whether anything in a text is long enough to be looked at."""
    return bool(_GROUPED.search(text) or _WORD.search(text.upper()))


def find(text: str, countries: frozenset[str]) -> Iterator[str]:
    """Kinds of sensitive numbers in a text: `national_id`, `card`, each at most once.

    `countries` are ISO codes whose national ids are looked for; a number that begins
    with a plus is a phone number.
    """
    numbers = {re.sub(r"\D", "", found) for found in _GROUPED.findall(text)}
    words = numbers | set(_WORD.findall(text.upper()))
    if any(_is_national_id(word, country) for word in words for country in countries):
        yield "national_id"
    if any(_is_card(number) for number in numbers):
        yield "card"


def _is_national_id(word: str, country: str) -> bool:
    check, length = NATIONAL_IDS.get(country, (None, 0))
    return len(word) == length and check.is_valid(word)


def _is_card(number: str) -> bool:
    # ISO/IEC 7812-1: payment cards begin with 2 to 6.
    return len(number) in CARD_DIGITS and number[0] in "23456" and luhn.is_valid(number)
