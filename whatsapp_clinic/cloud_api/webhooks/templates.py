"""News of templates (Cloud API, template webhooks)."""

import re

from .events import Event, TemplateUpdate, Unrecognised
from .reading import dict_, dicts, entry_id, entry_time, scalar, text, time

TEMPLATE_KINDS = {
    "message_template_status_update": "status",
    "message_template_quality_update": "quality",
    "template_category_update": "category",
    "message_template_components_update": "components",
}


def template_update(entry: dict, name: str, value: dict) -> Event:
    """Read what happened to a template; ``name`` is one of ``TEMPLATE_KINDS``."""
    template_id = scalar(value.get("message_template_id"))
    if not template_id:
        return Unrecognised(name, value, "no template named")
    language = text(value.get("message_template_language"))
    other = dict_(value.get("other_info"))
    rejection = dict_(value.get("rejection_info"))
    return TemplateUpdate(
        kind=TEMPLATE_KINDS[name],
        business_account_id=entry_id(entry),
        template_id=template_id,
        name=text(value.get("message_template_name")),
        language=language.replace("-", "_") if language else None,
        event=text(value.get("event")),
        reason=text(value.get("reason")) or text(rejection.get("reason")),
        category=text(value.get("new_category"))
        or text(value.get("message_template_category")),
        previous_category=text(value.get("previous_category")),
        coming_category=text(value.get("correct_category")),
        quality=text(value.get("new_quality_score")),
        previous_quality=text(value.get("previous_quality_score")),
        timestamp=entry_time(entry),
        raw=value,
        title=text(other.get("title")),
        description=text(other.get("description")),
        recommendation=text(rejection.get("recommendation")),
        disabled_at=time(dict_(value.get("disable_info")).get("disable_date")),
        category_changes_at=time(value.get("category_update_timestamp")),
        components=tuple(_components(value)),
    )


def _components(value: dict) -> list[dict]:
    texts = (
        ("HEADER", value.get("message_template_title"), {"format": "TEXT"}),
        ("BODY", value.get("message_template_element"), {}),
        ("FOOTER", value.get("message_template_footer"), {}),
    )
    found = [
        {"type": kind, **more, "text": wording}
        for kind, wording, more in texts
        if isinstance(wording, str) and wording
    ]
    buttons = [_button(one) for one in dicts(value.get("message_template_buttons"))]
    return [*found, {"type": "BUTTONS", "buttons": buttons}] if buttons else found


def _button(button: dict) -> dict:
    """Take the long prefix from the keys: ``message_template_button_text`` is text."""
    return {
        re.sub("^message_template_button_", "", str(key)): value
        for key, value in button.items()
    }
