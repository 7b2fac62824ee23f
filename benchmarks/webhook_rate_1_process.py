"""How many webhooks a second one threaded Odoo process takes in and answers."""

from .bench import Bench
from .figures import Figure, Metric
from .webhooks import intake_rate

METRICS = (Metric("webhook_rate_1_process", "webhooks/s", goal=320),)


def measure(bench: Bench) -> list[Figure]:
    return [intake_rate(bench, "webhooks_1_process")]
