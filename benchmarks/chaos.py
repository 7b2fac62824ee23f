"""What is lost or doubled when everything goes wrong that may.

2,000 messages of which a fifth meets a fault while Odoo is killed, and 10,000
webhook events doubled, shuffled, and among garbage and forgeries.
"""

from . import chaos_outbox, chaos_webhooks
from .bench import Bench
from .figures import Figure, Metric

METRICS = (
    Metric("chaos_lost", "rows", goal=0, more_is_better=False),
    Metric("chaos_duplicated", "rows", goal=0, more_is_better=False),
)
TIMEOUT = 300.0


def measure(bench: Bench) -> list[Figure]:
    messages, kills = bench.size(2000, 60), bench.size(8, 1)
    runs = (
        chaos_outbox.run(bench, messages, kills, TIMEOUT),
        chaos_webhooks.run(bench, bench.size(10_000, 100)),
    )
    return [
        Figure(sum(damage.lost for damage in runs)),
        Figure(sum(damage.duplicated for damage in runs), notes=tuple(map(str, runs))),
    ]
