"""What patients send besides text."""

import json
from dataclasses import dataclass, field
from typing import Any

from .reading import dict_, dicts, flag, name, number, scalar, text

MEDIA_KINDS = ("image", "video", "audio", "voice", "document", "sticker")

_NAME_PARTS = ("prefix", "first_name", "middle_name", "last_name", "suffix")


@dataclass(frozen=True)
class Media:
    """A file of a patient, kept by WhatsApp for 7 days.

    ``id`` is good for ``CloudApiClient.media_info``; ``url`` may be missing and is good
    for minutes only. ``sha256`` comes in base64 or hexadecimal; all that is said of the
    file is the sender's claim.
    """

    id: str = field(repr=False)
    mime_type: str
    sha256: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    caption: str | None = field(default=None, repr=False)
    filename: str | None = field(default=None, repr=False)
    is_voice: bool = False
    is_animated: bool = False


@dataclass(frozen=True)
class Location:
    """A place, in decimal degrees."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    name: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ContactCard:
    """A card that a patient shared; ``phones`` are (phone, wa_id or None).

    ``is_own`` tells that the patient gave the own number because the clinic asked.
    """

    name: str = field(repr=False)
    phones: tuple[tuple[str, str | None], ...] = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)
    is_own: bool
    raw: dict = field(repr=False)


@dataclass(frozen=True)
class FormReply:
    """The answer of a form (WhatsApp Flow).

    ``answers`` is what was filled in, {} when it is no JSON object; ``response_json``
    is that text as it came, ``token`` the one that the form was sent with.
    """

    name: str | None
    answers: dict = field(repr=False)
    response_json: str = field(repr=False)
    token: str | None = field(repr=False)


@dataclass(frozen=True)
class OrderItem:
    """One line of an order."""

    product_id: str
    quantity: float | None
    price: float | None
    currency: str | None


@dataclass(frozen=True)
class Order:
    """What a patient chose from a catalogue."""

    catalog_id: str | None
    items: tuple[OrderItem, ...]


@dataclass(frozen=True)
class Referral:
    """The advertisement or post through which a patient came.

    ``click_id`` is Meta's ``ctwa_clid``; an answer within 24 hours opens 72 hours in
    which nothing is charged. ``welcome`` is what the advertisement greeted with.
    """

    source_type: str | None
    source_id: str | None
    source_url: str | None
    headline: str | None
    body: str | None
    click_id: str | None = field(repr=False)
    media_type: str | None = None
    media_url: str | None = None
    welcome: str | None = None


def media(kind: str, content: dict) -> Media | None:
    """Read the file of a message; None for other kinds and a file without id."""
    media_id = scalar(content.get("id"))
    if kind not in MEDIA_KINDS or not media_id:
        return None
    return Media(
        id=media_id,
        mime_type=text(content.get("mime_type")) or "",
        sha256=text(content.get("sha256")),
        url=text(content.get("url")),
        caption=text(content.get("caption")),
        filename=text(content.get("filename")),
        is_voice=kind == "voice" or flag(content.get("voice")),
        is_animated=flag(content.get("animated")),
    )


def location(kind: str, content: dict) -> Location | None:
    """Read a place; None for other kinds and for what is not on the earth."""
    if kind != "location":
        return None
    latitude, longitude = (
        number(content.get("latitude")),
        number(content.get("longitude")),
    )
    if latitude is None or longitude is None:
        return None
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    words = [text(content.get(key)) for key in ("name", "address", "url")]
    return Location(latitude, longitude, *words)


def contact_cards(kind: str, cards: Any) -> tuple[ContactCard, ...]:
    """Read the cards of a message; () for other kinds."""
    if kind != "contacts":
        return ()
    return tuple(_card(card) for card in dicts(cards))


def _card(card: dict) -> ContactCard:
    return ContactCard(
        name=_name(dict_(card.get("name"))),
        phones=tuple(
            (text(one.get("phone")) or "", text(one.get("wa_id")))
            for one in dicts(card.get("phones"))
        ),
        emails=tuple(
            one["email"]
            for one in dicts(card.get("emails"))
            if isinstance(one.get("email"), str)
        ),
        is_own=card.get("origin") == "contact_request",
        raw=card,
    )


def _name(card_name: dict) -> str:
    """The name as it is written, else its parts."""
    parts = (text(card_name.get(part)) for part in _NAME_PARTS)
    whole = text(card_name.get("formatted_name")) or " ".join(filter(None, parts))
    return name(whole) or ""


def form_reply(content: dict) -> FormReply | None:
    """Read the answer of a form; whatever JSON is in it, or none, is tolerated."""
    if content.get("type") != "nfm_reply":
        return None
    reply = dict_(content.get("nfm_reply"))
    response = text(reply.get("response_json")) or ""
    try:
        answers = dict_(json.loads(response))
    except (ValueError, RecursionError):
        answers = {}
    return FormReply(
        name=text(reply.get("name")),
        answers=answers,
        response_json=response,
        token=text(answers.get("flow_token")),
    )


def order(kind: str, content: dict) -> Order | None:
    """Read an order; None for other kinds and an order without lines."""
    if kind != "order":
        return None
    items = tuple(
        OrderItem(
            product_id=scalar(item.get("product_retailer_id")) or "",
            quantity=number(item.get("quantity")),
            price=number(item.get("item_price")),
            currency=text(item.get("currency")),
        )
        for item in dicts(content.get("product_items"))
    )
    return Order(scalar(content.get("catalog_id")), items) if items else None


def choices(interactive: dict) -> tuple[tuple[str, str], ...]:
    """Read what a message of the clinic offers to tap: (id, title) each."""
    action = dict_(interactive.get("action"))
    offered = [dict_(one.get("reply")) for one in dicts(action.get("buttons"))]
    for section in dicts(action.get("sections")):
        offered += dicts(section.get("rows"))
    link = text(dict_(action.get("parameters")).get("display_text"))
    titles = [(scalar(one.get("id")) or "", text(one.get("title"))) for one in offered]
    return tuple((id_, title) for id_, title in [*titles, ("", link)] if title)


def referral(message: dict) -> Referral | None:
    """Read through which advertisement a patient came, if any."""
    content = dict_(message.get("referral"))
    if not content:
        return None
    return Referral(
        source_type=text(content.get("source_type")),
        source_id=scalar(content.get("source_id")),
        source_url=text(content.get("source_url")),
        headline=text(content.get("headline")),
        body=text(content.get("body")),
        click_id=text(content.get("ctwa_clid")),
        media_type=text(content.get("media_type")),
        media_url=text(content.get("image_url") or content.get("video_url")),
        welcome=text(dict_(content.get("welcome_message")).get("text")),
    )
