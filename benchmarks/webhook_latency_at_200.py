"""How long WhatsApp waits for the answer to a webhook, at 200 of them a second.

Open loop against one threaded Odoo process that works off what it takes in: 100 texts
of patients and 100 statuses a second, each kind from a generator of its own. A
percentile of both together is at most the larger of the two, which is what is given.
"""

from concurrent.futures import ThreadPoolExecutor
from statistics import median

from .bench import Bench, Clinic
from .figures import Figure, Metric
from .webhooks import KINDS, flood, processed, warm_up, work_off

RATE = 200
CONNECTIONS = 32
METRICS = (
    Metric("webhook_p50_ms_at_200", "ms", goal=25, more_is_better=False),
    Metric("webhook_p99_ms_at_200", "ms", goal=100, more_is_better=False),
)


def measure(bench: Bench) -> list[Figure]:
    with bench.clinic("webhooks_200") as clinic:
        warm_up(clinic.phones, bench.size(50, 4))
        runs = [_run(clinic, bench.size(15, 1)) for _ in bench.runs]
    worked_off = median(run["worked_off"] for run in runs)
    behind = median(run["behind_s"] for run in runs)
    notes = (
        f"{worked_off:.0%} worked off during the flood, the rest {behind:.0f} s later",
    )
    return [
        Figure(median(run["p50_ms"] for run in runs)),
        Figure(median(run["p99_ms"] for run in runs), notes=notes),
    ]


def _run(clinic: Clinic, seconds: int) -> dict[str, float]:
    each = RATE // len(KINDS)
    before = processed(clinic)
    with ThreadPoolExecutor() as pool:
        floods = [
            pool.submit(
                flood,
                clinic.phones,
                kind,
                each * seconds,
                each,
                CONNECTIONS // len(KINDS),
            )
            for kind in KINDS
        ]
        answers = [one.result() for one in floods]
    worked_off = processed(clinic) - before
    return {
        "p50_ms": max(answer["p50_ms"] for answer in answers),
        "p99_ms": max(answer["p99_ms"] for answer in answers),
        "worked_off": worked_off / (RATE * seconds),
        "behind_s": work_off(clinic),
    }
