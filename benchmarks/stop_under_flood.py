"""How long another patient's STOP waits while one sender floods the clinic.

80 webhooks a second of one number, each with the longest text, every tenth about a
file, for a minute; meanwhile other patients write STOP. From the answered webhook until
another database session sees that the number is stopped. And the slowest of list, form
and personal page (p95), as a multiple of what it takes at rest.
"""

import itertools
import threading
import time
import urllib.request
from collections.abc import Callable

from workshop.clinic import User

from .bench import WEBHOOK, Bench, Clinic
from .figures import Figure, Metric, Void, percentile
from .webhook_bodies import Signed, body, post, signed, text

METRICS = (
    Metric("stop_latency_under_flood_s", "s", goal=2, more_is_better=False),
    Metric("pages_under_flood", "times", goal=2, more_is_better=False),
)
FIRST_SECOND = 1795300000
RATE, LONGEST = 80, 65_536
FLOODER = "905999999999"
STOPS, LOOKS = 10, 20
PATIENCE = 60.0
LOGIN, PASSWORD = "bench-flood", "bench-flood-password"
MESSAGES = "whatsapp.clinic.message"


def measure(bench: Bench) -> list[Figure]:
    seconds, stops = bench.size(60, 2), bench.size(STOPS, 1)
    with bench.clinic("flood", patients=stops + 1) as clinic:
        pages = _pages(clinic)
        at_rest = _page_seconds(pages, bench.size(LOOKS, 2))
        over = threading.Event()
        flooding = threading.Thread(target=_flood, args=(clinic, seconds, over))
        flooding.start()
        time.sleep(seconds / 10)
        latencies = [
            _stop_seconds(clinic, wa_id)
            for _appointment, wa_id in clinic.made["appointments"][:stops]
        ]
        meanwhile = _page_seconds(pages, bench.size(LOOKS, 2))
        over.set()
        flooding.join()
    ratios = {name: meanwhile[name] / at_rest[name] for name in pages}
    notes = tuple(
        f"{name}: {1000 * at_rest[name]:.0f} ms at rest, "
        f"{1000 * meanwhile[name]:.0f} ms during the flood"
        for name in pages
    )
    return [Figure(max(latencies)), Figure(max(ratios.values()), notes=notes)]


def _flood(clinic: Clinic, seconds: int, over: threading.Event) -> None:
    """The longest texts at the rate, until the time is over or all was measured."""
    started = time.monotonic()
    for number in itertools.count():
        at = started + number / RATE
        if over.is_set() or time.monotonic() > started + seconds:
            return
        time.sleep(max(0.0, at - time.monotonic()))
        post(clinic.server.url + WEBHOOK, [_flooding(number)], connections=1)


def _flooding(number: int) -> Signed:
    words = ("*a _b ~c http://x " * LONGEST)[:LONGEST]
    value = text(FLOODER, f"wamid.flood-{number}", FIRST_SECOND + number, words)
    if number % 10 == 0:
        (message,) = value["messages"]
        message["type"] = "document"
        caption = message.pop("text")["body"]
        message["document"] = {"id": str(number), "caption": caption}
    return signed(body([value]))


def _stop_seconds(clinic: Clinic, wa_id: str) -> float:
    at = FIRST_SECOND + int(time.monotonic())
    stop = signed(body([text(wa_id, f"wamid.stop-{wa_id}", at, "STOP")]))
    started = time.monotonic()
    post(clinic.server.url + WEBHOOK, [stop], connections=1)
    while time.monotonic() - started < PATIENCE:
        condition = f"wa_id = '{wa_id}' AND blocked_at IS NOT NULL"
        if clinic.count("whatsapp_clinic_identity", condition):
            return time.monotonic() - started
        time.sleep(0.02)
    raise Void(f"a stop was not obeyed within {PATIENCE:.0f} s")


def _pages(clinic: Clinic) -> dict[str, Callable[[], object]]:
    """What people look at, by name: a function that asks the server for it."""
    clinic.database.call("make_receptionist", login=LOGIN, password=PASSWORD)
    address = clinic.server.url + clinic.database.call("make_consent_page")
    user = User(clinic.server.url, clinic.database.name, LOGIN, PASSWORD)
    listed = ["display_name", "state", "due_at"]
    (channel,) = clinic.made["channels"]
    post(
        clinic.server.url + WEBHOOK,
        [signed(body([text(FLOODER, "wamid.first", FIRST_SECOND, "Hello")]))],
        connections=1,
    )
    clinic.wait_until_none("whatsapp_clinic_webhook_event", "state = 'pending'")
    first = clinic.database.sql(
        "SELECT min(id) FROM whatsapp_clinic_message WHERE channel_id = %s", channel
    )[0][0]
    return {
        "list": lambda: user.call(MESSAGES, "search_read", [], listed, 0, 80),
        "form": lambda: user.call(MESSAGES, "read", [first]),
        "personal page": lambda: urllib.request.urlopen(address, timeout=60).read(),
    }


def _page_seconds(pages: dict, looks: int) -> dict[str, float]:
    """The p95 of each page in seconds, after a first look that loads what it needs."""
    seconds = {}
    for name, look in pages.items():
        look()
        times = []
        for _ in range(looks):
            started = time.monotonic()
            look()
            times.append(time.monotonic() - started)
        seconds[name] = percentile(times, 0.95)
    return seconds
