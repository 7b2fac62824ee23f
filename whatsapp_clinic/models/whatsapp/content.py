"""What a message has besides its text, in the shape in which messages keep it."""

import json

from ...cloud_api.webhooks import MEDIA_KINDS, InboundMessage

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


def kind_of(told: InboundMessage) -> str:
    """WhatsApp's type; a voice note is told from a sound file, an offer from a tap."""
    if told.kind == "interactive":
        return _OFFERS.get(told.interactive_type, told.kind)
    is_voice = told.media and told.media.is_voice
    return "voice" if is_voice and told.kind == "audio" else told.kind


def content_of(told: InboundMessage) -> dict:
    """What the patient sent besides text and tap, by what it is."""
    found = {
        "interactive_type": told.interactive_type,
        "description": told.description,
        "forwarded": told.is_forwarded,
        "location": told.location and vars(told.location),
        "contacts": [_card(card) for card in told.contacts],
        "form": told.form and _form(told.form),
        "buttons": told.choices,
        "order": told.order and _order(told.order),
        "referral": told.referral and _filled(vars(told.referral)),
        "product": told.product_id,
        "unsupported_type": told.unsupported_type,
        "errors": [{"code": one.code, "title": one.title} for one in told.errors],
        "unread": _unread(told),
    }
    return _filled(found)


def raw_of(told: InboundMessage) -> dict | None:
    """The message as it came, where this version does not understand all of it.

    Also where only its time cannot be read: when it was written stands there.
    """
    return None if _is_understood(told) and told.timestamp else told.raw


def _is_understood(told: InboundMessage) -> bool:
    kind = told.interactive_type if told.kind == "interactive" else told.kind
    return getattr(told, _ESSENTIAL.get(kind, ""), None) not in (None, ())


def _unread(told: InboundMessage):
    """What there is of a message that is not understood, for people to read."""
    if _is_understood(told):
        return None
    content = told.raw.get(told.kind)
    if told.kind == "interactive" and isinstance(content, dict):
        content = content.get(told.interactive_type) or content
    return content


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
