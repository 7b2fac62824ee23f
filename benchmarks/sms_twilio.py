"""The peer of the outbox: the queue of Odoo's own addon for SMS over Twilio.

Its real scheduler sends to a local server, which answers after the same 100 ms as the
sandbox.
"""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from workshop import odoo_source

from .bench import Bench, Database
from .figures import check_seen
from .outbox import rate

NAME = "sms_twilio"
LATENCY = 0.1
REDIRECT = Path(__file__).parent / "redirect"


class Twilio(ThreadingHTTPServer):
    """Accepts every message after LATENCY seconds; `accepted` holds the times."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Request)
        self.accepted: list[float] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(LATENCY)
        self.server.accepted.append(time.monotonic())
        body = json.dumps({"sid": f"SM{len(self.server.accepted)}"}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def queue_rate(bench: Bench) -> float:
    """Messages a second, from the first to the last acceptance by the local server.

    So few messages that Odoo's scheduler sends them in one go: with more than a hundred
    it pauses for up to a minute, and the rate falls to a fifth.
    """
    count = bench.size(100, 5)
    with bench.database(NAME) as database, Twilio() as twilio:
        threading.Thread(target=twilio.serve_forever, daemon=True).start()
        only_install = ("--stop-after-init", "--max-cron-threads", "0")
        database.odoo.run("-d", database.name, "-i", NAME, *only_install)
        path = os.pathsep.join(map(str, (REDIRECT, odoo_source.library())))
        variables = {"PYTHONPATH": path, "TWILIO_STAND_IN": twilio.url}
        with database.odoo.start(database.name, **variables):
            rates = [_run(database, twilio, count) for _ in bench.runs]
        twilio.shutdown()
    return median(rates)


def _run(database: Database, twilio: Twilio, count: int) -> float:
    """Queue `count` messages, which wakes the scheduler, and wait for them."""
    twilio.accepted.clear()
    database.call("make_sms_queue", count=count)
    deadline = time.monotonic() + 60
    while len(twilio.accepted) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    check_seen(len(twilio.accepted), count, "SMS were accepted")
    return rate(twilio.accepted)
