"""Webhooks at a given rate, whatever the receiver does: for benchmarks.

Open loop: events leave by the clock, and an event's latency counts from the moment it
was due, so that a receiver that stalls cannot hide its queue.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from . import events, wamid, webhooks
from .sandbox import Sandbox
from .template import Content
from .world import Message, Number, Patient, default_user_id

FIRST_PATIENT = 905_550_100_000
PATIENTS = 50_000
STATUSES = ("sent", "delivered", "read")
PRICING = {
    "billable": True,
    "pricing_model": "PMP",
    "type": "regular",
    "category": "utility",
}


class FloodSpec(BaseModel):
    """``rate`` is in events per second, ``connections`` bounds the sockets used."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1, le=100_000)
    rate: float = Field(gt=0)
    kind: Literal["text", "status", "mixed"] = "text"
    phone_number_id: str
    connections: int = Field(default=64, ge=1, le=1000)


def change(sandbox: Sandbox, number: Number, kind: str, index: int) -> dict[str, Any]:
    """The ``index``-th invented event; a text opens its patient's window."""
    if kind == "mixed":
        kind = ("text", "status")[index % 2]
    wa_id = str(FIRST_PATIENT + index % PATIENTS)
    patient = Patient(wa_id, default_user_id(wa_id), f"Hasta {index % PATIENTS}")
    direction = wamid.INBOUND if kind == "text" else wamid.OUTBOUND
    message = Message(
        id=wamid.new(wa_id, direction),
        direction="in" if kind == "text" else "out",
        phone_number_id=number.number.id,
        patient=patient,
        content=Content("text"),
        timestamp=sandbox.clock.now(),
        pricing=PRICING,
    )
    if kind == "text":
        sandbox.world.last_inbound[number.number.id, wa_id] = message.timestamp
        body = {"type": "text", "text": {"body": f"Merhaba, {index}"}}
        return events.inbound(number.number, message, body)
    status = STATUSES[index % len(STATUSES)]
    priced = status != "read"
    return events.status(number.number, message, status, message.timestamp, priced)


async def run(sandbox: Sandbox, number: Number, spec: FloodSpec) -> dict[str, Any]:
    """Send ``spec.count`` signed webhooks to the url in force; returns the figures.

    Latencies are in milliseconds; ``non_200`` counts every other outcome. Everything
    is encoded before the first one leaves, and a sender does no more than the
    sockets need: where generator and receiver share a machine, the one's work is the
    other's loss.
    """
    url = urlsplit(sandbox.webhooks.url or "")
    requests = [_request(sandbox, number, spec.kind, url, n) for n in range(spec.count)]
    flood = _Flood(url, requests, spec.rate)
    started = time.perf_counter()
    with ThreadPoolExecutor(spec.connections) as pool:
        loop = asyncio.get_running_loop()
        senders = [
            loop.run_in_executor(pool, flood.send, started)
            for _ in range(spec.connections)
        ]
        await asyncio.gather(*senders)
    seconds = time.perf_counter() - started
    latencies = sorted(flood.latencies)
    return {
        "count": spec.count,
        "non_200": flood.non_200,
        "seconds": seconds,
        "rate": (spec.count - 1 or 1) / (flood.last_sent - started),
        "achieved_rate": spec.count / seconds,
        "p50_ms": percentile(latencies, 0.50),
        "p99_ms": percentile(latencies, 0.99),
        "max_ms": latencies[-1],
    }


def _request(
    sandbox: Sandbox, number: Number, kind: str, url: SplitResult, index: int
) -> bytes:
    one = change(sandbox, number, kind, index)
    encoded = webhooks.encode(one, sandbox.switches.escaped_json)
    body = webhooks.envelope([(webhooks.entry(number.business.id), encoded)])
    signature = webhooks.signature(sandbox.world.account.app.secret, body)
    head = (
        f"POST {url.path or '/'} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Hub-Signature-256: {signature}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


class _Flood:
    """Requests that leave by the clock; any number of threads send them."""

    def __init__(self, url: SplitResult, requests: list[bytes], rate: float):
        self.address = (url.hostname, url.port or 80)
        self.requests = requests
        self.rate = rate
        self.next = itertools.count()
        self.latencies: list[float] = []
        self.non_200 = 0
        self.last_sent = 0.0
        self._lock = threading.Lock()

    def send(self, started: float) -> None:
        """Take the next request, wait until it is due, send it; until none is left."""
        for index in self.next:
            if index >= len(self.requests):
                return
            due = started + index / self.rate
            time.sleep(max(due - time.perf_counter(), 0))
            sent = time.perf_counter()
            is_ok = self._is_answered_200(self.requests[index])
            self._note((time.perf_counter() - due) * 1000, is_ok, sent)

    def _note(self, latency: float, is_ok: bool, sent: float) -> None:
        with self._lock:
            self.latencies.append(latency)
            self.non_200 += not is_ok
            self.last_sent = max(self.last_sent, sent)

    def _is_answered_200(self, request: bytes) -> bool:
        try:
            with socket.create_connection(self.address, timeout=60) as connection:
                connection.sendall(request)
                return _status(connection) == b"200"
        except OSError:
            return False


def _status(connection: socket.socket) -> bytes:
    """Status of an answer that was read to its end, as its length says."""
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
        head, end, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if end and length and len(body) >= int(length[1]):
            break
    return answer.split(b" ", 2)[1] if answer.count(b" ") > 1 else b""


def percentile(ordered: list[float], share: float) -> float:
    """Nearest-rank percentile of values in ascending order."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
