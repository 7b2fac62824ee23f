"""Which templates WhatsApp holds back a while, to see how the first ones fare."""

from __future__ import annotations

from .sandbox import Sandbox
from .world import Message

UTILITY_SECONDS = 7 * 24 * 3600


def is_held(sandbox: Sandbox, message: Message) -> bool:
    """Marketing that is not GREEN; utility for 7 days after a pause (Cloud API)."""
    template = sandbox.world.templates_by_id.get(message.content.template_id)
    if sandbox.switches.pacing == "off" or template is None:
        return False
    if template.category == "MARKETING":
        return template.score != "GREEN"
    paused_at = sandbox.world.utility_paused_at.get(template.business_id)
    return (
        template.category == "UTILITY"
        and paused_at is not None
        and message.timestamp - paused_at < UTILITY_SECONDS
    )
