"""Where messengers report what happened: bytes in, one row, an answer.

Nothing is understood here. The signature is checked over the bytes as they came, the
bytes are stored under their hash, and a scheduled action does the rest.
"""

import hashlib
import hmac
import re
import time
import zlib

from odoo import http
from odoo.http import request
from odoo.modules import module

from ..cloud_api.webhooks import verify
from ..models.intake.running import wake_unless_running
from ..tools import clock
from ..tools.given_secret import given_secret

PATH = "/whatsapp_clinic/webhook"
# WhatsApp sends up to 3 MiB.
MAX_BYTES = 4 * 1024 * 1024
SIGNATURE_HEADER = "X-Hub-Signature-256"
ANSWERS = {200: "ok", 401: "not signed", 413: "too large"}
KNOWN_SECONDS = 1.0
_FROM = re.compile(rb'"from"\s*:\s*"([^"]{1,80})"')
_known: dict[str, tuple] = {}


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
        signature = request.httprequest.headers.get(SIGNATURE_HEADER)
        status = take_in(request.env.cr, body, signature)
        return _answer(ANSWERS[status], status)

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
        given = query.get("hub.verify_token", "").encode()
        known = _secrets(request.env.cr, "verify_token")
        is_known = [hmac.compare_digest(given, token.encode()) for _id, token in known]
        if query.get("hub.mode") != "subscribe" or not any(is_known):
            return _answer("unknown verify token", 403)
        return _answer(query.get("hub.challenge", ""), 200)


def take_in(cr, body: bytes, signature: str | None) -> int:
    """Store a webhook that is signed; returns the HTTP status to answer.

    The processor is woken when the cursor is committed.
    """
    if len(body) >= MAX_BYTES:
        return 413
    secrets, processor = _look_up(cr)
    # Every secret is tried, whichever fits.
    signers = [
        account_id for account_id, secret in secrets if verify(secret, body, signature)
    ]
    if not signers:
        return 401
    if _store(cr, body, signers[0]):
        dbname = cr.dbname
        cr.postcommit.add(lambda: wake_unless_running(dbname, processor))
    return 200


def _answer(text: str, status: int):
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    return request.make_response(text, headers=headers, status=status)


class NotInstalled(LookupError):
    """The database does not have the addon."""


def _look_up(cr) -> tuple[list[tuple[int, str]], int]:
    """App secrets by the ids of the apps, and the processor's id; no model is loaded.

    Known for a second, so that a flood of webhooks asks once. Raises NotInstalled.
    """
    known_until, *known = _known.get(cr.dbname, (float("-inf"),))
    if time.monotonic() < known_until and not module.current_test:
        return tuple(known)
    cr.execute(
        "SELECT res_id FROM ir_model_data "
        "WHERE module = 'whatsapp_clinic' AND name = 'process_webhooks'"
    )
    row = cr.fetchone()
    if not row:
        raise NotInstalled
    (processor,) = row
    found = _secrets(cr, "app_secret"), processor
    _known[cr.dbname] = (time.monotonic() + KNOWN_SECONDS, *found)
    return found


def _secrets(cr, kind: str) -> list[tuple[int, str]]:
    """`app_secret` or `verify_token` of each app that has a channel, with its id."""
    cr.execute(
        """
        SELECT id, environment_name, app_secret, verify_token
        FROM whatsapp_clinic_account AS account
        WHERE EXISTS (
            SELECT FROM whatsapp_clinic_channel WHERE account_id = account.id AND active
        )
        ORDER BY id
        """
    )
    place = ("app_secret", "verify_token").index(kind)
    secrets = [
        (account_id, given_secret(name, kind)[0] or stored[place])
        for account_id, name, *stored in cr.fetchall()
    ]
    return [(account_id, secret) for account_id, secret in secrets if secret]


def _sender(body: bytes) -> int | None:
    """A checksum of the one who wrote all messages of a body; None for several, none.

    Not the number itself: these rows are kept longer than their content.
    """
    senders = set(_FROM.findall(body))
    return zlib.crc32(senders.pop()) >> 1 if len(senders) == 1 else None


def _store(cr, body: bytes, account_id: int) -> bool:
    """Insert the bytes unless the app signed the same before; True if they are new."""
    cr.execute(
        """
        INSERT INTO whatsapp_clinic_webhook_event
            (body, sha256, size, received_at, account_id, sender, state, attempts)
        VALUES (%s, %s, %s, %s, %s, %s, 'pending', 0)
        ON CONFLICT DO NOTHING
        """,
        [
            body,
            hashlib.sha256(body).hexdigest(),
            len(body),
            clock.precise_now(),
            account_id,
            _sender(body),
        ],
    )
    return bool(cr.rowcount)
