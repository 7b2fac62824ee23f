"""Files in messages: what WhatsApp takes, where they lie, the addresses that pass."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field

import aiohttp

from .webhooks import is_loopback

TIMEOUT = aiohttp.ClientTimeout(total=10)
CHUNK = 65_536
SMALLEST_ID = 10**15

# Members beside id and link, by kind (Cloud API, send messages).
OPTIONS: dict[str, frozenset[str]] = {
    "audio": frozenset({"voice"}),
    "document": frozenset({"caption", "filename"}),
    "image": frozenset({"caption"}),
    "sticker": frozenset(),
    "video": frozenset({"caption"}),
}
# Cloud API, supported media types.
MIME_TYPES: dict[str, frozenset[str]] = {
    "audio": frozenset(
        {"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}
    ),
    "document": frozenset(
        {
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    ),
    "image": frozenset({"image/jpeg", "image/png"}),
    "sticker": frozenset({"image/webp"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
}
# Bytes (Cloud API, supported media types); a sticker's is that of an animated one.
LARGEST = {
    "audio": 16_000_000,
    "document": 100_000_000,
    "image": 5_000_000,
    "sticker": 500_000,
    "video": 16_000_000,
}


@dataclass(slots=True)
class Media:
    """A file that a patient sent to a number, or that a business uploaded for it."""

    id: str
    phone_number_id: str
    mime_type: str
    content: bytes = field(repr=False)

    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()


class MediaStore:
    def __init__(self) -> None:
        self.by_id: dict[str, Media] = {}
        self.addresses: dict[str, tuple[Media, float]] = {}

    def add(self, phone_number_id: str, mime_type: str, content: bytes) -> Media:
        media_id = str(SMALLEST_ID + secrets.randbelow(9 * SMALLEST_ID))
        media = Media(media_id, phone_number_id, mime_type, content)
        self.by_id[media_id] = media
        return media

    def new_token(self, media: Media, expires_at: float) -> str:
        """What opens the file until ``expires_at``, in seconds since the epoch."""
        token = secrets.token_urlsafe(32)
        self.addresses[token] = media, expires_at
        return token

    def opened_by(self, token: str, now: float) -> Media | None:
        media, expires_at = self.addresses.get(token, (None, 0.0))
        return media if now < expires_at else None

    def can_send(self, kind: str, media_id: str, phone_number_id: str) -> bool:
        """Whether the number may send this file as a ``kind``."""
        media = self.by_id.get(media_id)
        return (
            media is not None
            and media.phone_number_id == phone_number_id
            and fits(kind, media.mime_type, len(media.content))
        )


def fits(kind: str, mime_type: str, size: int) -> bool:
    """Whether WhatsApp takes ``size`` bytes of this MIME type as a ``kind``."""
    return plain(mime_type) in MIME_TYPES[kind] and size <= LARGEST[kind]


def plain(mime_type: str) -> str:
    """The MIME type without its parameters."""
    return mime_type.partition(";")[0].strip().lower()


async def link_fits(kind: str, link: str) -> bool:
    """Fetch ``link`` and see if it is a ``kind``; nothing but loopback is fetched."""
    if not is_loopback(link):
        return False
    size = 0
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(link, allow_redirects=False) as answer,
        ):
            if answer.status != 200 or not fits(kind, answer.content_type, size):
                return False
            async for chunk in answer.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > LARGEST[kind]:
                    return False
    except (aiohttp.ClientError, asyncio.TimeoutError, ValueError):
        return False
    return True


def bubble_text(
    kind: str, caption: str | None = None, filename: str | None = None
) -> str:
    """What the phone shows for the file: its kind in brackets, name and caption."""
    return " ".join(part for part in (f"[{kind}]", filename, caption) if part)
