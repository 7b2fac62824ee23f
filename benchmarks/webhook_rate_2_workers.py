"""How many webhooks a second an Odoo with two HTTP workers takes in and answers."""

from .bench import Bench
from .figures import Figure, Metric
from .webhooks import intake_rate

METRICS = (Metric("webhook_rate_2_workers", "webhooks/s", goal=700),)


def measure(bench: Bench) -> list[Figure]:
    return [intake_rate(bench, "webhooks_2_workers", "--workers", "2")]
