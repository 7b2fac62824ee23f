"""Floods of signed webhooks, what became of them, and the rates they reach."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import uvicorn

from whatsapp_sandbox.client import Sandbox

from .bench import WEBHOOK, Bench, Clinic
from .cpu import spent
from .figures import Figure, Void, check_seen
from .in_odoo import PHONE_NUMBER_ID
from .webhook_bodies import Signed, post

KINDS = ("text", "status")
EVENTS = "whatsapp_clinic_webhook_event"
PROCESSOR = "process_webhooks"
CONNECTIONS = 16
# Above what any receiver takes, so that the connections set the pace.
UNBOUNDED = 100_000
HEADROOM = 1.5


def flood(phones: Sandbox, kind: str, count: int, rate: float, connections: int):
    """Webhooks of one kind at a rate (events/s), open loop; the sandbox's figures.

    Raises Void unless 99 % were answered with 200.
    """
    answer = phones.call(
        "POST",
        "webhooks/flood",
        {
            "kind": kind,
            "count": count,
            "rate": rate,
            "connections": connections,
            "phone_number_id": PHONE_NUMBER_ID,
        },
    )
    check_seen(count - answer["non_200"], count, "webhooks were answered with 200")
    return answer


def warm_up(phones: Sandbox, count: int) -> None:
    """A server's first requests load its models, and wait for one another."""
    for kind in KINDS:
        flood(phones, kind, count, 20, 4)


def processed(clinic: Clinic) -> int:
    """Number of webhooks that the scheduled action has worked off."""
    return clinic.count(EVENTS, "state <> 'pending'")


def work_off(clinic: Clinic) -> float:
    """Wait until no webhook waits any more; returns the seconds it took."""
    return clinic.wait_until_none(EVENTS, "state = 'pending'", timeout=180)


def intake_rate(bench: Bench, name: str, *server_options) -> Figure:
    """Webhooks that a server with these options takes in and answers a second.

    Closed loop: as many connections as keep the server busy, each sending the next
    webhook when the last was answered, half texts, half statuses, while Odoo's
    scheduler works off what came in. The generator's own limit, measured against a
    server that does nothing, has to be well above.
    """
    count = bench.size(6000, 40)
    with bench.clinic(name, *server_options) as clinic:
        warm_up(clinic.phones, bench.size(50, 4))
        rates, worked_off = [], []
        for _ in bench.runs:
            before = processed(clinic)
            rates.append(_rate(clinic.phones, count))
            worked_off.append((processed(clinic) - before) / count)
            work_off(clinic)
        limit = _generators_limit(clinic, count)
    value = median(rates)
    if limit < HEADROOM * value:
        raise Void(f"the generator itself makes only {limit:.0f}/s")
    return Figure(
        value,
        notes=(
            f"the generator alone makes {limit:.0f}/s; "
            f"{median(worked_off):.0%} worked off during the flood",
        ),
    )


def _rate(phones: Sandbox, count: int) -> float:
    """Webhooks answered a second; half of `count` each kind."""
    return flood(phones, "mixed", count, UNBOUNDED, CONNECTIONS)["achieved_rate"]


def _generators_limit(clinic: Clinic, count: int) -> float:
    with receiver_of_nothing() as url:
        clinic.phones.set_webhook(url)
        return _rate(clinic.phones, count)


@dataclass(frozen=True)
class Processing:
    """Webhooks a second, and what each cost the server's process (ms of CPU)."""

    rate: float
    cpu_ms: float


def process(clinic: Clinic, webhooks: Sequence[Signed]) -> Processing:
    """Have the scheduled action work off these webhooks.

    All are stored before it may run; from then until none waits, the scheduler's own
    delays included.
    """
    with _processor_stopped(clinic):
        answers = post(clinic.server.url + WEBHOOK, webhooks)
        check_seen(answers[200], len(webhooks), "webhooks were answered with 200")
    with spent(clinic) as cpu:
        clinic.wake(PROCESSOR)
        seconds = work_off(clinic)
    count = len(webhooks)
    return Processing(count / seconds, 1000 * cpu.seconds / count)


@contextlib.contextmanager
def _processor_stopped(clinic: Clinic) -> Iterator[None]:
    switch = (
        "UPDATE ir_cron SET active = %s FROM ir_model_data AS data "
        "WHERE data.model = 'ir.cron' AND data.res_id = ir_cron.id AND data.name = %s"
    )
    clinic.database.sql(switch, False, PROCESSOR)
    try:
        yield
    finally:
        clinic.database.sql(switch, True, PROCESSOR)


@contextlib.contextmanager
def receiver_of_nothing() -> Iterator[str]:
    """Address of a server that answers 200 and does nothing else.

    What a generator of webhooks reaches against it is the generator's own limit.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_accept, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(10)


async def _accept(_scope, receive, send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
