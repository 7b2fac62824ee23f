"""Templates made, changed and deleted: /{business_account_id}/message_templates."""

from __future__ import annotations

import re
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from .. import life_cycle
from ..account import BusinessAccount
from ..sandbox import Sandbox
from ..template import TTL_SECONDS, Template
from .body import content
from .errors import GraphError, invalid, missing, not_one_of
from .languages import LANGUAGES
from .template_parts import Rules
from .template_refusal import EXISTS, NAME_BLOCKED, TOO_MANY_TEMPLATES, refused
from .template_rules import checked

NAME = re.compile(r"[a-z0-9_]{1,512}")
FORMATS = ("POSITIONAL", "NAMED")
HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS
CREATIONS_PER_HOUR = 100
# Edits of an approved template: days, and how many in them (Cloud API).
EDIT_QUOTAS = ((1, 1), (30, 10))
EDITABLE = ("APPROVED", "REJECTED", "PAUSED")
UNPAUSE_SECONDS = 300
DELETED_AT_ONCE = 100
SMALLEST_ID = 10**14


async def create(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    """A new template in one language; it goes to review."""
    definition = await content(request)
    check_creation_quota(sandbox, business)
    name, language = definition.get("name"), definition.get("language")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid("name may have a-z, 0-9 and _, at most 512 characters")
    if not isinstance(language, str) or language not in LANGUAGES:
        raise not_one_of("language", "supported languages", language)
    category = category_of(definition.get("category"))
    parameter_format = str(definition.get("parameter_format", FORMATS[0])).upper()
    if parameter_format not in FORMATS:
        raise not_one_of("parameter_format", ", ".join(FORMATS), parameter_format)
    check_name(sandbox, business, name, language)
    rules = rules_of(sandbox, category, parameter_format)
    components = checked(definition.get("components"), rules)
    if category != "AUTHENTICATION":
        check_is_new(sandbox, business, language, components)
    record = {
        "id": str(SMALLEST_ID + secrets.randbelow(9 * SMALLEST_ID)),
        "name": name,
        "language": language,
        "category": sandbox.switches.review_category or category,
        "status": "PENDING",
        "parameter_format": parameter_format,
        "components": components,
    }
    if "message_send_ttl_seconds" in definition:
        record["message_send_ttl_seconds"] = checked_ttl(
            definition["message_send_ttl_seconds"], category
        )
    template = Template(record, business.id)
    life_cycle.add(sandbox, template)
    return JSONResponse(
        {"id": template.id, "status": template.status, "category": template.category}
    )


def category_of(value: Any) -> str:
    category = str(value).upper()
    if category not in TTL_SECONDS:
        raise not_one_of("category", ", ".join(TTL_SECONDS), value)
    return category


def rules_of(sandbox: Sandbox, category: str, parameter_format: str) -> Rules:
    return Rules(
        category=category,
        named=parameter_format == "NAMED",
        switches=sandbox.switches,
        file_type=sandbox.world.uploads.mime_type,
    )


def check_creation_quota(sandbox: Sandbox, business: BusinessAccount) -> None:
    """100 an hour, and as many in all as the account may have (Cloud API)."""
    now, created = sandbox.clock.now(), sandbox.world.template_creations[business.id]
    created[:] = [moment for moment in created if now - moment < HOUR_SECONDS]
    if len(created) >= CREATIONS_PER_HOUR:
        raise GraphError(80007, "Too many templates were created in this hour.")
    if len(sandbox.world.templates[business.id]) >= business.template_limit:
        raise refused(TOO_MANY_TEMPLATES, "limit", "There are too many templates.")
    created.append(now)


def check_name(
    sandbox: Sandbox, business: BusinessAccount, name: str, language: str
) -> None:
    if (name, language) in sandbox.world.templates[business.id]:
        raise refused(EXISTS, "name", "Content in this language already exists.")
    until = sandbox.world.blocked_names.get((business.id, name, language), 0)
    if sandbox.clock.now() < until:
        raise refused(NAME_BLOCKED, "name", "This name was deleted within 30 days.")


def check_is_new(
    sandbox: Sandbox,
    business: BusinessAccount,
    language: str,
    components: list[dict[str, Any]],
) -> None:
    """No other template of the language may have the same body and footer."""
    texts = body_and_footer({one["type"].lower(): one for one in components})
    for other in sandbox.world.templates[business.id].values():
        found = body_and_footer(other.parts.components)
        if other.language == language and found == texts:
            raise refused(EXISTS, "body", "Another template has this body and footer.")


def body_and_footer(components: dict[str, dict[str, Any]]) -> tuple[Any, Any]:
    return tuple(components.get(name, {}).get("text") for name in ("body", "footer"))


def checked_ttl(seconds: Any, category: str) -> int:
    least, most = TTL_SECONDS[category]
    has_default = category != "MARKETING" and seconds == -1
    if not isinstance(seconds, int) or not (has_default or least <= seconds <= most):
        raise GraphError(100, f"message_send_ttl_seconds must be {least} to {most}")
    return seconds


async def edit(sandbox: Sandbox, request: Request, template: Template) -> JSONResponse:
    """New components or category go to review; a time to live does not."""
    change = await content(request)
    known = {"category", "components", "message_send_ttl_seconds", "parameter_format"}
    if not change or change.keys() - known:
        raise invalid(f"of a template {', '.join(sorted(known))} can be edited")
    updates: dict[str, Any] = {}
    if "message_send_ttl_seconds" in change:
        seconds = checked_ttl(change["message_send_ttl_seconds"], template.category)
        updates["message_send_ttl_seconds"] = seconds
    if change.keys() & {"category", "components"}:
        updates |= reviewed_changes(sandbox, template, change)
        take_edit(sandbox, template)
        template.update(**updates)
        life_cycle.submit(sandbox, template)
    else:
        template.update(**updates)
    return JSONResponse({"success": True})


def reviewed_changes(
    sandbox: Sandbox, template: Template, change: dict[str, Any]
) -> dict[str, Any]:
    if template.status not in EDITABLE:
        raise invalid(f"a template that is {template.status} cannot be edited")
    category = category_of(change.get("category", template.category))
    if category != template.category and template.status == "APPROVED":
        raise invalid("the category of an approved template cannot be edited")
    changes = {"category": category}
    if "components" in change:
        parameter_format = change.get("parameter_format") or template.definition.get(
            "parameter_format", FORMATS[0]
        )
        rules = rules_of(sandbox, category, str(parameter_format).upper())
        changes["components"] = checked(change["components"], rules)
        changes["parameter_format"] = str(parameter_format).upper()
    return changes


def take_edit(sandbox: Sandbox, template: Template) -> None:
    """An approved template: one edit in 24 hours, ten in 30 days (Cloud API)."""
    if template.status != "APPROVED":
        return
    now = sandbox.clock.now()
    for days, limit in EDIT_QUOTAS:
        recent = [one for one in template.edits if now - one < days * DAY_SECONDS]
        if len(recent) >= limit:
            raise invalid(f"an approved template: {limit} edits in {days} days")
    template.edits.append(now)


async def delete(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> JSONResponse:
    """All languages of ``name``, or those with ``hsm_id`` or ``hsm_ids``."""
    chosen = chosen_templates(sandbox, request, business)
    if any(template.status == "DISABLED" for template in chosen):
        raise invalid("a disabled template cannot be deleted")
    for template in chosen:
        life_cycle.delete(sandbox, template)
    return JSONResponse({"success": True})


def chosen_templates(
    sandbox: Sandbox, request: Request, business: BusinessAccount
) -> list[Template]:
    query = request.query_params
    name, ids = query.get("name"), ids_of(query.get("hsm_id") or query.get("hsm_ids"))
    if name is None and (ids is None or "hsm_id" in query):
        raise missing("name")
    if ids is not None and len(ids) > DELETED_AT_ONCE:
        raise invalid(f"at most {DELETED_AT_ONCE} templates can be deleted at once")
    chosen = [
        template
        for template in sandbox.world.templates[business.id].values()
        if name in (None, template.name) and (ids is None or template.id in ids)
    ]
    if not chosen or (ids is not None and len(chosen) != len(ids)):
        raise invalid("no such template")
    return chosen


def ids_of(value: str | None) -> set[str] | None:
    """The digits in ``"1"``, ``"1,2"`` or ``'["1","2"]'``."""
    return None if value is None else set(re.findall(r"\d+", value))


async def unpause(
    sandbox: Sandbox, request: Request, template: Template
) -> JSONResponse:
    """5 minutes after a pause for pacing at the earliest (Cloud API)."""
    paused_at = template.pacing_paused_at
    if template.status != "PAUSED" or paused_at is None:
        raise invalid("the template is not paused for pacing")
    if sandbox.clock.now() - paused_at < UNPAUSE_SECONDS:
        raise invalid("a template can be unpaused 5 minutes after it was paused")
    life_cycle.unpause(sandbox, template)
    return JSONResponse({"success": True})
