from odoo import api, models

from ..media.media import safe_name
from ..provider.door import Outgoing, OutgoingFile
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
        if self.template_id or self.kind == "text":
            return super()._outgoing(traits, attempts)
        content = dict(self.content or {})
        if content.get("url"):
            content["url"] = self._with_personal_link(content["url"])
        text = self.body or ""
        if self.kind != "reaction":
            text = self._with_personal_link(text)
        outgoing = Outgoing(
            self.identity_id._recipient,
            self._correlation(attempts),
            text,
            reply_to=self.reply_to_id.message_id or None,
            kind=self.kind,
            content=content,
            file=self._outgoing_file() if self.attachment_id else None,
            token=self.key,
        )
        return outgoing, self.body

    def _outgoing_file(self) -> OutgoingFile:
        """The file as the messenger keeps it."""
        kind, name = self._file_kind(), None
        if kind == "document":
            called = (self.content or {}).get("filename") or self.attachment_id.name
            name = safe_name(called or "") or "document"
        # sudo: the id of the file is for the messenger alone; a row that is only
        # foreseen has nothing uploaded
        remote_id = self.upload_id.sudo().media_id if self._origin else FORESEEN
        return OutgoingFile(kind, remote_id or "", name)

    @api.model
    def _on_due(self):
        result = super()._on_due()
        self.env["whatsapp.clinic.dispatcher"]._wake()
        return result

    def _template_header(self):
        """What fills the header of a template that is no text: a file, or a place as in
        `content`; None for a text. Raises MissingValue.
        """
        kind = self.template_id.header_format
        if not kind:
            return super()._template_header()
        place = (self.content or {}).get("location")
        if kind == "location" and place:
            return place
        if kind == "location" or not self.attachment_id:
            raise MissingValue(self.env._("header"))
        return self._outgoing_file()

    def _card_headers(self) -> list:
        """The files of a carousel's cards; none for other templates."""
        template = self.template_id
        if not template.is_carousel:
            return super()._card_headers()
        return template.card_ids._headers(self.channel_id if self._origin else None)

    def _with_personal_link(self, text: str) -> str:
        has_link = LINK in (text or "")
        return text.replace(LINK, self._personal_link()) if has_link else text or ""
