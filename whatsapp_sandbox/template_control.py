"""The control API of what WhatsApp does with templates."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import Field

from . import life_cycle
from .control import Body, Here
from .template import Template

router = APIRouter(prefix="/templates")
Category = Literal["AUTHENTICATION", "MARKETING", "UTILITY"]


class ReviewBody(Body):
    """``reason`` and ``recommendation`` are of a refusal."""

    decision: Literal["APPROVED", "REJECTED"]
    reason: str = "INVALID_FORMAT"
    recommendation: str | None = None
    category: Category | None = None


class CategoryBody(Body):
    """``notice_seconds`` 0: at once, without a notice; WhatsApp gives 24 hours."""

    category: Category
    notice_seconds: float = Field(default=0, ge=0)


class QualityBody(Body):
    score: Literal["GREEN", "YELLOW", "RED", "UNKNOWN"]


class StatusBody(Body):
    event: Literal[
        "APPROVED",
        "ARCHIVED",
        "DISABLED",
        "FLAGGED",
        "IN_APPEAL",
        "LIMIT_EXCEEDED",
        "LOCKED",
        "PAUSED",
        "PENDING",
        "PENDING_DELETION",
        "REINSTATED",
        "UNARCHIVED",
    ]
    disable_info: dict[str, Any] | None = None
    other_info: dict[str, Any] | None = None


class ComponentsBody(Body):
    components: list[dict[str, Any]] = Field(min_length=1)


async def known_template(sandbox: Here, template_id: str) -> Template:
    template = sandbox.world.templates_by_id.get(template_id)
    if template is None:
        raise HTTPException(404, "no such template")
    return template


Which = Annotated[Template, Depends(known_template)]


def record(template: Template) -> dict[str, Any]:
    told = {"business_account_id": template.business_id, "quality": template.score}
    return {**template.definition, **told}


@router.get("")
async def templates(sandbox: Here) -> list[dict[str, Any]]:
    return [record(one) for one in sandbox.world.templates_by_id.values()]


@router.post("/{template_id}/review")
async def review(sandbox: Here, template: Which, body: ReviewBody) -> dict[str, Any]:
    """Decide now; what ``category`` becomes is not told by a webhook of its own."""
    if body.category is not None:
        template.update(category=body.category)
    life_cycle.decide(
        sandbox, template, body.decision, body.reason, body.recommendation
    )
    return record(template)


@router.post("/{template_id}/category")
async def set_category(
    sandbox: Here, template: Which, body: CategoryBody
) -> dict[str, Any]:
    life_cycle.announce_category(sandbox, template, body.category, body.notice_seconds)
    return record(template)


@router.post("/{template_id}/quality")
async def set_quality(
    sandbox: Here, template: Which, body: QualityBody
) -> dict[str, Any]:
    life_cycle.set_quality(sandbox, template, body.score)
    return record(template)


@router.post("/{template_id}/pause")
async def pause(sandbox: Here, template: Which) -> dict[str, Any]:
    """For low quality: 3 hours, the next time 6, then for good."""
    life_cycle.pause(sandbox, template)
    return record(template)


@router.post("/{template_id}/status")
async def set_status(
    sandbox: Here, template: Which, body: StatusBody
) -> dict[str, Any]:
    more = body.model_dump(exclude={"event"}, exclude_none=True)
    life_cycle.set_status(sandbox, template, body.event, **more)
    return record(template)


@router.post("/{template_id}/components")
async def set_components(
    sandbox: Here, template: Which, body: ComponentsBody
) -> dict[str, Any]:
    life_cycle.set_components(sandbox, template, body.components)
    return record(template)
