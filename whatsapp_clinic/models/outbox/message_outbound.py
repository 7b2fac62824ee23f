from functools import partial

from odoo import models

from ...cloud_api import payloads
from ..media.media import safe_name
from ..provider.door import Outgoing
from ..template.template_card import FORESEEN
from ..template.template_variable import LINK, MissingValue


class Message(models.Model):
    """Every kind of message that the clinic sends.

    `kind` says what it is and `content` what it has besides the text in `body`:

    - image, video, document, audio, voice, sticker: `attachment_id`; `body` is the
      caption; a document's `{"filename"}` is its attachment's name unless told
    - location: `{"location": {"latitude", "longitude", "name", "address"}}`
    - contacts: `{"contacts": [{"name", "phones": [{"phone", "wa_id"}], "emails",
      "company"}]}`
    - buttons: `{"buttons": [[id, title], …]}`
    - list: `{"button", "sections": [{"title", "rows": [{"id", "title",
      "description"}]}]}`
    - cta_url: `{"label", "url"}`
    - location_request
    - flow: `{"label", "flow_id" or "flow_name", "screen", "data"}`
    - reaction: `body` is the emoji, or "" to take it back, `reply_to_id` the message
    - template: `attachment_id`, or `{"location": …}`, fills its header

    What can be tapped may have `{"header", "footer"}`, or a file as its header.
    """

    _inherit = "whatsapp.clinic.message"

    def _outgoing(self, traits, attempts):
        build = _BUILDERS.get(self.kind)
        if self.template_id or not build:
            return super()._outgoing(traits, attempts)
        correlation = self._correlation(attempts)
        common = {"callback_data": correlation}
        if self.kind != "reaction":
            common["reply_to"] = self.reply_to_id.message_id or None
        recipient = self.identity_id._recipient
        native = partial(self._built, build, recipient, common)
        return Outgoing(recipient, correlation, native=native), self.body

    def _built(self, build, recipient: str, common: dict):
        try:
            return build(self, recipient, self.content or {}, common)
        except payloads.PayloadError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise payloads.PayloadError("content", "is not complete") from error

    def _template_header(self):
        """What fills the header of a template that is no text; None for a text.

        Raises MissingValue.
        """
        kind = self.template_id.header_format
        if not kind:
            return None
        place = (self.content or {}).get("location")
        if kind == "location" and place:
            return _place(place)
        if kind == "location" or not self.attachment_id:
            raise MissingValue(self.env._("header"))
        return self._file_header()

    def _card_headers(self) -> list[payloads.MediaHeader]:
        """The files of a carousel's cards; none for other templates."""
        template = self.template_id
        if not template.is_carousel:
            return []
        return template.card_ids._headers(self.channel_id if self._origin else None)

    def _file_header(self):
        is_document = self._file_kind() == "document"
        filename = _file_name(self.attachment_id.name) if is_document else None
        return payloads.MediaHeader(self._file_kind(), self._media(), filename)

    def _media(self):
        # A row that is only foreseen has nothing uploaded.
        if not self._origin:
            return payloads.Media(id=FORESEEN)
        # sudo: the id of the file is for WhatsApp alone
        return payloads.Media(id=self.upload_id.sudo().media_id or "")

    def _with_personal_link(self, text: str) -> str:
        has_link = LINK in (text or "")
        return text.replace(LINK, self._personal_link()) if has_link else text or ""


def _file(build, *, has_caption: bool = True, has_name: bool = False):
    def build_file(message, recipient, content, common):
        if has_caption and message.body:
            common["caption"] = message._with_personal_link(message.body)
        if has_name:
            called = content.get("filename") or message.attachment_id.name
            common["filename"] = _file_name(called)
        return build(recipient, message._media(), **common)

    return build_file


def _file_name(called: str | None) -> str:
    """A name that WhatsApp takes: short enough, its extension kept."""
    return safe_name(called or "") or "document"


def _tappable(build):
    """A message with a text, something to tap, and maybe a header and a footer."""

    def build_tappable(message, recipient, content, common):
        body = message._with_personal_link(message.body)
        header = content.get("header") or None
        if message.attachment_id:
            header = message._file_header()
        footer = content.get("footer") or None
        common.update(header=header, footer=footer)
        return build(message, recipient, body, content, common)

    return build_tappable


def _location(_message, recipient, content, common):
    return payloads.location(recipient, _place(content["location"]), **common)


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


def _contacts(_message, recipient, content, common):
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
    return payloads.contacts(recipient, cards, **common)


def _buttons(_message, recipient, body, content, common):
    return payloads.buttons(recipient, body, content["buttons"], **common)


def _list(_message, recipient, body, content, common):
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
    return payloads.list_(recipient, body, content["button"], sections, **common)


def _cta_url(message, recipient, body, content, common):
    url = message._with_personal_link(content["url"])
    return payloads.cta_url(recipient, body, content["label"], url, **common)


def _location_request(message, recipient, _content, common):
    body = message._with_personal_link(message.body)
    return payloads.location_request(recipient, body, **common)


def _flow(message, recipient, body, content, common):
    named = {key: content[key] for key in ("flow_id", "flow_name") if content.get(key)}
    return payloads.flow(
        recipient,
        body,
        content["label"],
        **named,
        screen=content.get("screen"),
        data=content.get("data"),
        # Comes back in the answer; WhatsApp may leave out what it answers.
        token=message.key,
        **common,
    )


def _reaction(message, recipient, _content, common):
    target = message.reply_to_id.message_id or ""
    return payloads.reaction(recipient, target, message.body or "", **common)


def _place(place: dict) -> payloads.Location:
    return payloads.Location(
        float(place["latitude"]),
        float(place["longitude"]),
        place.get("name") or "",
        place.get("address") or "",
    )


_BUILDERS = {
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
