"""What two Odoo processes on one database send from four numbers of two portfolios.

Reminders, with statuses held back, as in `outbox_rate_unrestricted`. Another run with
one process tells what the second one adds.
"""

from statistics import median

from .bench import ONE_DATABASE, Bench
from .figures import Figure, Metric
from .outbox import drain_rate

RATE, CHANNELS = 1000, 4
METRICS = (Metric("outbox_rate_2_processes", "messages/s", goal=400),)


def measure(bench: Bench) -> list[Figure]:
    count, rules = bench.size(4000, 24), len(bench.runs) + 1
    with bench.clinic(
        "rate_2_processes", rate=RATE, patients=count, rules=rules, channels=CHANNELS
    ) as clinic:
        clinic.phones.switch(webhooks_enabled=False)
        alone = drain_rate(clinic, rules - 1, 120)
        with bench.odoo.start(clinic.database.name, *ONE_DATABASE):
            value = median(drain_rate(clinic, run, 120) for run in bench.runs)
        refused = clinic.phones.stats()["rejected"]
    notes = (
        f"{value / alone:.2f} × one process ({alone:.0f}/s); {refused} calls refused",
    )
    return [Figure(value, notes=notes)]
