"""A channel limited to 80 messages a second, WhatsApp's default for a number.

The sandbox refuses what comes faster, answers after 100 ms, and reports `sent` and
`delivered` for every message, which the same Odoo process takes in and works off.
"""

from statistics import median

from .bench import Bench
from .figures import Figure, Metric
from .outbox import drain_rate

RATE = 80
METRICS = (Metric("outbox_rate_at_80", "messages/s", goal=76),)


def measure(bench: Bench) -> list[Figure]:
    count = bench.size(1200, 16)
    with bench.clinic(
        "rate_80", rate=RATE, patients=count, rules=len(bench.runs)
    ) as clinic:
        value = median(drain_rate(clinic, run, 120) for run in bench.runs)
        refused = clinic.phones.stats()["rejected"]
    return [Figure(value, notes=(f"{refused} calls refused by the sandbox",))]
