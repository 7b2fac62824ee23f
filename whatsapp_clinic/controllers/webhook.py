"""Where messengers report what happened: bytes in, one row, an answer.

Nothing is understood here. The signature is checked over the bytes as they came, the
bytes are stored under their hash, and a scheduled action does the rest.
"""

import hashlib
import hmac

from odoo import http
from odoo.http import request

from ..cloud_api.webhooks import verify
from ..tools import clock
from ..tools.transaction import read_committed
from ..tools.wake_up import insert_triggers, notify

PATH = "/whatsapp_clinic/webhook"
# WhatsApp sends up to 3 MiB.
MAX_BYTES = 4 * 1024 * 1024
SIGNATURE_HEADER = "X-Hub-Signature-256"


class WebhookController(http.Controller):
    @http.route(
        PATH,
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
        max_content_length=MAX_BYTES,
    )
    def receive(self, **_query):
        """Store a signed webhook; 401 for one that is not, 413 for one too large."""
        body = request.httprequest.get_data()
        if len(body) >= MAX_BYTES:
            return _answer("too large", 413)
        # Whoever waits for a lock on a trigger must see that it is gone.
        request.env.cr.rollback()
        read_committed(request.env.cr)
        if not _is_signed(body, request.httprequest.headers.get(SIGNATURE_HEADER)):
            return _answer("not signed", 401)
        if _store(body):
            dbname = request.env.cr.dbname
            request.env.cr.postcommit.add(lambda: notify(dbname))
        return _answer("ok", 200)

    @http.route(
        PATH,
        type="http",
        auth="none",
        methods=["GET"],
        save_session=False,
        readonly=True,
    )
    def verify(self, **_query):
        """Echo Meta's challenge to who knows the verify token of a channel."""
        query = request.httprequest.args
        known = _column("verify_token")
        given = query.get("hub.verify_token", "").encode()
        is_known = [hmac.compare_digest(given, token) for token in known]
        if query.get("hub.mode") != "subscribe" or not any(is_known):
            return _answer("unknown verify token", 403)
        return _answer(query.get("hub.challenge", ""), 200)


def _answer(text: str, status: int):
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    return request.make_response(text, headers=headers, status=status)


def _is_signed(body: bytes, header: str | None) -> bool:
    """Whether any channel's app secret signed the body; every secret is tried."""
    return any([verify(secret, body, header) for secret in _column("app_secret")])


def _column(name: str) -> list[bytes]:
    """A secret of all channels. By SQL: this request loads no model."""
    queries = {
        "app_secret": "SELECT DISTINCT app_secret FROM whatsapp_clinic_channel "
        "WHERE active AND app_secret IS NOT NULL",
        "verify_token": "SELECT DISTINCT verify_token FROM whatsapp_clinic_channel "
        "WHERE active AND verify_token IS NOT NULL",
    }
    request.env.cr.execute(queries[name])
    return [row[0].encode() for row in request.env.cr.fetchall()]


def _store(body: bytes) -> bool:
    """Insert the bytes unless the same came before; True if a worker must be woken."""
    cr = request.env.cr
    cr.execute(
        """
        INSERT INTO whatsapp_clinic_webhook_event
            (body, sha256, size, received_at, state, attempts)
        VALUES (%s, %s, %s, %s, 'pending', 0)
        ON CONFLICT DO NOTHING
        """,
        [body, hashlib.sha256(body).hexdigest(), len(body), clock.precise_now()],
    )
    return bool(cr.rowcount) and insert_triggers(cr, [_processor(cr)])


def _processor(cr) -> int:
    cr.execute(
        "SELECT res_id FROM ir_model_data "
        "WHERE module = 'whatsapp_clinic' AND name = 'process_webhooks'"
    )
    return cr.fetchone()[0]
