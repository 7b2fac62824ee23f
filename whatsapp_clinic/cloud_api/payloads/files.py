"""Messages that are files; what may be in them is in ``cloud_api.media``."""

from .checks import checked, message
from .parts import Media, file_name

CAPTION = 1024


def image(
    recipient: str,
    media: Media,
    caption: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build an image message."""
    content = {**media.content(), **_caption(caption)}
    return message(recipient, "image", content, reply_to, callback_data)


def video(
    recipient: str,
    media: Media,
    caption: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a video message."""
    content = {**media.content(), **_caption(caption)}
    return message(recipient, "video", content, reply_to, callback_data)


def document(
    recipient: str,
    media: Media,
    filename: str | None = None,
    caption: str | None = None,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a document message; the extension of ``filename`` chooses the icon."""
    content = {
        **media.content(),
        **_caption(caption),
        **file_name("document", filename),
    }
    return message(recipient, "document", content, reply_to, callback_data)


def audio(
    recipient: str,
    media: Media,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a message with a sound file; it has no caption."""
    return message(recipient, "audio", media.content(), reply_to, callback_data)


def voice(
    recipient: str,
    media: Media,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a voice note; the file is OGG with the Opus codec, one channel."""
    content = {**media.content(), "voice": True}
    return message(recipient, "audio", content, reply_to, callback_data)


def sticker(
    recipient: str,
    media: Media,
    reply_to: str | None = None,
    callback_data: str | None = None,
) -> dict:
    """Build a sticker message."""
    return message(recipient, "sticker", media.content(), reply_to, callback_data)


def _caption(caption: str | None) -> dict:
    return {"caption": checked("caption", caption, CAPTION)} if caption else {}
