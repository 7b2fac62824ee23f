"""Where messengers report what happened: bytes in, one row, an answer.

Nothing is understood here. The signature is checked over the bytes as they came, the
bytes are stored under their hash, and a scheduled action does the rest. Each messenger
has its own address; the one without a name was the first's and stays.
"""

import hashlib
import re
import time
import zlib
from collections.abc import Mapping

from odoo import SUPERUSER_ID, api, http
from odoo.http import request
from odoo.modules import module

from ..models.intake.running import wake_unless_running
from ..models.provider import door
from ..tools import clock

PATH = "/whatsapp_clinic/webhook"
_ADDRESS = re.compile(rf"{PATH}(?:/([a-z][a-z0-9_]{{0,31}}))?")
FIRST = "whatsapp"
# WhatsApp sends up to 3 MiB.
MAX_BYTES = 4 * 1024 * 1024
ANSWERS = {200: "ok", 401: "not signed", 404: "not installed", 413: "too large"}
KNOWN_SECONDS = 1.0
_known: dict[tuple[str, str], tuple] = {}


def messenger(path: str) -> str | None:
    """Whose webhooks come to an address; None if it is none of these."""
    found = _ADDRESS.fullmatch(path)
    return found and (found[1] or FIRST)


class WebhookController(http.Controller):
    @http.route(
        [PATH, f"{PATH}/<string:name>"],
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
        received = request.httprequest
        status = take_in(
            request.env.cr,
            messenger(received.path),
            received.get_data(),
            received.headers,
        )
        return _answer(ANSWERS[status], status)

    @http.route(
        [PATH, f"{PATH}/<string:name>"],
        type="http",
        auth="none",
        methods=["GET"],
        save_session=False,
        readonly=True,
    )
    def verify(self, **_query):
        """Answer a messenger that asks whether the address is ours."""
        asked = request.httprequest
        try:
            provider = _provider(request.env.cr, messenger(asked.path))
        except door.Unknown:
            return _answer(ANSWERS[404], 404)
        greeting = provider.greet(request.env.cr, asked.args)
        if greeting is None:
            return _answer("unknown verify token", 403)
        return _answer(greeting, 200)


def take_in(cr, name: str | None, body: bytes, headers: Mapping[str, str]) -> int:
    """Store a messenger's webhook that is signed; returns the HTTP status to answer.

    The processor is woken when the cursor is committed.
    """
    if len(body) >= MAX_BYTES:
        return 413
    try:
        provider, secrets, processor = _look_up(cr, name)
    except door.Unknown:
        return 404
    # Every secret is tried, whichever fits.
    signers = [
        account_id
        for account_id, secret in secrets
        if provider.verify(secret, body, headers)
    ]
    if not signers:
        return 401
    if _store(cr, name, body, _checksum(provider.sender(body)), signers[0]):
        dbname = cr.dbname
        cr.postcommit.add(lambda: wake_unless_running(dbname, processor))
    return 200


def _answer(text: str, status: int):
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    return request.make_response(text, headers=headers, status=status)


class NotInstalled(LookupError):
    """The database does not have the addon."""


def _provider(cr, name: str | None) -> door.Provider:
    """The messenger of a name. Raises `door.Unknown`, or NotInstalled."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    if "whatsapp.clinic.provider" not in env:
        raise NotInstalled
    return door.find(env["whatsapp.clinic.provider"]._providers(), name)


def _look_up(cr, name: str | None) -> tuple[door.Provider, list[tuple[int, str]], int]:
    """The messenger, its secrets by the ids of accounts, and the processor's id.

    Known for a second, so that a flood of webhooks asks once. Raises `door.Unknown`,
    or NotInstalled.
    """
    key = cr.dbname, name
    known_until, *known = _known.get(key, (float("-inf"),))
    if time.monotonic() < known_until and not module.current_test:
        return tuple(known)
    cr.execute(
        "SELECT res_id FROM ir_model_data "
        "WHERE module = 'whatsapp_clinic' AND name = 'process_webhooks'"
    )
    row = cr.fetchone()
    if not row:
        raise NotInstalled
    provider = _provider(cr, name)
    found = provider, provider.secrets(cr), row[0]
    _known[key] = (time.monotonic() + KNOWN_SECONDS, *found)
    return found


def _checksum(sender: bytes | None) -> int | None:
    """What stands for who wrote. Not the number itself: these rows are kept longer than
    their content."""
    return None if sender is None else zlib.crc32(sender) >> 1


def _store(cr, name: str, body: bytes, sender: int | None, account_id: int) -> bool:
    """Insert the bytes unless the app signed the same before; True if they are new."""
    cr.execute(
        """
        INSERT INTO whatsapp_clinic_webhook_event
            (provider, body, sha256, size, received_at, account_id, sender, state,
             attempts)
        VALUES (%s, %s, %s, %s, %s, %s, %s, 'pending', 0)
        ON CONFLICT DO NOTHING
        """,
        [
            name,
            body,
            hashlib.sha256(body).hexdigest(),
            len(body),
            clock.precise_now(),
            account_id,
            sender,
        ],
    )
    return bool(cr.rowcount)
