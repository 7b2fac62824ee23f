"""How long another patient's STOP waits while one patient floods the clinic.

80 webhooks a second of one number for a minute, each with the longest text, every tenth
about a file of the largest size, which the sandbox serves; meanwhile other patients
write STOP. From the posted webhook until another database session sees that the number
is stopped. And the slowest of list, form and personal page (p95), as a multiple of what
it takes at rest; the list is as long then, and of the same kinds: what the gate is
asked about stands in it as well.
"""

import contextlib
import itertools
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from xml.etree import ElementTree

from workshop.clinic import WebClient

from .bench import WEBHOOK, Bench, Clinic
from .figures import Figure, Metric, Void, percentile
from .flooding import Flood, upload
from .webhook_bodies import Signed, body, post, signed, text

METRICS = (
    Metric("stop_latency_under_flood_s", "s", goal=2, more_is_better=False),
    Metric("pages_under_flood", "times", goal=2, more_is_better=False),
)
# Bytes (Cloud API, supported media types): of a document.
LARGEST_FILE = 100_000_000
STOPS, LISTED = 10, 80
# Seconds between two looks, and how many of a page a percentile needs.
PAUSE, LOOKS = 0.2, 20
# What is measured begins while the flood lasts: the last when so much of it is over.
SHARE = 0.9
PATIENCE = 60.0
LOGIN, PASSWORD = "bench-flood", "bench-flood-password"
MESSAGES, EVENTS = "whatsapp.clinic.message", "whatsapp_clinic_webhook_event"
Pages = dict[str, Callable[[], object]]
Seconds = dict[str, list[float]]


def measure(bench: Bench) -> list[Figure]:
    seconds, stops = bench.size(60, 10), bench.size(STOPS, 2)
    with bench.clinic("flood", patients=stops + 1, rules=1) as clinic:
        pages = _pages(clinic, bench.size(LISTED, 4))
        for look in pages.values():
            look()
        at_rest = _look(pages, seconds / 3)
        *patients, flooder = [wa_id for _, wa_id in clinic.made["appointments"]]
        file_id = upload(clinic, bench.size(LARGEST_FILE, 10_000))
        flood = Flood(clinic, flooder, file_id, seconds)
        with flood.under_way(), ThreadPoolExecutor(stops) as pool:
            last = SHARE * seconds
            stopping = [
                pool.submit(_stop_seconds, clinic, wa_id, last * place / stops)
                for place, wa_id in enumerate(patients)
            ]
            meanwhile = _look(pages, last)
        latencies = [one.result() for one in stopping]
        notes = (_told(clinic, flood),)
    _check_looks(at_rest, meanwhile, bench.size(LOOKS, 1))
    return [Figure(max(latencies), notes=notes), _times_slower(at_rest, meanwhile)]


def _told(clinic: Clinic, flood: Flood) -> str:
    loaded = clinic.count("whatsapp_clinic_media", "state = 'loaded'")
    waiting = clinic.count(EVENTS, "state = 'pending'")
    return (
        f"{flood.count:,} webhooks, none more than {1000 * flood.latest:.0f} ms late; "
        f"at the end {waiting:,} waited and {loaded} files were loaded"
    )


def _stop_seconds(clinic: Clinic, wa_id: str, after: float) -> float:
    """Seconds that a stop takes which is posted `after` so many."""
    time.sleep(after)
    stop = _text(wa_id, f"wamid.stop-{wa_id}", "STOP")
    started = time.monotonic()
    post(clinic.server.url + WEBHOOK, [stop], connections=1)
    with contextlib.closing(clinic.database.connect()) as connection:
        while not _is_stopped(connection, wa_id):
            if time.monotonic() - started > PATIENCE:
                raise Void(f"a stop was not obeyed within {PATIENCE:.0f} s")
            time.sleep(0.02)
    return time.monotonic() - started


def _is_stopped(connection, wa_id: str) -> bool:
    cursor = connection.cursor()
    cursor.execute(
        "SELECT FROM whatsapp_clinic_identity "
        "WHERE wa_id = %s AND blocked_at IS NOT NULL",
        [wa_id],
    )
    return bool(cursor.rowcount)


def _text(wa_id: str, message_id: str, words: str) -> Signed:
    return signed(body([text(wa_id, message_id, int(time.time()), words)]))


def _pages(clinic: Clinic, listed: int) -> Pages:
    """What people look at, by name: a function that asks the server for it.

    The list has `listed` rows, the form is of the first of them.
    """
    address = clinic.server.url + clinic.database.call("make_consent_page")
    clinic.database.call("make_receptionist", login=LOGIN, password=PASSWORD)
    client = WebClient(clinic.server.url, clinic.database.name, LOGIN, PASSWORD)
    views = client.call(MESSAGES, "get_views", [[False, "list"], [False, "form"]])
    first = _receive(clinic, listed)
    rows = {"specification": _asked(views, "list"), "limit": listed}
    form = {"specification": _asked(views, "form")}
    return {
        "list": partial(client.call, MESSAGES, "web_search_read", [], **rows),
        "form": partial(client.call, MESSAGES, "web_read", [first], **form),
        "personal page": lambda: urllib.request.urlopen(address, timeout=60).read(),
    }


def _asked(views: dict, kind: str) -> dict:
    """The fields of a view, as the web client asks for them."""
    fields = views["models"][MESSAGES]["fields"]
    arch = ElementTree.fromstring(views["views"][kind]["arch"])
    names = {one.get("name") for one in arch.iter("field")} & fields.keys()
    names_too = {"fields": {"display_name": {}}}
    return {
        name: names_too if "relation" in fields[name] else {} for name in sorted(names)
    }


def _receive(clinic: Clinic, count: int) -> int:
    """Patients write so many messages; returns the id of the first."""
    patients = itertools.cycle(wa_id for _, wa_id in clinic.made["appointments"])
    webhooks = [
        _text(next(patients), f"wamid.rest-{number}", f"Merhaba, {number}")
        for number in range(count)
    ]
    post(clinic.server.url + WEBHOOK, webhooks)
    clinic.wait_until_none(EVENTS, "state = 'pending'")
    ((first,),) = clinic.database.sql(
        "SELECT min(id) FROM whatsapp_clinic_message WHERE direction = 'in' "
        "AND channel_id = %s",
        clinic.made["channels"][0],
    )
    return first


def _look(pages: Pages, seconds: float) -> Seconds:
    """Look at one page after the other for so long; how long each look took."""
    found: Seconds = {name: [] for name in pages}
    end = time.monotonic() + seconds
    for name in itertools.cycle(pages):
        started = time.monotonic()
        if started > end:
            return found
        pages[name]()
        found[name].append(time.monotonic() - started)
        time.sleep(PAUSE)


def _check_looks(at_rest: Seconds, meanwhile: Seconds, needed: int) -> None:
    fewest = min(len(one) for found in (at_rest, meanwhile) for one in found.values())
    if fewest < needed:
        raise Void(f"a page was looked at {fewest} times, {needed} are needed")


def _times_slower(at_rest: Seconds, meanwhile: Seconds) -> Figure:
    """The page that the flood slows most (p95)."""
    pairs = {
        name: (percentile(at_rest[name], 0.95), percentile(meanwhile[name], 0.95))
        for name in at_rest
    }
    notes = tuple(
        f"{name}: {1000 * before:.0f} ms at rest, {1000 * during:.0f} ms in the flood"
        for name, (before, during) in pairs.items()
    )
    worst = max(during / before for before, during in pairs.values())
    return Figure(worst, notes=notes)
