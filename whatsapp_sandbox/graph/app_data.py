"""POST /{phone_number_id}/smb_app_data: what the WhatsApp Business app knows."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse

from .. import business_app
from ..sandbox import Sandbox
from ..world import Number
from .body import check_product, content
from .errors import GraphError, invalid, not_one_of

WITHIN_SECONDS = 24 * 3600
SYNCS = {
    "smb_app_state_sync": business_app.tell_contacts,
    "history": business_app.tell_history,
}


async def sync(sandbox: Sandbox, request: Request, number: Number) -> JSONResponse:
    """Each once, within 24 hours of the number's connection; webhooks bring it."""
    payload = await content(request)
    check_product(payload)
    kind = payload.get("sync_type")
    if kind not in SYNCS:
        raise not_one_of("sync_type", ", ".join(SYNCS), kind)
    if not number.number.coexistence:
        raise invalid("the number is not in the WhatsApp Business app")
    if (number.id, kind) in sandbox.world.synced:
        raise GraphError(2593107)
    since = number.number.onboarded_at
    if since is not None and sandbox.clock.now() - since > WITHIN_SECONDS:
        raise GraphError(2593108)
    sandbox.world.synced.add((number.id, kind))
    SYNCS[kind](sandbox, number)
    request_id = secrets.token_hex(8)
    return JSONResponse({"messaging_product": "whatsapp", "request_id": request_id})
