"""How many webhooks a second an Odoo with two HTTP workers takes in and answers.

Closed loop: as many connections as keep both workers busy, each sending the next
webhook when the last was answered, half texts, half statuses, while Odoo's scheduler
works off what came in. The generator's own limit, measured against a server that does
nothing, has to be well above.
"""

from concurrent.futures import ThreadPoolExecutor
from statistics import median

from whatsapp_sandbox.client import Sandbox

from .bench import Bench, Clinic
from .figures import Figure, Metric, Void
from .webhooks import KINDS, flood, processed, receiver_of_nothing, warm_up, work_off

CONNECTIONS = 16
# Above what any receiver takes, so that the connections set the pace.
UNBOUNDED = 100_000
HEADROOM = 1.5
METRICS = (Metric("webhook_rate_2_workers", "webhooks/s", goal=600),)


def measure(bench: Bench) -> list[Figure]:
    count = bench.size(6000, 40)
    with bench.clinic("webhooks_2_workers", "--workers", "2") as clinic:
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
    notes = (
        f"the generator alone makes {limit:.0f}/s; "
        f"{median(worked_off):.0%} worked off during the flood",
    )
    return [Figure(value, notes=notes)]


def _rate(phones: Sandbox, count: int) -> float:
    """Webhooks answered a second; half of `count` each kind."""
    half = count // 2
    with ThreadPoolExecutor() as pool:
        floods = [
            pool.submit(flood, phones, kind, half, UNBOUNDED, CONNECTIONS // 2)
            for kind in KINDS
        ]
        return count / max(one.result()["seconds"] for one in floods)


def _generators_limit(clinic: Clinic, count: int) -> float:
    with receiver_of_nothing() as url:
        clinic.phones.set_webhook(url)
        return _rate(clinic.phones, count)
