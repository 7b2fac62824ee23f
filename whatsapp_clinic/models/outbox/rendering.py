"""What a row says to its messenger, of every kind that the clinic sends.

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

from ..media.media import safe_name
from ..provider.door import Outgoing, OutgoingFile
from ..template.template_card import FORESEEN
from ..template.template_variable import LINK


def outgoing_of(row, attempts: int) -> Outgoing:
    """What is neither a template nor a mere text."""
    content = dict(row.content or {})
    if content.get("url"):
        content["url"] = with_personal_link(row, content["url"])
    text = row.body or ""
    if row.kind != "reaction":
        text = with_personal_link(row, text)
    return Outgoing(
        row.identity_id._recipient,
        row._correlation(attempts),
        text,
        reply_to=row.reply_to_id.message_id or None,
        kind=row.kind,
        content=content,
        file=file_of(row) if row.attachment_id else None,
        token=row.key,
    )


def file_of(row) -> OutgoingFile:
    """The row's file as the messenger keeps it."""
    kind, name = row._file_kind(), None
    if kind == "document":
        called = (row.content or {}).get("filename") or row.attachment_id.name
        name = safe_name(called or "") or "document"
    # sudo: the id of the file is for the messenger alone; a row that is only
    # foreseen has nothing uploaded
    remote_id = row.upload_id.sudo().media_id if row._origin else FORESEEN
    return OutgoingFile(kind, remote_id or "", name)


def with_personal_link(row, text: str) -> str:
    """A text with a new key to the patient's page in the place of its link."""
    has_link = LINK in (text or "")
    return text.replace(LINK, row._personal_link()) if has_link else text or ""
