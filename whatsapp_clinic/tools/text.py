"""Text as patients type it."""

import unicodedata

# The four letters i of Turkish and English are one here: DURDUR, İPTAL, iptal, ıptal.
_LETTER_I = str.maketrans({"İ": "i", "I": "i", "ı": "i"})
# Left over where a program lowered İ without knowing Turkish.
_DOT_ABOVE = "\u0307"


def fold(text: str) -> str:
    """Lower case without regard to dots on the i, and to what is around the letters.

    Punctuation, emoji and spaces around are left out, as is what nobody sees (marks of
    direction, joiners); spaces inside are one space.
    """
    visible = "".join(one for one in text if unicodedata.category(one) != "Cf")
    composed = unicodedata.normalize("NFKC", visible).translate(_LETTER_I)
    lowered = unicodedata.normalize("NFKC", composed.casefold())
    plain = lowered.replace(_DOT_ABOVE, "")
    places = [place for place, one in enumerate(plain) if one.isalnum()]
    if not places:
        return ""
    return " ".join(plain[places[0] : places[-1] + 1].split())
