"""What one Odoo process sends when WhatsApp sets no limit that it could reach.

Reminders with gate, consent, rendering and write-back, through the real scheduler of
one threaded process, to a sandbox that answers after 100 ms and holds back its
statuses. One more run tells the rate when the same process takes them in, too.
"""

from statistics import median

from .bench import Bench
from .figures import Figure, Metric
from .outbox import drain_rate

RATE = 1000
METRICS = (Metric("outbox_rate_unrestricted", "messages/s", goal=350),)


def measure(bench: Bench) -> list[Figure]:
    count, rules = bench.size(3000, 20), len(bench.runs) + 1
    with bench.clinic(
        "rate_unrestricted", rate=RATE, patients=count, rules=rules
    ) as clinic:
        with_statuses = drain_rate(clinic, rules - 1, 120)
        clinic.wait_until_none("whatsapp_clinic_message", "state = 'sent'", 120)
        clinic.phones.switch(webhooks_enabled=False)
        value = median(drain_rate(clinic, run, 120) for run in bench.runs)
    notes = (f"statuses held back; {with_statuses:.0f}/s while they come in",)
    return [Figure(value, notes=notes)]
