"""What leaves, as calls of the Cloud API: a builder for each kind of message."""

from ...cloud_api import payloads
from ..provider.door import Outgoing, OutgoingFile

# What a card tells besides, by the names of the Cloud API.
_CARD_TEXTS = (
    "prefix",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "company",
    "department",
    "title",
)


def render(outgoing: Outgoing) -> dict:
    """The call that sends a message. Raises PayloadError."""
    if outgoing.native:
        return outgoing.native()
    common = {"callback_data": outgoing.correlation}
    if outgoing.kind != "reaction":
        common["reply_to"] = outgoing.reply_to
    try:
        return _BUILDERS[outgoing.kind](outgoing, outgoing.content, common)
    except payloads.PayloadError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise payloads.PayloadError("content", "is not complete") from error


def _text(outgoing, _content, common):
    to, text, buttons = outgoing.to, outgoing.text, outgoing.buttons
    if buttons:
        return payloads.buttons(to, text, buttons, **common)
    return payloads.text(to, text, **common)


def _file(build, *, has_caption: bool = True, has_name: bool = False):
    def build_file(outgoing, _content, common):
        if has_caption and outgoing.text:
            common["caption"] = outgoing.text
        if has_name:
            common["filename"] = outgoing.file.filename
        media = payloads.Media(id=outgoing.file.remote_id)
        return build(outgoing.to, media, **common)

    return build_file


def media_header(file: OutgoingFile) -> payloads.MediaHeader:
    """A file above a text."""
    media = payloads.Media(id=file.remote_id)
    return payloads.MediaHeader(file.kind, media, file.filename)


def _tappable(build):
    """A message with a text, something to tap, and maybe a header and a footer."""

    def build_tappable(outgoing, content, common):
        header = content.get("header") or None
        if outgoing.file:
            header = media_header(outgoing.file)
        footer = content.get("footer") or None
        common.update(header=header, footer=footer)
        return build(outgoing, content, common)

    return build_tappable


def _location(outgoing, content, common):
    place = content["location"]
    location = payloads.Location(
        float(place["latitude"]),
        float(place["longitude"]),
        place.get("name") or "",
        place.get("address") or "",
    )
    return payloads.location(outgoing.to, location, **common)


def _contacts(outgoing, content, common):
    cards = [
        payloads.Contact(
            card["name"],
            phones=[
                payloads.ContactPhone(one["phone"], wa_id=one.get("wa_id"))
                for one in card.get("phones") or []
            ],
            emails=card.get("emails") or (),
            **{name: card.get(name) or "" for name in _CARD_TEXTS},
        )
        for card in content["contacts"]
    ]
    return payloads.contacts(outgoing.to, cards, **common)


def _buttons(outgoing, content, common):
    to, text = outgoing.to, outgoing.text
    return payloads.buttons(to, text, content["buttons"], **common)


def _list(outgoing, content, common):
    sections = [
        (
            section.get("title") or "",
            [
                (row["id"], row["title"], row.get("description") or "")
                for row in section["rows"]
            ],
        )
        for section in content["sections"]
    ]
    to, text = outgoing.to, outgoing.text
    return payloads.list_(to, text, content["button"], sections, **common)


def _cta_url(outgoing, content, common):
    to, text = outgoing.to, outgoing.text
    return payloads.cta_url(to, text, content["label"], content["url"], **common)


def _location_request(outgoing, _content, common):
    return payloads.location_request(outgoing.to, outgoing.text, **common)


def _flow(outgoing, content, common):
    named = {key: content[key] for key in ("flow_id", "flow_name") if content.get(key)}
    return payloads.flow(
        outgoing.to,
        outgoing.text,
        content["label"],
        **named,
        screen=content.get("screen"),
        data=content.get("data"),
        # Comes back in the answer; WhatsApp may leave out what it answers.
        token=outgoing.token,
        **common,
    )


def _reaction(outgoing, _content, common):
    return payloads.reaction(
        outgoing.to, outgoing.reply_to or "", outgoing.text, **common
    )


_BUILDERS = {
    "text": _text,
    "image": _file(payloads.image),
    "video": _file(payloads.video),
    "document": _file(payloads.document, has_name=True),
    "audio": _file(payloads.audio, has_caption=False),
    "voice": _file(payloads.voice, has_caption=False),
    "sticker": _file(payloads.sticker, has_caption=False),
    "location": _location,
    "contacts": _contacts,
    "buttons": _tappable(_buttons),
    "list": _tappable(_list),
    "cta_url": _tappable(_cta_url),
    "location_request": _location_request,
    "flow": _tappable(_flow),
    "reaction": _reaction,
}
