"""What a message has besides its text, as plain values that PostgreSQL can keep."""

import json
import math
from collections.abc import Iterator

from ...cloud_api.webhooks import MEDIA_KINDS, InboundMessage, clean_text

# What of a message makes up its kind, or its kind of answer.
_ESSENTIAL = {
    "text": "text",
    "button": "text",
    "reaction": "context_id",
    "edit": "context_id",
    "revoke": "context_id",
    "location": "location",
    "contacts": "contacts",
    "order": "order",
    # That it is not passed on is all that it tells.
    "unsupported": "kind",
    "button_reply": "payload",
    "list_reply": "payload",
    "nfm_reply": "form",
    "list": "text",
    "cta_url": "text",
    "media_placeholder": "kind",
    **dict.fromkeys(MEDIA_KINDS, "media"),
}
# What the clinic offers to tap, by WhatsApp's type of it.
_OFFERS = {"button": "buttons", "list": "list", "cta_url": "cta_url"}
_ADDRESS = ("street", "city", "state", "zip", "country")
# Values nested deeper are left out.
_DEPTH = 24
# Characters of a message that nobody knows.
_RAW_SIZE = 65_536


def stored_kind(event: InboundMessage) -> str:
    """WhatsApp's type; a voice note is told from a sound file, an offer from a tap."""
    if event.kind == "interactive":
        return _OFFERS.get(event.interactive_type, event.kind)
    is_voice = event.media and event.media.is_voice
    return "voice" if is_voice and event.kind == "audio" else clean_text(event.kind)


def stored_content(event: InboundMessage) -> dict:
    """What the patient sent besides text, by what it is; cleaned, {} if nothing."""
    found = {
        "interactive_type": event.interactive_type,
        "payload": event.payload,
        "description": event.description,
        "forwarded": event.is_forwarded,
        "location": event.location and vars(event.location),
        "contacts": [_card(card) for card in event.contacts],
        "form": event.form and _form(event.form),
        "buttons": event.choices,
        "order": event.order and _order(event.order),
        "referral": event.referral and _filled(vars(event.referral)),
        "product": event.product_id,
        "unsupported_type": event.unsupported_type,
        "errors": [{"code": one.code, "title": one.title} for one in event.errors],
        "unread": _unread(event),
    }
    return cleaned(_filled(found))


def stored_raw(event: InboundMessage) -> dict | None:
    """The message as it came, where this version does not understand all of it.

    Also where only its time cannot be read: when it was written stands there.
    """
    if _is_understood(event) and event.timestamp:
        return None
    raw = cleaned(event.raw)
    text = json.dumps(raw, ensure_ascii=False)
    return raw if len(text) <= _RAW_SIZE else {"beginning": text[:_RAW_SIZE]}


def _is_understood(event: InboundMessage) -> bool:
    kind = event.interactive_type if event.kind == "interactive" else event.kind
    return getattr(event, _ESSENTIAL.get(kind, ""), None) not in (None, ())


def _unread(event: InboundMessage):
    """What there is of a message that is not understood, for people to read."""
    if _is_understood(event):
        return None
    content = event.raw.get(event.kind)
    if event.kind == "interactive" and isinstance(content, dict):
        content = content.get(event.interactive_type) or content
    return content


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


def _filled(values: dict) -> dict:
    return {key: value for key, value in values.items() if value}


def _card(card) -> dict:
    organization = card.raw.get("org")
    work = organization if isinstance(organization, dict) else {}
    found = _filled(
        {
            "name": card.name,
            "phones": [
                _filled({"phone": one, "wa_id": id_}) for one, id_ in card.phones
            ],
            "emails": list(card.emails),
            "company": _line(work, "company", "department", "title"),
            "addresses": _lines(card.raw.get("addresses"), *_ADDRESS),
            "urls": _lines(card.raw.get("urls"), "url"),
            "birthday": _line(card.raw, "birthday"),
            "own": card.is_own,
        }
    )
    return found or {"unread": card.raw}


def _line(values: dict, *names: str) -> str:
    found = (values.get(name) for name in names)
    return ", ".join(one for one in found if isinstance(one, str) and one)


def _lines(several, *names: str) -> list[str]:
    found = several if isinstance(several, list) else []
    lines = (_line(one, *names) for one in found if isinstance(one, dict))
    return [line for line in lines if line]


def _form(form) -> dict:
    answers = {key: one for key, one in form.answers.items() if key != "flow_token"}
    unread = None if form.answers else _json_or_text(form.response_json)
    return _filled({"name": form.name, "answers": answers, "unread": unread})


def _json_or_text(text: str):
    """What JSON tells, or the text itself if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _order(order) -> dict:
    items = [vars(item) for item in order.items]
    return {"catalog_id": order.catalog_id, "items": items}


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
