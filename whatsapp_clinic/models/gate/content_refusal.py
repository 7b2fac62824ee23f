from odoo.tools import LazyTranslate

from ..provider.door import NotAllowed, WrongFileSize, WrongFileType, WrongLength
from .verdict import Verdict, refuse

_lt = LazyTranslate(__name__)

# What people call types of files that WhatsApp does not take.
_NAMES = {
    "image/avif": "AVIF",
    "image/bmp": "BMP",
    "image/dicom": "DICOM",
    "image/gif": "GIF",
    "image/heic": "HEIC",
    "image/heif": "HEIF",
    "image/svg+xml": "SVG",
    "image/tiff": "TIFF",
    "image/webp": "WebP",
    "video/quicktime": "MOV",
    "video/webm": "WebM",
    "video/x-msvideo": "AVI",
    "audio/flac": "FLAC",
    "audio/wav": "WAV",
    "application/epub+zip": "EPUB",
    "application/gzip": "GZ",
    "application/rtf": "RTF",
    "application/vnd.oasis.opendocument.presentation": "ODP",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.oasis.opendocument.text": "ODT",
    "application/vnd.rar": "RAR",
    "application/x-7z-compressed": "7Z",
    "application/zip": "ZIP",
    "text/csv": "CSV",
    "text/html": "HTML",
    "text/xml": "XML",
}
_PACKED = ("ZIP", "RAR", "7Z", "GZ")
_TAKEN = {"image": _lt("JPEG or PNG"), "video": _lt("MP4"), "audio": _lt("MP3")}
_OTHERWISE = _lt("PDF")
# What may be sent in two messages.
_TEXTS = ("body", "caption")
_MEGABYTE = 1_000_000


def refuse_content(env, error: NotAllowed) -> Verdict:
    """The verdict on what a messenger would not take, with what to do instead."""
    return refuse("not_allowed", tell_content(env, error))


def tell_content(env, error: NotAllowed) -> str:
    """Which limit a content breaks and what to do instead, as a sentence."""
    for kind, tell in _TELLING.items():
        if isinstance(error, kind):
            return tell(env, error)
    return env._("WhatsApp would refuse it: %s", error)


def _tell_length(env, error: WrongLength) -> str:
    if not error.given:
        return env._("The text is empty (%s).", error.field)
    sizes = {"given": f"{error.given:,}", "limit": f"{error.limit:,}"}
    if error.field in _TEXTS:
        return env._(
            "%(given)s characters; WhatsApp takes %(limit)s: shorten the text or send "
            "two messages.",
            **sizes,
        )
    return env._(
        "%(part)s: %(given)s characters; WhatsApp takes %(limit)s: shorten it.",
        part=error.field,
        **sizes,
    )


def _tell_type(env, error: WrongFileType) -> str:
    name = _NAMES.get(error.mime_type) or error.mime_type
    if name in _PACKED:
        return env._("WhatsApp takes no %s: send each file in it separately.", name)
    instead = _TAKEN.get(error.mime_type.partition("/")[0], _OTHERWISE)
    return env._(
        "WhatsApp takes no %(name)s here: send it as %(instead)s.",
        name=name,
        instead=env._(instead),
    )


def _tell_size(env, error: WrongFileSize) -> str:
    if not error.given:
        return env._("The file is empty: choose another.")
    return env._(
        "The file has %(given)s MB; WhatsApp takes %(limit)s: make it smaller.",
        given=f"{error.given / _MEGABYTE:,.1f}",
        limit=f"{error.limit / _MEGABYTE:,.1f}",
    )


_TELLING = {
    WrongLength: _tell_length,
    WrongFileType: _tell_type,
    WrongFileSize: _tell_size,
}
