"""What files WhatsApp takes (Cloud API, supported media types)."""

from dataclasses import dataclass

from ..plain import file_types
from ..plain.file_types import DOCX, PPTX, XLSX, plain
from .payloads import PayloadError

# A megabyte is taken as the smaller of its two meanings.
_MB = 1_000_000
LARGEST_INBOUND = 100 * 2**20
"""WhatsApp itself refuses larger files of patients (131052)."""
STICKER = 100_000
ANIMATED_STICKER = 500_000


@dataclass(frozen=True)
class Kind:
    """What one type of message takes; ``largest`` in bytes."""

    mime_types: frozenset[str]
    largest: int


KINDS = {
    "audio": Kind(
        frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
        16 * _MB,
    ),
    "document": Kind(
        frozenset(
            {
                "text/plain",
                "application/pdf",
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                DOCX,
                XLSX,
                PPTX,
            }
        ),
        100 * _MB,
    ),
    "image": Kind(frozenset({"image/jpeg", "image/png"}), 5 * _MB),
    "sticker": Kind(frozenset({"image/webp"}), ANIMATED_STICKER),
    "video": Kind(frozenset({"video/mp4", "video/3gpp"}), 16 * _MB),
}
"""By type of message."""


class WrongType(PayloadError):
    """A file of a type that this type of message does not take."""

    def __init__(self, kind: str, mime_type: str):
        allowed = ", ".join(sorted(KINDS[kind].mime_types))
        super().__init__(kind, f"one of {allowed}")
        self.mime_type = plain(mime_type)


class WrongSize(PayloadError):
    """A file with more bytes than this type of message takes, or with none."""

    def __init__(self, kind: str, limit: int, given: int):
        super().__init__(kind, f"1 to {limit} bytes allowed, {given} given")
        self.limit = limit
        self.given = given


def kind_of(mime_type: str) -> str | None:
    """Return the type of message that a file of this MIME type is sent as."""
    bare = plain(mime_type)
    return next((name for name, one in KINDS.items() if bare in one.mime_types), None)


def usual_kind(mime_type: str) -> str:
    """Return the type of message of a file for which nobody chose one.

    A picture is an image whatever its format: stickers are chosen.
    """
    if plain(mime_type).startswith("image/"):
        return "image"
    return kind_of(mime_type) or "document"


def check(kind: str, content: bytes, mime_type: str, voice: bool = False) -> None:
    """Refuse a file that WhatsApp would not take as this type of message.

    ``kind`` is one of ``KINDS``. Raises ``PayloadError`` for a wrong type, a wrong
    size, or bytes of something else; ``voice`` asks for OGG with Opus, one channel.
    """
    check_size(kind, len(content), mime_type)
    if not file_types.agrees(content, mime_type):
        raise _misnamed(kind, content, mime_type)
    if (
        kind == "sticker"
        and not file_types.is_animated(content)
        and len(content) > STICKER
    ):
        raise WrongSize(kind, STICKER, len(content))
    if plain(mime_type) == "audio/ogg" and file_types.opus_channels(content) != 1:
        raise PayloadError(kind, "OGG needs the Opus codec with one channel")
    if voice and plain(mime_type) != "audio/ogg":
        raise PayloadError(kind, "a voice note is audio/ogg")


def _misnamed(kind: str, content: bytes, mime_type: str) -> PayloadError:
    found = file_types.sniff(content)
    if found and found not in KINDS[kind].mime_types:
        return WrongType(kind, found)
    return PayloadError(kind, f"the file is not {plain(mime_type)}")


def check_size(kind: str, size: int, mime_type: str) -> None:
    """Refuse a MIME type or a size in bytes that this type of message does not take."""
    allowed = KINDS[kind]
    if plain(mime_type) not in allowed.mime_types:
        raise WrongType(kind, mime_type)
    if not 1 <= size <= allowed.largest:
        raise WrongSize(kind, allowed.largest, size)
