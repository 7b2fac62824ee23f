"""How the time to find and lock what is due grows with what waits.

The dispatcher's own look-ups, on an outbox of 1,000 rows and on one of 1,000,000, both
with 100 rows due. PostgreSQL's counters tell whether the outbox was read as a whole.
"""

from .bench import Bench, Database
from .figures import Figure, Metric, Void

DUE = 100
METRICS = (Metric("due_lookup_growth_1k_1m", "times", goal=3, more_is_better=False),)


def measure(bench: Bench) -> list[Figure]:
    few, many = 1000, bench.size(1_000_000, 5000)
    with bench.database("due_lookup") as database:
        channel = database.call("make_channel", url="http://127.0.0.1:9", rate=80)
        _fill(database, channel, DUE, "-1 minute")
        _fill(database, channel, few - DUE, "1 minute")
        among_few = database.call("time_due_lookup", channel=channel, due=DUE)
        _fill(database, channel, many - few, "1 minute")
        among_many = database.call("time_due_lookup", channel=channel, due=DUE)
    if among_many["sequential_scans"] and not bench.quick:
        raise Void("the outbox was read as a whole to find what is due")
    short, long = 1000 * among_few["seconds"], 1000 * among_many["seconds"]
    notes = (f"{short:.2f} ms among {few:,} rows, {long:.2f} ms among {many:,}",)
    return [Figure(long / short, notes=notes)]


def _fill(database: Database, channel: int, count: int, interval: str) -> None:
    """Queue rows, the n-th of them due n intervals from now."""
    database.sql(
        """
        INSERT INTO whatsapp_clinic_message
            (channel_id, company_id, direction, state, kind, priority, due_at, key)
        SELECT channel.id, channel.company_id, 'out', 'queued', 'template', n %% 3,
               now() AT TIME ZONE 'UTC' + n * %s::interval, gen_random_uuid()
        FROM whatsapp_clinic_channel AS channel, generate_series(1, %s) AS n
        WHERE channel.id = %s
        """,
        interval,
        count,
        channel,
    )
    database.sql("VACUUM ANALYZE whatsapp_clinic_message")
