"""Files in messages: what WhatsApp takes, where they lie, the addresses that pass."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field

import aiohttp

from .switches import Switches
from .webhooks import is_loopback

TIMEOUT = aiohttp.ClientTimeout(total=10)
CHUNK = 65_536
SMALLEST_ID = 10**15
DAY_SECONDS = 24 * 3600
# How long an id lives (Cloud API, media).
UPLOADED_SECONDS, RECEIVED_SECONDS = 30 * DAY_SECONDS, 7 * DAY_SECONDS
PROGRAM = b"MZ\x90\x00"
VOICE_TYPE = "audio/ogg"

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
LARGEST_STATIC_STICKER = 100_000


@dataclass(slots=True)
class Media:
    """A file that a patient sent to a number, or that a business uploaded for it.

    Its id lives until ``expires_at``, in seconds since the epoch. ``received``: it came
    from a patient.
    """

    id: str
    phone_number_id: str
    mime_type: str
    content: bytes = field(repr=False)
    expires_at: float
    received: bool = False

    def served(self, switches: Switches) -> bytes:
        """What a download gives, which a test may want to be something else."""
        content = self.content
        if switches.media_wrong_kind:
            content = PROGRAM + content[len(PROGRAM) :]
        return content + bytes(switches.media_extra_bytes)

    def digest(self, switches: Switches) -> bytes:
        """The announced SHA-256: of what a download gives, unless it is to be wrong."""
        content = self.served(switches)
        if switches.media_wrong_checksum:
            content += b"wrong"
        return hashlib.sha256(content).digest()

    def size(self, switches: Switches) -> int:
        """The announced bytes; ``media_extra_bytes`` come unannounced."""
        return len(self.content) + switches.media_wrong_size


class MediaStore:
    def __init__(self) -> None:
        self.by_id: dict[str, Media] = {}
        self.addresses: dict[str, tuple[Media, float]] = {}

    def add(
        self,
        phone_number_id: str,
        mime_type: str,
        content: bytes,
        expires_at: float,
        received: bool = False,
    ) -> Media:
        media_id = str(SMALLEST_ID + secrets.randbelow(9 * SMALLEST_ID))
        media = Media(
            media_id, phone_number_id, mime_type, content, expires_at, received
        )
        self.by_id[media_id] = media
        return media

    def get(self, media_id: str, now: float) -> Media | None:
        media = self.by_id.get(media_id)
        return media if media is not None and now < media.expires_at else None

    def new_token(self, media: Media, expires_at: float) -> str:
        """What opens the file until ``expires_at``, in seconds since the epoch."""
        token = secrets.token_urlsafe(32)
        self.addresses[token] = media, expires_at
        return token

    def opened_by(self, token: str, now: float) -> Media | None:
        media, expires_at = self.addresses.get(token, (None, 0.0))
        return media if now < expires_at else None

    def of_number(self, media_id: str, phone_number_id: str, now: float) -> bool:
        """Whether the id is one that this number has."""
        media = self.get(media_id, now)
        return media is not None and media.phone_number_id == phone_number_id

    def can_send(
        self, kind: str, media_id: str, phone_number_id: str, now: float
    ) -> bool:
        """Whether the number may send this file as a ``kind``."""
        if not self.of_number(media_id, phone_number_id, now):
            return False
        media = self.by_id[media_id]
        return fits(kind, media.mime_type, len(media.content)) and (
            kind != "sticker" or is_small_sticker(media.content)
        )


def fits(kind: str, mime_type: str, size: int) -> bool:
    """Whether WhatsApp takes ``size`` bytes of this MIME type as a ``kind``."""
    return plain(mime_type) in MIME_TYPES[kind] and size <= LARGEST[kind]


def is_small_sticker(content: bytes) -> bool:
    """Whether a sticker has the size of its sort (WebP, extended file format)."""
    flags = int.from_bytes(content[20:21], "big")
    is_animated = content[12:16] == b"VP8X" and bool(flags & 2)
    return is_animated or len(content) <= LARGEST_STATIC_STICKER


def plain(mime_type: str) -> str:
    """The MIME type without its parameters."""
    return mime_type.partition(";")[0].strip().lower()


async def fetch(kind: str, link: str) -> tuple[str, bytes] | None:
    """The MIME type and content of ``link``, None unless it is a ``kind``.

    Nothing but loopback is fetched.
    """
    if not is_loopback(link):
        return None
    content = bytearray()
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(link, allow_redirects=False) as answer,
        ):
            if answer.status != 200 or not fits(kind, answer.content_type, 0):
                return None
            async for chunk in answer.content.iter_chunked(CHUNK):
                content += chunk
                if len(content) > LARGEST[kind]:
                    return None
            if kind == "sticker" and not is_small_sticker(content):
                return None
            return answer.content_type, bytes(content)
    except (aiohttp.ClientError, asyncio.TimeoutError, ValueError):
        return None


def bubble_text(
    kind: str, caption: str | None = None, filename: str | None = None
) -> str:
    """What the phone shows for the file: its kind in brackets, name and caption."""
    return " ".join(part for part in (f"[{kind}]", filename, caption) if part)
