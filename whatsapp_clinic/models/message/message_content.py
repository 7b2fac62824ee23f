"""What a message has besides its text, as plain values that PostgreSQL can keep.

By what it is: `payload` and `description` of what was tapped, `forwarded`, `location`
(latitude, longitude, name, address, url), `contacts` (each with name, phones, emails,
company, addresses, urls, birthday, own), `form` (name, answers), `buttons` ([id, title]
each), `order` (catalog_id, items), `referral`, `product`, `errors` (code, title each),
`unsupported_type`. `unread` stands, also in a contact or a form, for what was not
understood.
"""

import json
import math
from collections.abc import Iterator

from ...tools.text import clean_text
from ..provider.events import Message

# Values nested deeper are left out.
_DEPTH = 24
# Characters of a message that nobody knows.
_RAW_SIZE = 65_536


def stored_content(event: Message) -> dict:
    """What somebody sent besides text; cleaned, {} if nothing."""
    if not event.payload:
        return cleaned(event.content or {})
    return cleaned({**(event.content or {}), "payload": event.payload})


def stored_raw(event: Message) -> dict | None:
    """The message as it came, where not all of it was understood; cut if it is long."""
    if event.raw is None:
        return None
    raw = cleaned(event.raw)
    text = json.dumps(raw, ensure_ascii=False)
    return raw if len(text) <= _RAW_SIZE else {"beginning": text[:_RAW_SIZE]}


def has_unread(content: dict) -> bool:
    """Whether a part of what the patient sent is not understood."""
    cards = content.get("contacts") or []
    parts = (content, content.get("form") or {}, *cards)
    return any("unread" in part for part in parts)


def searchable(content: dict) -> str:
    """The words of a content, for the search."""
    return "\n".join(_words(content))


def cleaned(value, depth: int = _DEPTH):
    """The value without what jsonb cannot hold: NUL, half characters, infinity."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, dict | list | tuple):
        return value
    if not depth:
        return None
    if isinstance(value, dict):
        return {
            clean_text(str(key)): cleaned(one, depth - 1) for key, one in value.items()
        }
    return [cleaned(one, depth - 1) for one in value]


def _words(value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in ("payload", "click_id", "interactive_type"):
                yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)
