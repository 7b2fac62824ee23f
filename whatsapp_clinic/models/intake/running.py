"""Whether the processor of webhooks runs, told by a lock that it holds meanwhile."""

import time

from odoo import sql_db

from ...tools.transaction import read_committed
from ...tools.wake_up import insert_triggers, notify
from ..vocabulary import locks

# Seconds between letting go of the lock and the last look for work.
LINGER = 0.2
_seen_running: dict[str, float] = {}


def running_lock(cr, cron_id: int, function: str) -> bool:
    """Apply one of PostgreSQL's advisory lock functions to "this action runs".

    Who holds it has to look for work once more after letting go.
    """
    cr.execute(f"SELECT {function}(%s, %s)", [locks.ACTION, cron_id])
    return cr.fetchone()[0] is not False


def wake_unless_running(dbname: str, cron_id: int) -> None:
    """Run an action for what was just committed, unless it runs and will see it.

    Cheaper than a trigger for every webhook of a flood: it writes nothing, and for a
    moment after it was seen running it is taken to run still; it lingers that long.
    """
    asked_at = time.monotonic()
    if asked_at - _seen_running.get(dbname, float("-inf")) < LINGER / 2:
        return
    with sql_db.db_connect(dbname).cursor() as cr:
        if not running_lock(cr, cron_id, "pg_try_advisory_xact_lock_shared"):
            _seen_running[dbname] = asked_at
            return
        cr.rollback()
        read_committed(cr)
        must_notify = insert_triggers(cr, [cron_id])
    if must_notify:
        notify(dbname)
