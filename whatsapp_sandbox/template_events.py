"""Webhook contents about templates, in Meta's shapes. Pure, like ``events``."""

from __future__ import annotations

from typing import Any

from .template import Template


def about(template: Template) -> dict[str, Any]:
    """Which template it is, its language as captured webhooks write it: ``en_US``."""
    return {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }


def with_hyphen(change: dict[str, Any]) -> dict[str, Any]:
    """The news with its language as Meta's examples write it: ``en-US``."""
    language = change["value"]["message_template_language"].replace("_", "-")
    return {
        **change,
        "value": {**change["value"], "message_template_language": language},
    }


def status(template: Template, event: str, **more: Any) -> dict[str, Any]:
    """``more``: disable_info, other_info, rejection_info."""
    reason = template.definition.get("rejected_reason", "NONE")
    value = {
        "event": event,
        **about(template),
        "reason": reason if event == "REJECTED" else "NONE",
        "message_template_category": template.category,
        **more,
    }
    return {"field": "message_template_status_update", "value": value}


def quality(template: Template, before: str, field: str) -> dict[str, Any]:
    value = {
        "previous_quality_score": before,
        "new_quality_score": template.score,
        **about(template),
    }
    return {"field": field, "value": value}


def category_announced(
    template: Template, category: str, moment: int
) -> dict[str, Any]:
    """A change to come: here ``new_category`` is the present one (Cloud API)."""
    value = {
        **about(template),
        "new_category": template.category,
        "correct_category": category,
        "category_update_timestamp": moment,
    }
    return {"field": "template_category_update", "value": value}


def category_changed(template: Template, before: str) -> dict[str, Any]:
    value = {
        **about(template),
        "previous_category": before,
        "new_category": template.category,
    }
    return {"field": "template_category_update", "value": value}


def components(template: Template) -> dict[str, Any]:
    buttons, parts = template.parts.buttons, template.parts.components
    value = {
        **about(template),
        "message_template_element": parts["body"].get("text"),
    }
    if "text" in parts.get("header", {}):
        value["message_template_title"] = parts["header"]["text"]
    if "footer" in parts:
        value["message_template_footer"] = parts["footer"].get("text")
    if buttons:
        value["message_template_buttons"] = [button(one) for one in buttons]
    return {"field": "message_template_components_update", "value": value}


def button(definition: dict[str, Any]) -> dict[str, Any]:
    told = {"message_template_button_type": definition["type"]}
    for key in ("text", "url", "phone_number"):
        if key in definition:
            told[f"message_template_button_{key}"] = definition[key]
    return told
