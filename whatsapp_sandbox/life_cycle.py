"""What WhatsApp does with templates: review, pause, judge, delete; and tells it."""

from __future__ import annotations

from functools import partial
from typing import Any

from . import template_events
from .sandbox import Sandbox
from .template import Template

HOUR_SECONDS = 3600
NAME_BLOCKED_SECONDS = 30 * 24 * HOUR_SECONDS
# Pauses for low quality: title and hours; after these the template is disabled.
PAUSES = (("FIRST_PAUSE", 3), ("SECOND_PAUSE", 6))
# Events that change what the template's status is, where it is not the event's name.
STATUS_AFTER = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED", "FLAGGED": None}


def tell(sandbox: Sandbox, template: Template, change: dict[str, Any]) -> None:
    business = sandbox.world.businesses[template.business_id]
    if sandbox.switches.template_news_language == "hyphen":
        change = template_events.with_hyphen(change)
    sandbox.tell(business, change, time=int(sandbox.clock.now()))


def set_status(sandbox: Sandbox, template: Template, event: str, **more: Any) -> None:
    status = STATUS_AFTER.get(event, event)
    if status is not None:
        template.update(status=status)
    tell(sandbox, template, template_events.status(template, event, **more))


def submit(sandbox: Sandbox, template: Template) -> None:
    """Let WhatsApp review the template, as the switches say."""
    template.update(status="PENDING", rejected_reason="NONE")
    template.submissions += 1
    switches = sandbox.switches
    sandbox.schedule.after(
        switches.review_seconds,
        partial(end_review, sandbox, template, template.submissions),
    )


def end_review(sandbox: Sandbox, template: Template, submission: int) -> None:
    """What is not under this review any more was decided or edited meanwhile."""
    if template.status == "PENDING" and template.submissions == submission:
        switches = sandbox.switches
        decide(sandbox, template, switches.review_decision, switches.review_reason)


def decide(
    sandbox: Sandbox,
    template: Template,
    decision: str,
    reason: str,
    recommendation: str | None = None,
) -> None:
    """``decision`` is APPROVED or REJECTED, the latter for ``reason``."""
    template.submissions += 1
    if decision == "APPROVED":
        set_status(sandbox, template, "APPROVED")
        return
    template.update(rejected_reason=reason)
    more = {}
    if recommendation is not None:
        info = {"reason": reason, "recommendation": recommendation}
        more["rejection_info"] = info
    set_status(sandbox, template, "REJECTED", **more)


def pause(sandbox: Sandbox, template: Template) -> None:
    """For low quality: 3 hours, then 6 hours, then disabled (Cloud API, quality)."""
    now = sandbox.clock.now()
    if template.pauses >= len(PAUSES):
        info = {"disable_date": int(now)}
        other = {"title": "DISABLED", "description": "Low quality for the third time."}
        set_status(sandbox, template, "DISABLED", disable_info=info, other_info=other)
        return
    title, hours = PAUSES[template.pauses]
    template.pauses += 1
    note_pause(sandbox, template)
    description = f"Paused for {hours} hours because of low quality."
    other = {"title": title, "description": description}
    set_status(sandbox, template, "PAUSED", other_info=other)
    sandbox.schedule.after(
        hours * HOUR_SECONDS, partial(end_pause, sandbox, template, template.pauses)
    )


def end_pause(sandbox: Sandbox, template: Template, number: int) -> None:
    if template.status == "PAUSED" and template.pauses == number:
        unpause(sandbox, template)


def pause_for_pacing(sandbox: Sandbox, template: Template) -> None:
    """Until somebody unpauses it (Cloud API, template pacing)."""
    template.pacing_paused_at = sandbox.clock.now()
    note_pause(sandbox, template)
    description = "The first messages were not liked."
    other = {"title": "RATE_LIMITING_PAUSE", "description": description}
    set_status(sandbox, template, "PAUSED", other_info=other)


def note_pause(sandbox: Sandbox, template: Template) -> None:
    if template.category == "UTILITY":
        world = sandbox.world
        world.utility_paused_at[template.business_id] = sandbox.clock.now()


def unpause(sandbox: Sandbox, template: Template) -> None:
    template.pacing_paused_at = None
    other = {"title": "UNPAUSE", "description": "The template may be sent again."}
    set_status(sandbox, template, "APPROVED", other_info=other)


def set_quality(sandbox: Sandbox, template: Template, score: str) -> None:
    before = template.score
    date = int(sandbox.clock.now())
    template.update(quality_score={"score": score, "date": date})
    field = sandbox.switches.quality_update_field
    tell(sandbox, template, template_events.quality(template, before, field))


def announce_category(
    sandbox: Sandbox, template: Template, category: str, seconds: float
) -> None:
    """Tell that the category changes in ``seconds``; 0 changes it without a notice."""
    if seconds:
        moment = int(sandbox.clock.now() + seconds)
        template.update(correct_category=category)
        change = template_events.category_announced(template, category, moment)
        tell(sandbox, template, change)
    sandbox.schedule.after(seconds, partial(set_category, sandbox, template, category))


def set_category(sandbox: Sandbox, template: Template, category: str) -> None:
    before = template.category
    if before != category:
        template.update(category=category, previous_category=before)
        tell(sandbox, template, template_events.category_changed(template, before))


def set_components(
    sandbox: Sandbox, template: Template, components: list[dict[str, Any]]
) -> None:
    """Somebody edited the template in WhatsApp Manager, and it was approved."""
    template.update(components=components)
    tell(sandbox, template, template_events.components(template))


def add(sandbox: Sandbox, template: Template) -> None:
    world = sandbox.world
    key = template.name, template.language
    world.templates[template.business_id][key] = template
    world.templates_by_id[template.id] = template
    submit(sandbox, template)


def delete(sandbox: Sandbox, template: Template) -> None:
    """The name of an approved one is blocked for 30 days (Cloud API)."""
    world = sandbox.world
    key = template.name, template.language
    del world.templates[template.business_id][key]
    del world.templates_by_id[template.id]
    if template.status == "APPROVED":
        until = sandbox.clock.now() + NAME_BLOCKED_SECONDS
        world.blocked_names[(template.business_id, *key)] = until
    template.submissions += 1
    set_status(sandbox, template, "DELETED")
