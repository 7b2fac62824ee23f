"""Messages that carry cards of people or businesses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .checks import (
    PayloadError,
    check_count,
    check_sendable,
    checked,
    checked_address,
    message,
)

CONTACTS = 257
_NAME = 1024
_LINK = 2048
_NAME_PARTS = ("prefix", "first_name", "middle_name", "last_name", "suffix")
_WORK = ("company", "department", "title")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,30}")
_WA_ID = re.compile(r"[1-9][0-9]{6,14}")
_BIRTHDAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True)
class ContactPhone:
    """A phone number of a card; with ``wa_id`` (digits) it offers to write there."""

    phone: str = field(repr=False)
    type: str = "WORK"
    wa_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Address:
    """A postal address of a card."""

    street: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    state: str = field(default="", repr=False)
    zip: str = field(default="", repr=False)
    country: str = ""
    country_code: str = ""
    type: str = "WORK"


@dataclass(frozen=True)
class Contact:
    """A card; ``birthday`` as YYYY-MM-DD."""

    formatted_name: str = field(repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    middle_name: str = field(default="", repr=False)
    prefix: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    phones: Sequence[ContactPhone] = ()
    emails: Sequence[str] = field(default=(), repr=False)
    urls: Sequence[str] = field(default=(), repr=False)
    addresses: Sequence[Address] = ()
    company: str = field(default="", repr=False)
    department: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    birthday: str | None = field(default=None, repr=False)


def contacts(
    recipient: str,
    cards: Sequence[Contact],
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message with up to 257 cards."""
    check_count("contacts", len(cards), CONTACTS)
    content = [_card(card) for card in cards]
    return message(recipient, "contacts", content, reply_to, callback_data)


def _card(card: Contact) -> dict:
    content = {
        "name": _name(card),
        "phones": [_phone(phone) for phone in card.phones],
        "emails": [
            {"email": _matching("contact email", email, _EMAIL), "type": "WORK"}
            for email in card.emails
        ],
        "urls": [
            {"url": checked_address("contact url", url, _LINK), "type": "WORK"}
            for url in card.urls
        ],
        "addresses": [_address(address) for address in card.addresses],
    }
    content["org"] = _filled(card, _WORK)
    if card.birthday is not None:
        content["birthday"] = _matching("contact birthday", card.birthday, _BIRTHDAY)
    return {key: value for key, value in content.items() if value}


def _name(card: Contact) -> dict:
    """Some editions of the Cloud API want a part of the name beside the whole."""
    formatted = checked("contact name", card.formatted_name, _NAME)
    if not formatted.strip():
        raise PayloadError("contact name", "must not be empty")
    parts = _filled(card, _NAME_PARTS) or {"first_name": formatted}
    return {"formatted_name": formatted, **parts}


def _filled(card: Contact, names: Sequence[str]) -> dict:
    """Those texts of a card that are not empty, by their names."""
    return {
        name: checked(f"contact {name}", getattr(card, name), _NAME)
        for name in names
        if getattr(card, name)
    }


def _phone(phone: ContactPhone) -> dict:
    content = {
        "phone": _matching("contact phone", phone.phone, _PHONE),
        "type": checked("contact phone type", phone.type, _NAME),
    }
    if phone.wa_id is not None:
        content["wa_id"] = _matching("contact wa_id", phone.wa_id, _WA_ID)
    return content


def _address(address: Address) -> dict:
    parts = {key: value for key, value in vars(address).items() if value}
    for value in parts.values():
        check_sendable("contact address", value)
    if parts.keys() <= {"type"}:
        raise PayloadError("contact address", "must not be empty")
    return parts


def _matching(part: str, value: str, pattern: re.Pattern) -> str:
    if not pattern.fullmatch(value):
        raise PayloadError(part, "does not have the form of one")
    check_sendable(part, value)
    return value
