"""Parts that several kinds of message have: files, places, headers."""

import math
from dataclasses import dataclass, field

from .checks import PayloadError, checked, checked_address

HEADER = 60
# Meta documents no limit for these; WhatsApp refuses none of this length.
_LINK = 2048
_NAME = 1024
_FILE_NAME = 240
_HEADER_KINDS = ("image", "video", "document")


@dataclass(frozen=True)
class Media:
    """A file to send: the ``id`` of an upload, or a ``link`` that WhatsApp fetches.

    An uploaded file can be sent for 30 days; WhatsApp keeps a link's file for ten
    minutes. Raises ``PayloadError`` unless exactly one is given.
    """

    id: str | None = field(default=None, repr=False)
    link: str | None = field(default=None, repr=False)

    def __post_init__(self):
        if (self.id is None) == (self.link is None):
            raise PayloadError("media", "either an id or a link is needed")

    def content(self) -> dict:
        """The Cloud API's media object."""
        if self.link is not None:
            return {"link": checked_address("media link", self.link, _LINK)}
        if not self.id.isascii() or not self.id.isalnum():
            raise PayloadError("media id", "not an id of WhatsApp")
        return {"id": self.id}


@dataclass(frozen=True)
class MediaHeader:
    """An image, video or document above the text; ``kind`` tells which.

    ``filename`` is for documents: its extension chooses the icon.
    """

    kind: str
    media: Media
    filename: str | None = field(default=None, repr=False)

    def content(self) -> dict:
        """The Cloud API's header, and likewise its template parameter."""
        if self.kind not in _HEADER_KINDS:
            raise PayloadError("header", "one of " + ", ".join(_HEADER_KINDS))
        content = {**self.media.content(), **file_name(self.kind, self.filename)}
        return {"type": self.kind, self.kind: content}


@dataclass(frozen=True)
class Location:
    """A place; ``latitude`` and ``longitude`` in decimal degrees."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    name: str = field(default="", repr=False)
    address: str = field(default="", repr=False)

    def content(self) -> dict:
        """The Cloud API's location; it documents the degrees as text."""
        content = {
            "latitude": _degrees("latitude", self.latitude, 90),
            "longitude": _degrees("longitude", self.longitude, 180),
        }
        for key in ("name", "address"):
            if getattr(self, key):
                content[key] = checked(key, getattr(self, key), _NAME)
        return content


Header = str | MediaHeader


def file_name(kind: str, name: str | None) -> dict:
    """The member of a media object that names a document."""
    if name is None:
        return {}
    if kind != "document":
        raise PayloadError("file name", "only documents have one")
    if "/" in name or "\\" in name or not name.isprintable():
        raise PayloadError("file name", "no slash or line break allowed")
    return {"filename": checked("file name", name, _FILE_NAME)}


def _degrees(part: str, value: float, limit: int) -> str:
    if not math.isfinite(value) or abs(value) > limit:
        raise PayloadError(part, f"-{limit} to {limit} degrees allowed")
    return f"{value:.6f}"
