"""Text as patients type it; all of this takes time that grows with its length."""

import re
import unicodedata

from lxml import html
from markupsafe import Markup, escape

# The four letters i of Turkish and English are one here: DURDUR, İPTAL, iptal, ıptal.
_LETTER_I = str.maketrans({"İ": "i", "I": "i", "ı": "i"})
# Left over where a program lowered İ without knowing Turkish.
_DOT_ABOVE = "\u0307"
# A long text is normalised piece by piece, at spaces where there are any: then it takes
# as long as its length says.
_PIECES = re.compile(r".{0,255}\s|.{1,256}", re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LINK = re.compile(r"https?://[^\s<]+")
# HTML, phrasing content: what does not begin a new line.
_WITHIN_WORDS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "del",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "strike",
        "sub",
        "sup",
        "u",
        "var",
    ]
)


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot store: NUL and halves of characters."""
    return _UNSTORABLE.sub("", text)


def clean_text(text: str) -> str:
    """Replace what PostgreSQL cannot store, NUL and lone surrogates, by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def fold(text: str) -> str:
    """Lower case without regard to dots on the i, and to what is around the letters.

    Punctuation, emoji and spaces around are left out, as is what nobody sees (marks of
    direction, joiners); spaces inside are one space.
    """
    hidden = [one for one in set(text) if unicodedata.category(one) == "Cf"]
    visible = text.translate(dict.fromkeys(map(ord, hidden))) if hidden else text
    plain = "".join(_fold_piece(piece) for piece in _PIECES.findall(visible))
    ends = range(len(plain)), reversed(range(len(plain)))
    first, last = (
        next((place for place in places if plain[place].isalnum()), None)
        for places in ends
    )
    return "" if first is None else " ".join(plain[first : last + 1].split())


def _fold_piece(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text).translate(_LETTER_I)
    lowered = unicodedata.normalize("NFKC", composed.casefold())
    return lowered.replace(_DOT_ABOVE, "")


def words_of_html(value: str) -> str:
    """The text of HTML as it is read: a word with a part in bold is one word."""
    if not value.strip():
        return ""
    root = html.fragment_fromstring(value, create_parent=True)
    for element in root.iter():
        if element.tag not in _WITHIN_WORDS:
            element.text = f" {element.text or ''}"
            element.tail = f" {element.tail or ''}"
    return " ".join(root.text_content().split())


def as_html(text: str) -> Markup:
    """A text with its lines and links, in time that grows with its length."""
    linked = _LINK.sub(
        r'<a href="\g<0>" target="_blank" rel="noreferrer noopener">\g<0></a>',
        str(escape(text)),
    )
    return Markup(f"<p>{'<br/>'.join(linked.splitlines())}</p>")


def search_key(text: str) -> str:
    """Letters without their marks, so that ayse finds Ayşe, and oguz Oğuz."""
    apart = unicodedata.normalize("NFKD", fold(text))
    return "".join(one for one in apart if not unicodedata.combining(one))
