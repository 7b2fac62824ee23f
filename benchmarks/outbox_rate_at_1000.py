"""A channel that may send 1,000 messages a second, WhatsApp's rate after an upgrade.

Reminders of appointments, with gate, consent and rendering, through the real scheduler
of Odoo, to a sandbox that answers after 100 ms. One process sends; two HTTP workers
take in the statuses of these messages meanwhile. The peer gets none, so one more run
tells the rate without them.
"""

from statistics import median

from . import sms_twilio
from .bench import Bench
from .figures import Figure, Metric
from .outbox import drain_rate

RATE = 1000
METRICS = (Metric("outbox_rate_at_1000", "messages/s", goal=250),)


def measure(bench: Bench) -> list[Figure]:
    count = bench.size(3000, 20)
    peer_value = sms_twilio.queue_rate(bench) if bench.has_peers else None
    rules = len(bench.runs) + 1
    with bench.clinic(
        "rate_1000", "--workers", "2", rate=RATE, patients=count, rules=rules
    ) as clinic:
        value = median(drain_rate(clinic, run, 120) for run in bench.runs)
        clinic.phones.switch(webhooks_enabled=False)
        alone = drain_rate(clinic, rules - 1, 120)
    notes = (f"{alone:.0f}/s in a run in which the sandbox held back its statuses",)
    return [Figure(value, sms_twilio.NAME, peer_value, notes)]
