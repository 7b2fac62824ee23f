"""How the memory of the sending process grows with what waits in the outbox.

Its peak while it sends the same number of messages, with 1,000 and with 100,000 due.
"""

import re
from pathlib import Path

from .bench import Bench, Clinic
from .figures import Figure, Metric, check_seen
from .outbox import wait_for_accepted

RATE = 1000
FEW = 1000
SENT_SHARE = 0.9
METRICS = (
    Metric("outbox_memory_growth_1k_100k", "times", goal=1.2, more_is_better=False),
)


def measure(bench: Bench) -> list[Figure]:
    few, many = bench.size(FEW, 20), bench.size(100_000, 100)
    with bench.closed_clinic("memory", RATE, patients=few, rules=1) as clinic:
        clinic.phones.switch(webhooks_enabled=False)
        small = _peak_while_sending(clinic, few, int(SENT_SHARE * few))
        large = _peak_while_sending(clinic, many, int(SENT_SHARE * few))
    notes = (f"{small:.0f} MiB with {few:,} due, {large:.0f} MiB with {many:,}",)
    return [Figure(large / small, notes=notes)]


def _peak_while_sending(clinic: Clinic, waiting: int, sent: int) -> float:
    """MiB that a new server needed at most until so many messages were accepted."""
    before = clinic.phones.stats()["accepted"]
    with clinic.serving() as server:
        clinic.settle()
        _fill(clinic, waiting)
        clinic.wake("dispatch_lane_%")
        wait_for_accepted(clinic, before + sent, 60)
        peak = _peak(server.process.pid)
    check_seen(clinic.phones.stats()["accepted"] - before, sent, "were accepted")
    return peak


def _fill(clinic: Clinic, waiting: int) -> None:
    """Queue so many copies of what a rule has planned, due now, for all patients."""
    clinic.database.sql(
        """
        WITH planned AS (
            SELECT message.*, row_number() OVER (ORDER BY id) - 1 AS place
            FROM whatsapp_clinic_message AS message WHERE rule_id = ANY(%(rules)s)
        )
        INSERT INTO whatsapp_clinic_message
        SELECT copy.*
        FROM (
            SELECT to_jsonb(planned) - 'place' || jsonb_build_object(
                'id', nextval('whatsapp_clinic_message_id_seq'),
                'key', gen_random_uuid(),
                'rule_id', NULL,
                'occurrence', NULL,
                'is_automatic', NULL,
                'due_at', now() AT TIME ZONE 'UTC'
            ) AS content
            FROM generate_series(0, %(waiting)s - 1) AS number
            JOIN planned ON planned.place = number %% (SELECT count(*) FROM planned)
            ORDER BY number
        ) AS filled,
        LATERAL jsonb_populate_record(
            NULL::whatsapp_clinic_message, filled.content
        ) AS copy
        """,
        rules=clinic.made["rules"][0],
        waiting=waiting,
    )
    clinic.database.sql("VACUUM ANALYZE whatsapp_clinic_message")


def _peak(pid: int) -> float:
    """Peak resident memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s*(\d+) kB$", status, re.M)[1]) / 1024
