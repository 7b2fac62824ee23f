"""What comes out of a signature field, checked before it is kept as evidence."""

import base64
import io
import struct
import zlib

from PIL import Image

# A finger's drawing on a large screen; a phone's has some ten kilobytes.
MAX_BYTES = 256 * 1024
MAX_WIDTH, MAX_HEIGHT = 4000, 2000
MIN_WIDTH, MIN_HEIGHT = 20, 10

# What decoding makes of bytes that are no PNG, or a broken one.
_BROKEN = (
    EOFError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    zlib.error,
)


class NoSignature(ValueError):
    """Nothing was drawn."""


class NotASignature(ValueError):
    """It is no PNG image of the size of a signature."""


def read_png(encoded: str) -> bytes:
    """The bytes of a drawn signature from base64.

    Raises NoSignature if it is empty or blank, NotASignature for anything that is no
    PNG image of a sane size.
    """
    if not encoded:
        raise NoSignature
    if len(encoded) > MAX_BYTES * 4 // 3 + 4:
        raise NotASignature
    try:
        data = base64.b64decode(encoded, validate=True)
        is_drawn = _is_drawn(data)
    except _BROKEN as broken:
        raise NotASignature from broken
    if not is_drawn:
        raise NoSignature
    return data


def _is_drawn(data: bytes) -> bool:
    # Odoo has Pillow read what was cut off; this does not.
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.verify()
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        width, height = image.size
        if not (MIN_WIDTH <= width <= MAX_WIDTH and MIN_HEIGHT <= height <= MAX_HEIGHT):
            raise NotASignature
        paper = Image.new("RGBA", image.size, "white")
        darkest, lightest = (
            Image.alpha_composite(paper, image.convert("RGBA"))
            .convert("L")
            .getextrema()
        )
    return darkest != lightest
