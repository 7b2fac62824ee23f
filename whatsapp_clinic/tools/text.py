"""Text as patients type it."""

import unicodedata

# The four letters i of Turkish and English are one here: DURDUR, İPTAL, iptal, ıptal.
_LETTER_I = str.maketrans({"İ": "i", "I": "i", "ı": "i"})


def fold(text: str) -> str:
    """Lower case without regard to dots on the i, punctuation, spaces around."""
    folded = unicodedata.normalize("NFKC", text).translate(_LETTER_I).casefold()
    return " ".join(folded.strip(" \t\r\n.!?,;:\"'").split())
