"""What files WhatsApp takes, and what a file really is."""

import base64
import hashlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import media
from whatsapp_clinic.cloud_api.payloads import PayloadError
from whatsapp_clinic.plain import file_types

bounded = settings(max_examples=300, derandomize=True, deadline=None, database=None)

OFFICE = "application/vnd.openxmlformats-officedocument."


def png() -> bytes:
    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    size = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\xff\xff")
    parts = chunk(b"IHDR", size) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def archive(*names) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


def webp(flags=None) -> bytes:
    body = b"WEBPVP8 " if flags is None else b"WEBPVP8X\x0a\0\0\0" + bytes([flags])
    return b"RIFF\x10\0\0\0" + body + b"\0" * 16


def opus(channels=1) -> bytes:
    head = b"OpusHead\x01" + bytes([channels])
    return b"OggS\x00\x02" + b"\0" * 22 + head + b"\0" * 8


FILES = {
    "image/png": png(),
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/gif": b"GIF89a\x01\x00\x01\x00",
    "image/webp": webp(),
    "image/heic": b"\0\0\0\x18ftypheic",
    "image/svg+xml": b'<?xml version="1.0"?>\n<svg xmlns="x"></svg>',
    "audio/ogg": opus(),
    "audio/mpeg": b"ID3\x04\x00",
    "audio/aac": b"\xff\xf1\x50\x80",
    "audio/amr": b"#!AMR\n\x04",
    "audio/mp4": b"\0\0\0\x18ftypM4A \0\0\0\0",
    "audio/wav": b"RIFF\x10\0\0\0WAVEfmt ",
    "video/mp4": b"\0\0\0\x18ftypisom\0\0\0\0",
    "video/3gpp": b"\0\0\0\x18ftyp3gp4\0\0\0\0",
    "video/quicktime": b"\0\0\0\x14ftypqt  ",
    "video/webm": b"\x1aE\xdf\xa3\x01",
    "application/pdf": b"%PDF-1.7\n",
    "application/zip": archive("a.txt"),
    f"{OFFICE}wordprocessingml.document": archive("_rels/.rels", "word/document.xml"),
    f"{OFFICE}spreadsheetml.sheet": archive("_rels/.rels", "xl/workbook.xml"),
    f"{OFFICE}presentationml.presentation": archive("_rels/.rels", "ppt/a.xml"),
    "application/x-ole-storage": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
    "application/x-msdownload": b"MZ\x90\x00\x03",
    "application/x-elf": b"\x7fELF\x02",
    "application/gzip": b"\x1f\x8b\x08",
    "application/x-mach-binary": b"\xcf\xfa\xed\xfe\x07",
    "application/java-vm": b"\xca\xfe\xba\xbe\0",
    "application/x-ms-shortcut": b"L\0\0\0\x01\x14\x02\0\0",
    "application/rtf": b"{\\rtf1\\ansi",
    "text/xml": b'<?xml version="1.0"?><a/>',
    "text/html": b"\n <!DOCTYPE html><html><script>x</script>",
    "text/x-script": b"#!/bin/sh\n",
    "text/plain": "Sayın hastamız, ğüşıöç".encode(),
}


@pytest.mark.parametrize("mime_type", FILES)
def test_a_file_is_known_by_its_first_bytes(mime_type):
    assert file_types.sniff(FILES[mime_type]) == mime_type


@pytest.mark.parametrize("mime_type", FILES)
def test_a_file_agrees_with_what_it_is(mime_type):
    assert file_types.agrees(FILES[mime_type], mime_type)
    assert file_types.real_type(FILES[mime_type], mime_type) == mime_type


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x03", b"\xff", b"\x80abc"])
def test_bytes_that_tell_nothing_are_no_kind(content):
    assert file_types.sniff(content) is None


def test_a_character_that_is_cut_off_does_not_hide_a_text():
    content = "ğ".encode() * file_types.SNIFFED_BYTES
    assert file_types.sniff(b"x" + content) == "text/plain"


@pytest.mark.parametrize(
    ("mime_type", "claimed"),
    [
        ("video/mp4", "audio/mp4"),
        ("audio/mp4", "video/mp4"),
        ("video/3gpp", "video/mp4"),
        ("application/x-ole-storage", "application/msword"),
        ("application/zip", f"{OFFICE}wordprocessingml.document"),
        ("audio/ogg", "audio/ogg; codecs=opus"),
        ("image/jpeg", "IMAGE/JPG"),
        ("text/plain", "text/csv"),
        ("text/plain", "text/vcard"),
    ],
)
def test_a_claim_that_is_as_good_is_kept(mime_type, claimed):
    assert file_types.agrees(FILES[mime_type], claimed)
    assert file_types.real_type(FILES[mime_type], claimed) == file_types.plain(claimed)


@pytest.mark.parametrize(
    ("mime_type", "claimed"),
    [
        ("text/html", "image/png"),
        ("text/html", "text/plain"),
        ("image/svg+xml", "image/png"),
        ("application/x-msdownload", "application/pdf"),
        ("application/x-elf", "text/plain"),
        ("image/png", "image/jpeg"),
        ("application/zip", "application/pdf"),
        ("text/plain", "text/html"),
        ("text/plain", "application/x-msdownload"),
    ],
)
def test_a_false_claim_is_replaced_by_what_the_bytes_say(mime_type, claimed):
    assert not file_types.agrees(FILES[mime_type], claimed)
    assert file_types.real_type(FILES[mime_type], claimed) == mime_type


@pytest.mark.parametrize(
    ("mime_type", "claimed"),
    [
        ("text/plain", "application/vnd.ms-excel"),
        ("text/xml", "text/plain"),
        ("application/rtf", "application/msword"),
        (f"{OFFICE}wordprocessingml.document", "application/msword"),
        (f"{OFFICE}spreadsheetml.sheet", "application/vnd.ms-excel"),
        ("video/quicktime", "video/mp4"),
    ],
)
def test_a_name_by_habit_is_no_lie_and_the_bytes_say_what_it_is(mime_type, claimed):
    assert file_types.is_usual(FILES[mime_type], claimed)
    assert not file_types.agrees(FILES[mime_type], claimed)
    assert file_types.real_type(FILES[mime_type], claimed) == mime_type


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\r\n", b"x" * 1000])
def test_a_pdf_may_have_bytes_before_its_header(before):
    assert file_types.sniff(before + FILES["application/pdf"]) == "application/pdf"


@pytest.mark.parametrize("before", [b"<html><script>", b"#!/bin/sh\n", b"MZ\x90"])
def test_what_can_do_harm_is_no_pdf_because_it_says_so_later(before):
    content = before + FILES["application/pdf"]
    assert file_types.is_harmful(content)
    assert file_types.sniff(content) != "application/pdf"


@pytest.mark.parametrize("claimed", ["image/png", "video/mp4", "application/pdf"])
def test_bytes_that_tell_nothing_are_not_what_always_tells(claimed):
    assert file_types.real_type(b"\x00\x01\x02", claimed) == file_types.UNKNOWN


@pytest.mark.parametrize(
    ("mime_type", "claimed"),
    [
        ("text/plain", "text/comma-separated-values"),
        ("text/plain", "text/markdown"),
        ("application/zip", "application/vnd.apple.pages"),
        ("application/gzip", "application/x-gzip"),
        (
            f"{OFFICE}wordprocessingml.document",
            "application/vnd.ms-word.document.macroenabled.12",
        ),
    ],
)
def test_a_name_that_nobody_knows_contradicts_nothing(mime_type, claimed):
    assert file_types.agrees(FILES[mime_type], claimed)
    assert file_types.real_type(FILES[mime_type], claimed) == mime_type


@pytest.mark.parametrize(
    "mime_type",
    ["text/html", "image/svg+xml", "application/x-msdownload", "text/x-script"],
)
def test_what_can_do_harm_hides_behind_no_unknown_name(mime_type):
    assert not file_types.agrees(FILES[mime_type], "application/x-dental")
    assert file_types.real_type(FILES[mime_type], "application/x-dental") == mime_type


def test_a_document_of_an_unknown_kind_keeps_its_claim():
    assert file_types.real_type(b"\x00\x01\x02", "application/x-dental") == (
        "application/x-dental"
    )
    assert file_types.real_type(b"\x00\x01\x02", "") == file_types.UNKNOWN


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", "image"),
        ("image/webp", "sticker"),
        ("audio/ogg; codecs=opus", "audio"),
        ("video/3gpp", "video"),
        ("application/pdf", "document"),
        ("image/gif", None),
        ("", None),
    ],
)
def test_a_file_is_sent_as_the_kind_that_takes_it(mime_type, kind):
    assert media.kind_of(mime_type) == kind


LARGEST = {
    "image": ("image/png", 5_000_000),
    "video": ("video/mp4", 16_000_000),
    "audio": ("audio/mpeg", 16_000_000),
    "sticker": ("image/webp", 500_000),
}


@pytest.mark.parametrize("kind", LARGEST)
def test_a_file_as_large_as_the_limit_is_accepted(kind):
    mime_type, limit = LARGEST[kind]
    content = webp(flags=2) if kind == "sticker" else FILES[mime_type]
    media.check(kind, content.ljust(limit, b"\0"), mime_type)
    with pytest.raises(PayloadError, match="bytes"):
        media.check(kind, content.ljust(limit + 1, b"\0"), mime_type)


def test_a_document_may_have_100_megabytes():
    media.check_size("document", 100_000_000, "application/pdf")
    with pytest.raises(PayloadError, match="bytes"):
        media.check_size("document", 100_000_001, "application/pdf")


def test_a_sticker_that_does_not_move_is_smaller():
    media.check("sticker", webp().ljust(100_000, b"\0"), "image/webp")
    with pytest.raises(PayloadError, match="bytes"):
        media.check("sticker", webp().ljust(100_001, b"\0"), "image/webp")


@pytest.mark.parametrize(
    ("kind", "content", "mime_type"),
    [
        ("image", FILES["image/gif"], "image/gif"),
        ("image", b"", "image/png"),
        ("image", FILES["text/html"], "image/png"),
        ("video", FILES["video/quicktime"], "video/mp4"),
        ("document", FILES["application/x-msdownload"], "application/pdf"),
        ("audio", opus(channels=2), "audio/ogg"),
        ("audio", b"OggS\0vorbis", "audio/ogg"),
    ],
)
def test_what_whatsapp_would_not_take_is_refused(kind, content, mime_type):
    with pytest.raises(PayloadError):
        media.check(kind, content, mime_type)


def test_a_voice_note_is_ogg():
    media.check("audio", opus(), "audio/ogg", voice=True)
    with pytest.raises(PayloadError, match="voice"):
        media.check("audio", FILES["audio/mpeg"], "audio/mpeg", voice=True)


@pytest.mark.parametrize("flags", [None, 0, 0x10])
def test_a_sticker_moves_only_with_the_animation_bit(flags):
    assert not file_types.is_animated(webp(flags))
    assert file_types.is_animated(webp((flags or 0) | 0x02))


def test_a_checksum_is_compared_in_either_spelling():
    digest = hashlib.sha256(b"x").digest()
    url_safe = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    for spelling in (
        digest.hex(),
        digest.hex().upper(),
        base64.b64encode(digest).decode(),
        url_safe,
    ):
        assert file_types.same_checksum(spelling, digest)


@bounded
@given(st.text(max_size=70))
def test_any_other_checksum_differs(claimed):
    assert not file_types.same_checksum(claimed, hashlib.sha256(b"x").digest())


mime_types = st.sampled_from([*FILES, "", "image/png; q=1", "application/x-dental"])


@bounded
@given(st.binary(max_size=64), st.sampled_from(list(FILES.values())), mime_types)
def test_any_bytes_have_a_type_that_they_agree_with(tail, start, claimed):
    for content in (tail, start + tail):
        assert file_types.agrees(content, file_types.real_type(content, claimed))
