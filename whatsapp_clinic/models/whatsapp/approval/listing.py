"""What WhatsApp says of a template, as values of its approval; plain functions."""

from datetime import datetime, timezone

from odoo.tools import LazyTranslate

from ....tools import clock
from ...template.template import CATEGORIES

_lt = LazyTranslate(__name__)

# Cloud API, template status; only an approved template can be sent. A draft is ours.
STATUSES = [
    ("DRAFT", "Draft"),
    ("APPROVED", "Approved"),
    ("PENDING", "In review"),
    ("REJECTED", "Rejected"),
    ("PAUSED", "Paused by WhatsApp"),
    ("DISABLED", "Disabled by WhatsApp"),
    ("IN_APPEAL", "In appeal"),
    ("LIMIT_EXCEEDED", "Limit exceeded"),
    ("ARCHIVED", "Archived at WhatsApp"),
    ("PENDING_DELETION", "Being deleted"),
    ("DELETED", "Deleted at WhatsApp"),
    ("UNKNOWN", "Unknown"),
]
QUALITIES = [
    ("GREEN", "High"),
    ("YELLOW", "Medium"),
    ("RED", "Low"),
    ("UNKNOWN", "Not known yet"),
]
# Cloud API, reasons of a rejection.
REJECTIONS = {
    "ABUSIVE_CONTENT": _lt("It is taken for abusive."),
    "INCORRECT_CATEGORY": _lt("It belongs to another category."),
    "INVALID_FORMAT": _lt("Variables, examples or formatting are not as they must be."),
    "PROMOTIONAL": _lt("It advertises, which this category does not allow."),
    "SCAM": _lt("It is taken for a fraud."),
    "TAG_CONTENT_MISMATCH": _lt("Language or category do not match the text."),
}
# Cloud API, template webhooks: events that are no status of their own.
_STATUS_AFTER = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED"}
_WARNING = "FLAGGED"
_GOING = ("PENDING_DELETION", "DELETED", "ARCHIVED")


def listed_values(definition: dict) -> dict:
    """Values of the approval of a template as the Cloud API lists it."""
    score = definition.get("quality_score")
    quality = score.get("score") if isinstance(score, dict) else None
    status = definition.get("status")
    return {
        "remote_id": definition.get("id"),
        "category": known_category(definition),
        "status": _known(STATUSES, status, "UNKNOWN"),
        "components": _components(definition.get("components")),
        "ttl_seconds": max(definition.get("message_send_ttl_seconds") or 0, 0),
        "quality": _known(QUALITIES, quality, False),
        **_reason_values(status, definition.get("rejected_reason")),
    }


def known_category(definition: dict, otherwise=False):
    return _known(CATEGORIES, definition.get("category"), otherwise)


def parameter_format(definition: dict) -> str:
    is_named = str(definition.get("parameter_format")).upper() == "NAMED"
    return "NAMED" if is_named else "POSITIONAL"


def by_key(definitions: list[dict]) -> dict[tuple[str, str], dict]:
    """One definition for each name and language: one that goes yields to one that
    came."""
    leaving_first = sorted(definitions, key=lambda one: one.get("status") not in _GOING)
    return {
        (one["name"], one["language"]): one
        for one in leaving_first
        if one.get("name") and one.get("language")
    }


def news_values(approval, update) -> dict:
    """What an update (`cloud_api.webhooks.TemplateUpdate`) changes of an approval; an
    older one than is known says nothing of what is known from a later one."""
    values = {}
    at = _naive(update.timestamp)
    is_late = at and approval.status_at and at < approval.status_at
    if update.event == _WARNING and not is_late:
        values = {
            "status_at": at or approval.status_at,
            "flagged_at": at or clock.now(),
            "disable_at": _naive(update.disabled_at),
        }
    elif update.event and not is_late:
        values = _status_values(update, at or approval.status_at)
    is_old = at and approval.category_at and at < approval.category_at
    if update.category and not is_old:
        values["category"] = _known(CATEGORIES, update.category, False)
        values["category_at"] = at or approval.category_at
    if update.kind == "category":
        coming = _known(CATEGORIES, update.coming_category, False)
        values["coming_category"] = coming
        values["category_changes_at"] = _naive(update.category_changes_at)
    if update.quality:
        values["quality"] = _known(QUALITIES, update.quality, "UNKNOWN")
    return values


def _status_values(update, at: datetime | None) -> dict:
    status = _STATUS_AFTER.get(update.event, update.event)
    words = (update.title, update.description, update.recommendation)
    told = " ".join(filter(None, words))
    return {
        "status": _known(STATUSES, status, "UNKNOWN"),
        "status_at": at,
        "flagged_at": False,
        "disable_at": False,
        "reason_words": False,
        **_reason_values(status, update.reason, told),
    }


def _reason_values(status: str | None, code: str | None, words: str = "") -> dict:
    """Why WhatsApp thinks ill of a template; nothing of it outlasts that it does.

    Loading brings no `words`: those that a webhook brought stay as long.
    """
    if status == "APPROVED":
        return {"reason_code": False, "reason_words": False}
    known = code if code and code != "NONE" else False
    return {"reason_code": known, **({"reason_words": words} if words else {})}


def _naive(moment: datetime | None) -> datetime | None:
    """In UTC, as Odoo stores it."""
    if not moment:
        return None
    if moment.tzinfo:
        moment = moment.astimezone(timezone.utc)
    return moment.replace(tzinfo=None, microsecond=0)


def _components(value) -> list[dict]:
    parts = value if isinstance(value, list) else []
    return [part for part in parts if isinstance(part, dict)]


def _known(selection: list, value, otherwise):
    return value if value in dict(selection) else otherwise
