"""Webhooks at a given rate, whatever the receiver does: for benchmarks.

Open loop: events leave by the clock, and an event's latency counts from the moment it
was due, so that a receiver that stalls cannot hide its queue.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, Literal

import aiohttp
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

    count: int = Field(ge=1, le=1_000_000)
    rate: float = Field(gt=0)
    kind: Literal["text", "status"] = "text"
    phone_number_id: str
    connections: int = Field(default=64, ge=1, le=1000)


def change(sandbox: Sandbox, number: Number, kind: str, index: int) -> dict[str, Any]:
    """The ``index``-th invented event; a text opens its patient's window."""
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

    Latencies are in milliseconds; ``non_200`` counts every other outcome.
    """
    secret = sandbox.world.account.app.secret
    latencies: list[float] = []
    non_200 = 0

    async def deliver(session: aiohttp.ClientSession, body: bytes, due: float) -> None:
        nonlocal non_200
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": webhooks.signature(secret, body),
        }
        try:
            async with session.post(
                sandbox.webhooks.url, data=body, headers=headers
            ) as answer:
                await answer.read()
                non_200 += answer.status != 200
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
            non_200 += 1
        latencies.append((time.perf_counter() - due) * 1000)

    connector = aiohttp.TCPConnector(limit=spec.connections)
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=60)
    ) as session:
        start = time.perf_counter()
        tasks = []
        for index in range(spec.count):
            due = start + index / spec.rate
            one = change(sandbox, number, spec.kind, index)
            pair = (number.business.id, one)
            body = webhooks.encode([pair], sandbox.switches.escaped_json)
            await asyncio.sleep(due - time.perf_counter())
            tasks.append(asyncio.create_task(deliver(session, body, due)))
        sending_seconds = time.perf_counter() - start
        await asyncio.gather(*tasks)
    seconds = time.perf_counter() - start
    latencies.sort()
    return {
        "count": spec.count,
        "non_200": non_200,
        "seconds": seconds,
        "rate": (spec.count - 1 or 1) / sending_seconds,
        "achieved_rate": spec.count / seconds,
        "p50_ms": percentile(latencies, 0.50),
        "p99_ms": percentile(latencies, 0.99),
        "max_ms": latencies[-1],
    }


def percentile(ordered: list[float], share: float) -> float:
    """Nearest-rank percentile of values in ascending order."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
