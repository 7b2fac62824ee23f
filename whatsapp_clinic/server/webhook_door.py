"""The webhook's door, in front of Odoo's.

Three quarters of what a webhook costs Odoo is not the webhook: a session, the
registry's signalling, the routing of a page. WhatsApp asks for room for three times
what the clinic sends, and gets it here. Whatever is not plain (a test, a cookie,
several databases, a body without a length, any error) goes the usual way, to the
controller, with the same bytes; so this can only be faster, never different.
"""

import functools
import io
import re
import threading
import time

import psycopg2
from werkzeug.datastructures import EnvironHeaders

from odoo import sql_db
from odoo.modules import module
from odoo.tools import config

from ..controllers.webhook import (
    ANSWERS,
    KNOWN_SECONDS,
    MAX_BYTES,
    NotInstalled,
    messenger,
    take_in,
)
from ..tools.compat import Application, db_list
from .replacing import Known, replace

REASONS = {
    200: "200 OK",
    401: "401 UNAUTHORIZED",
    413: "413 CONTENT TOO LARGE",
}
CALL = Known(
    signature="(self, environ, start_response)",
    hashes=frozenset(
        {"73fdb3d7b81eb85928da8df6c5494c7f84792bc3312e0918982d3d98837590d1"}
    ),
    without="webhooks are slower, and take the way of every other request.",
)
# Names that callers invent must not fill the memory.
HOSTS = 64
_databases: dict[str, tuple[float, str | None]] = {}


def open_door():
    """Have Odoo's WSGI application hand plain webhooks over, in this process."""
    replace(Application, "__call__", CALL, _with_door)


def _with_door(application):
    @functools.wraps(application)
    def serve(self, environ, start_response):
        status = _serve(environ) if _is_plain(environ) else None
        if status is None:
            return application(self, environ, start_response)
        text = ANSWERS[status].encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(text))),
        ]
        start_response(REASONS[status], headers)
        return [text]

    return serve


def _is_plain(environ: dict) -> bool:
    return bool(
        messenger(environ.get("PATH_INFO", ""))
        and environ["REQUEST_METHOD"] == "POST"
        and re.fullmatch("[0-9]{1,7}", environ.get("CONTENT_LENGTH", ""))
        and int(environ["CONTENT_LENGTH"]) < MAX_BYTES
        and not environ.keys()
        & {"HTTP_COOKIE", "HTTP_X_ODOO_DATABASE", "HTTP_TRANSFER_ENCODING"}
        and not module.current_test
    )


def _serve(environ: dict) -> int | None:
    """Status to answer; None to go the usual way, on which the body is read again."""
    database = _database(environ)
    if not database:
        return None
    body = _read(environ["wsgi.input"], int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = io.BytesIO(body)
    # What Odoo's log of requests expects to find.
    thread = threading.current_thread()
    thread.query_count, thread.query_time, thread.perf_t0 = 0, 0.0, time.time()
    thread.cursor_mode, thread.dbname = "rw", database
    try:
        with sql_db.db_connect(database).cursor() as cr:
            status = _take_in(cr, body, environ)
    except (psycopg2.Error, NotInstalled):
        return None
    # What was just installed this process may not know yet; Odoo looks.
    return None if status == 404 else status


def _read(stream, size: int) -> bytes:
    """The body; a server may hand over a part of what was asked for at a time."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _take_in(cr, body: bytes, environ: dict) -> int:
    """Each statement commits by itself: a webhook is one round trip."""
    connection = cr.connection
    connection.autocommit = True
    try:
        name = messenger(environ["PATH_INFO"])
        return take_in(cr, name, body, EnvironHeaders(environ))
    finally:
        connection.autocommit = False


def _database(environ: dict) -> str | None:
    """The one database of this host, as Odoo chooses it; known for a second."""
    host = environ.get("HTTP_HOST", "")
    if config["proxy_mode"]:
        forwarded = environ.get("HTTP_X_FORWARDED_HOST", "").rpartition(",")[2]
        host = forwarded.strip() or host
    known_until, name = _databases.get(host, (0.0, None))
    if time.monotonic() < known_until:
        return name
    if len(_databases) >= HOSTS:
        _databases.clear()
    names = db_list(force=True, host=host)
    name = names[0] if len(names) == 1 else None
    _databases[host] = (time.monotonic() + KNOWN_SECONDS, name)
    return name
