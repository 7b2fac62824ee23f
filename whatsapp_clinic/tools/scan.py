"""Scans of paper, known by their content and not by their name."""

_KINDS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}


def kind_of(data: bytes) -> str | None:
    """The media type of a PDF, PNG or JPEG by its first bytes; None for others."""
    return next(
        (kind for start, kind in _KINDS.items() if data.startswith(start)), None
    )
