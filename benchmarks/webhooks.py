"""Floods of signed webhooks, and what became of them."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn

from whatsapp_sandbox.client import Sandbox

from .bench import Clinic
from .figures import check_seen
from .in_odoo import PHONE_NUMBER_ID

KINDS = ("text", "status")
EVENTS = "whatsapp_clinic_webhook_event"


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
