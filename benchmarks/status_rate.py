"""How many statuses of known messages the event processor works off a second.

Each message of the clinic gets `sent`, `delivered` and `read`, a webhook each, as they
come while messages are sent. They are stored before the processor may run.
"""

from statistics import median

from .bench import Bench
from .figures import Figure, Metric
from .sent import Sent, call_sent
from .webhook_bodies import body, signed
from .webhooks import process

METRICS = (Metric("status_rate", "statuses/s", goal=800),)
NAMES = ("sent", "delivered", "read")
BATCH = 100
FIRST_SECOND = 1795300000
UNREAD = "starts_with(key, 'sent-') AND state <> 'read'"


def measure(bench: Bench) -> list[Figure]:
    patients, rules = bench.size(1500, 6), len(bench.runs) + 1
    with bench.clinic("statuses", patients=patients, rules=rules) as clinic:
        *single, batched = [
            _statuses(call_sent(clinic, rule_ids)) for rule_ids in clinic.made["rules"]
        ]
        rates = [
            process(clinic, [signed(body([value])) for value in values]).rate
            for values in single
        ]
        packs = [batched[at : at + BATCH] for at in range(0, len(batched), BATCH)]
        webhooks = [signed(body(pack)) for pack in packs]
        in_batches = process(clinic, webhooks).rate * len(batched) / len(webhooks)
        clinic.wait_until_none("whatsapp_clinic_message", UNREAD, timeout=1)
    notes = (f"a webhook each; {in_batches:.0f}/s where a webhook has {BATCH}",)
    return [Figure(median(rates), notes=notes)]


def _statuses(messages: list[Sent]) -> list[dict]:
    """Of each message what WhatsApp reports, all of one kind after the other."""
    return [
        message.status(FIRST_SECOND + second, name)
        for second, name in enumerate(NAMES)
        for message in messages
    ]
