"""Waking scheduled actions: at once, and once for many rows.

Odoo's `_trigger()` writes a row and notifies for every call, which halves the intake of
webhooks. Here a trigger that still waits is not written again. A trigger that a running
action is about to delete is locked by it and does not count as waiting: that action may
have looked before the new row was there.

A notification reaches only who runs: a server that was started after it would look at
the triggers a minute later. So one that waits for long is announced once more.

`ir.cron` compares with PostgreSQL's own clock, so the time of a trigger is taken there.
"""

import logging
import threading
import time
from datetime import datetime

import psycopg2

from odoo import sql_db

from . import clock
from .transaction import read_committed

_logger = logging.getLogger(__name__)

# Seconds after which nobody may have heard of a trigger; also between announcements.
OVERDUE = 2
_announced: dict[str, float] = {}


def insert_triggers(cr, cron_ids: list[int]) -> bool:
    """Write the triggers that do not wait yet; True if the scheduler must be told.

    Needs a READ COMMITTED transaction. Call `notify` after the commit.
    """
    cr.execute(
        """
        WITH waiting AS (
            SELECT cron_id, call_at FROM ir_cron_trigger
            WHERE cron_id = ANY(%(cron_ids)s)
            FOR KEY SHARE SKIP LOCKED
        ), written AS (
            INSERT INTO ir_cron_trigger (cron_id, call_at)
            SELECT wanted, date_trunc('second', now() AT TIME ZONE 'UTC')
            FROM unnest(%(cron_ids)s) AS wanted
            WHERE wanted NOT IN (SELECT cron_id FROM waiting)
            RETURNING id
        )
        SELECT EXISTS (SELECT FROM written), EXISTS (
            SELECT FROM waiting
            WHERE call_at <
                now() AT TIME ZONE 'UTC' - make_interval(secs => %(overdue)s)
        )
        """,
        {"cron_ids": cron_ids, "overdue": OVERDUE},
    )
    is_new, is_overdue = cr.fetchone()
    since = time.monotonic() - _announced.get(cr.dbname, float("-inf"))
    return is_new or (is_overdue and since > OVERDUE)


def notify(dbname: str) -> None:
    """Tell Odoo's scheduler threads and workers to look at this database now."""
    _announced[dbname] = time.monotonic()
    with sql_db.db_connect("postgres").cursor() as cr:
        cr.execute("SELECT pg_notify('cron_trigger', %s)", [dbname])


def wake_after_commit(env, *cron_xml_ids: str, at: datetime | None = None) -> None:
    """Run these scheduled actions as soon as the present transaction is committed.

    Or at a time soon after (naive UTC), which a timer of this process keeps: Odoo
    itself looks once a minute for triggers of the future. If the process ends before,
    the actions' own interval finds the work.
    """
    # Savepoints forget what is noted for before the commit.
    known = env.cr.postcommit.data.setdefault("whatsapp_clinic.wake_up", set())
    wanted = {(xml_id, at) for xml_id in cron_xml_ids}
    if known >= wanted:
        return
    known |= wanted
    cron_ids = [env.ref(f"whatsapp_clinic.{xml_id}").id for xml_id in cron_xml_ids]
    dbname = env.cr.dbname

    def wake():
        with sql_db.db_connect(dbname).cursor() as cr:
            read_committed(cr)
            must_notify = insert_triggers(cr, cron_ids)
        if must_notify:
            notify(dbname)

    env.cr.postcommit.add(wake if at is None else lambda: _call_at(at, wake))


def _call_at(at: datetime, wake) -> None:
    def wake_quietly():
        try:
            wake()
        except psycopg2.Error:
            _logger.info("A timer found no database; the next minute's run will do")

    delay = (at - clock.precise_now()).total_seconds()
    timer = threading.Timer(max(0.0, delay), wake_quietly)
    timer.daemon = True
    timer.start()


def report_progress(env) -> None:
    """Say, at the start of a scheduled action, that it gets something done.

    Odoo skips an action that reported nothing before its server died three times; here
    that would only make messages wait for a minute.
    """
    if env.context.get("ir_cron_progress_id"):
        env["ir.cron"]._commit_progress(1)
