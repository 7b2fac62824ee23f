"""What a file really is.

Its type is told by its first bytes and compared with what was claimed: names and MIME
types come from whoever sent it. The tables are those of the formats' own signatures.
"""

import base64
import binascii
import codecs
import re

SNIFFED_BYTES = 8192
"""How much of a file's beginning ``sniff`` wants to see."""
UNKNOWN = "application/octet-stream"
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OFFICE}wordprocessingml.document"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
PPTX = f"{_OFFICE}presentationml.presentation"
_ZIP, _OLE = "application/zip", "application/x-ole-storage"
_OLD_OFFICE = frozenset(
    {
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
    }
)
# Kinds that are told apart only further inside the file, or not at all.
_CONTAINERS = {
    _OLE: _OLD_OFFICE | {"application/vnd.ms-outlook"},
    _ZIP: frozenset(
        {
            DOCX,
            XLSX,
            PPTX,
            "application/x-zip-compressed",
            "application/epub+zip",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.presentation",
        }
    ),
    "application/rtf": frozenset({"text/rtf"}),
    "audio/mp4": frozenset({"video/mp4", "audio/aac", "audio/x-m4a"}),
    "video/mp4": frozenset({"audio/mp4", "video/3gpp", "audio/aac", "audio/x-m4a"}),
    "video/3gpp": frozenset({"video/mp4", "audio/3gpp"}),
    "image/heic": frozenset({"image/heif"}),
    "image/dicom": frozenset({"application/dicom"}),
    "text/plain": frozenset(
        {"text/csv", "text/vcard", "text/x-vcard", "text/calendar", "application/json"}
    ),
    "text/xml": frozenset({"application/xml"}),
}
# What telephones and computers call a file by habit, and what opens it all the same:
# Windows calls CSV a workbook of Excel.
_HABITS = {
    DOCX: frozenset({"application/msword"}),
    XLSX: frozenset({"application/vnd.ms-excel"}),
    PPTX: frozenset({"application/vnd.ms-powerpoint"}),
    _ZIP: _OLD_OFFICE,
    "application/rtf": frozenset({"application/msword"}),
    "text/plain": frozenset({"application/vnd.ms-excel"}),
    "text/xml": frozenset({"text/plain"}),
    "video/quicktime": frozenset({"video/mp4"}),
}
_SPELLINGS = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-aac": "audio/aac",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "application/x-pdf": "application/pdf",
}
# (offset, bytes, what it is), more telling ones first.
_SIGNATURES = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (128, b"DICM", "image/dicom"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"MZ\x90", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (0, b"#!", "text/x-script"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = (
    (b"M4A", "audio/mp4"),
    (b"M4B", "audio/mp4"),
    (b"3g", "video/3gpp"),
    (b"qt  ", "video/quicktime"),
    (b"hei", "image/heic"),
    (b"hev", "image/heic"),
    (b"mif1", "image/heic"),
    (b"avif", "image/avif"),
    (b"", "video/mp4"),
)
_ZIPPED = ((b"word/", DOCX), (b"xl/", XLSX), (b"ppt/", PPTX))
_PDF_HEADER = re.compile(rb"%PDF-[12]\.[0-9]")
_MARKUP = (
    (rb"<!doctype html|<html|<head|<body|<script|<iframe", "text/html"),
    (rb"<svg", "image/svg+xml"),
    (rb"<\?xml", "text/xml"),
)


def plain(mime_type: str) -> str:
    """Return a MIME type without parameters, in its usual spelling.

    ``audio/ogg; codecs=opus`` is ``audio/ogg``.
    """
    bare = mime_type.partition(";")[0].strip().lower()
    return _SPELLINGS.get(bare, bare)


def sniff(content: bytes) -> str | None:
    """Return what a file is by its first ``SNIFFED_BYTES``; None when nothing tells.

    Word, Excel and PowerPoint of before 2007 are all ``application/x-ole-storage``.
    """
    start = content[:SNIFFED_BYTES]
    return (
        _signature(start)
        or _riff(start)
        or _iso_media(start)
        or _zipped(start)
        or _mpeg_audio(start)
        or _markup(start)
        or _late_pdf(start)
        or _plain_text(start)
    )


def is_usual(content: bytes, claimed: str) -> bool:
    """Whether the claim agrees, or is what such a file is called by habit."""
    habits = _HABITS.get(sniff(content), ())
    return agrees(content, claimed) or plain(claimed) in habits


def is_harmful(content: bytes) -> bool:
    """Whether the first bytes are of what a browser or a computer might run."""
    return sniff(content) in _HARMFUL


def real_type(content: bytes, claimed: str) -> str:
    """Return what to store a file as: a known kind as claimed if its bytes agree.

    Else what the bytes tell; and where they tell nothing the claim, unless it is one
    that always tells: patients send documents of any kind.
    """
    claimed = plain(claimed)
    if claimed in _KNOWN and agrees(content, claimed):
        return claimed
    return sniff(content) or (claimed not in _KNOWN and claimed) or UNKNOWN


def agrees(content: bytes, claimed: str) -> bool:
    """Whether the first bytes do not contradict the claimed MIME type.

    Telephones name many kinds in ways of their own (``text/comma-separated-values``):
    such a name is contradicted only by what is never harmless under another name.
    """
    claimed, found = plain(claimed), sniff(content)
    if claimed not in _KNOWN:
        return found not in _HARMFUL
    if found is None:
        return claimed not in _TELLING
    return claimed == found or claimed in _CONTAINERS.get(found, ())


def is_animated(content: bytes) -> bool:
    """Whether a WebP moves: the animation bit of its VP8X chunk."""
    return content[12:16] == b"VP8X" and bool(content[20:21] and content[20] & 0x02)


def opus_channels(content: bytes) -> int | None:
    """Return the number of channels of an OGG file with the Opus codec (RFC 7845)."""
    head = content[:SNIFFED_BYTES].find(b"OpusHead")
    channels = content[head + 9 : head + 10] if head >= 0 else b""
    return channels[0] if channels else None


def same_checksum(claimed: str, sha256: bytes) -> bool:
    """Whether a digest is the one that WhatsApp told, in base64 or in hexadecimal."""
    return sha256 in (_from_hex(claimed), _from_base64(claimed))


def _signature(start: bytes) -> str | None:
    for offset, signature, mime_type in _SIGNATURES:
        if start.startswith(signature, offset):
            return mime_type
    return None


def _riff(start: bytes) -> str | None:
    return _RIFF.get(start[8:12]) if start.startswith(b"RIFF") else None


def _iso_media(start: bytes) -> str | None:
    """MP4 and its relatives name their brand in the first box."""
    if start[4:8] != b"ftyp":
        return None
    return next(kind for brand, kind in _BRANDS if start[8:12].startswith(brand))


def _zipped(start: bytes) -> str | None:
    if not start.startswith(b"PK\x03\x04"):
        return None
    return next((kind for name, kind in _ZIPPED if name in start), _ZIP)


def _mpeg_audio(start: bytes) -> str | None:
    """Eleven set bits begin a frame; layer 0 is AAC, layer 3 is MP3."""
    if len(start) < 2 or start[0] != 0xFF or start[1] & 0xE0 != 0xE0:
        return None
    layer = start[1] & 0x06
    if layer == 0 and start[1] & 0xF0 == 0xF0:
        return "audio/aac"
    return "audio/mpeg" if layer == 0x02 else None


def _markup(start: bytes) -> str | None:
    text = start.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"")
    if not text.lstrip().startswith(b"<"):
        return None
    for pattern, mime_type in _MARKUP:
        if re.search(pattern, text, re.IGNORECASE):
            return mime_type
    return None


def _late_pdf(start: bytes) -> str | None:
    """Readers look for the header of a PDF in the first 1,024 bytes."""
    return "application/pdf" if _PDF_HEADER.search(start, 0, 1024 + 8) else None


def _plain_text(start: bytes) -> str | None:
    """UTF-8 without control characters; a character may be cut off at the end."""
    if not start or re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", start):
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(start, final=len(start) < SNIFFED_BYTES)
    except UnicodeDecodeError:
        return None
    return "text/plain"


def _from_hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        return None


def _from_base64(text: str) -> bytes | None:
    padded = text.strip() + "=" * (-len(text.strip()) % 4)
    try:
        return base64.b64decode(padded.translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError):
        return None


_URL_SAFE = str.maketrans("-_", "+/")
# A page, a drawing, a program.
_HARMFUL = frozenset(
    {
        "text/html",
        "image/svg+xml",
        "application/x-msdownload",
        "application/x-elf",
        "application/x-mach-binary",
        "application/java-vm",
        "application/x-ms-shortcut",
        "text/x-script",
    }
)
_KNOWN = (
    {"text/plain"}
    | {mime_type for _offset, _signature, mime_type in _SIGNATURES}
    | set(_RIFF.values())
    | {mime_type for _brand, mime_type in _BRANDS}
    | {mime_type for _pattern, mime_type in _MARKUP}
    | set().union(*_CONTAINERS.values())
    | {_ZIP}
)
# Types whose files always begin in a way that tells, so that silence contradicts them.
_TELLING = _KNOWN - {
    "text/plain",
    "text/csv",
    "text/vcard",
    "text/x-vcard",
    "text/calendar",
}
