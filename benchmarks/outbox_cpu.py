"""What a message of the clinic costs one Odoo process, from the claim to its delivery.

Reminders with gate, consent, rendering and write-back, and the webhooks with what
became of them, taken in and worked off by the same process. Of the process alone, not
of PostgreSQL; its scheduler's idle work meanwhile is counted as well.
"""

from statistics import median

from .bench import Bench, Clinic
from .cpu import spent
from .figures import Figure, Metric
from .outbox import drain_rate
from .webhooks import work_off

RATE = 1000
METRICS = (Metric("outbox_cpu_ms_per_message", "ms", goal=3.8, more_is_better=False),)
ON_THEIR_WAY = "state IN ('sending', 'sent')"


def measure(bench: Bench) -> list[Figure]:
    count, rules = bench.size(1000, 20), len(bench.runs) + 1
    with bench.clinic("cpu_out", rate=RATE, patients=count, rules=rules) as clinic:
        _first, *costs = [_seconds(clinic, run) for run in range(rules)]
    return [Figure(1000 * median(costs) / count)]


def _seconds(clinic: Clinic, run: int) -> float:
    with spent(clinic) as cpu:
        drain_rate(clinic, run, 120)
        clinic.wait_until_none("whatsapp_clinic_message", ON_THEIR_WAY, 120)
        work_off(clinic)
    return cpu.seconds
