# pylint: disable=invalid-commit
"""A run of the processor: batches of webhooks, each committed, until nothing comes.

It takes turns among senders, and gives way to the door while many webhooks arrive.
"""

import time
from contextlib import contextmanager
from datetime import timedelta

from odoo import SUPERUSER_ID, api

from ...tools import clock
from ...tools.transaction import TRY_AGAIN, read_committed
from ...tools.turns import short_turns
from ..message.message_answer import TOLD_LATER
from .event_batch import EventBatch
from .event_news import News
from .event_turns import Turns
from .running import LINGER, running_lock

# Events in one transaction, if they have so many bytes each; each update has its
# savepoint.
BATCH = 50
EVENT_BYTES = 5 * 1024
# Seconds that a batch should take while many webhooks arrive.
TURN = 0.02
# While so many webhooks arrive in a quarter of a second, a second of work is followed
# by so many seconds of rest: the door has to answer within 250 ms (Cloud API,
# webhooks), what it took in can wait. Where fewer come, as when patients tap, it need
# not.
REST = 3.0
# After what nobody waits for but who sent other things that wait as well, longer.
FLOOD_REST = 9.0
LONGEST_REST = 0.5
MANY = 5
ARRIVING = timedelta(seconds=0.25)
# But not if somebody waits longer than this, other than who sent so many.
PATIENCE = timedelta(seconds=30)
FLOOD = 20
# How exactly a channel's last webhook is noted.
CONTACT = timedelta(minutes=1)
# Seconds without a webhook after which a run ends, and between two looks for one.
IDLE, LOOK = 0.5, 0.02
# A run ends in any case after this many seconds: other scheduled actions wait for its
# worker.
SLICE = 6.0


def process_waiting(pool, cron_id: int) -> bool:
    """Process what waits, in the order it came, until the slice is over.

    `cron_id` is the scheduled action that works. True if something came at the very
    end, for which it has to be woken.
    """
    deadline = time.monotonic() + SLICE
    with pool.cursor() as cr:
        with _marked_as_running(cr, cron_id), short_turns():
            _process_until(cr, deadline)
        time.sleep(LINGER)
        return _waits(cr)


@contextmanager
def _marked_as_running(cr, cron_id: int):
    """While it lasts, webhooks need not wake the processor."""
    running_lock(cr, cron_id, "pg_advisory_lock")
    cr.commit()
    try:
        yield
    finally:
        cr.rollback()
        running_lock(cr, cron_id, "pg_advisory_unlock")
        cr.commit()


def _process_until(cr, deadline: float):
    """Process what waits, until nothing comes or the time (monotonic) is over."""
    size, turns, waiting, news = BATCH, Turns(cr), set(), News(cr)
    is_left = True
    while (is_left or _more_comes(cr)) and time.monotonic() < deadline:
        started = time.monotonic()
        try:
            is_left = _process_batch(cr, size, turns, waiting, news)
            news.tell(is_last=not is_left)
            worked = time.monotonic() - started
            rested = _give_way(cr, worked * (REST if turns.are_first else FLOOD_REST))
            size = _fitting(turns.taken, worked) if rested else BATCH
        except TRY_AGAIN:
            cr.rollback()
            turns.forget()
            size = 1
    news.tell(is_last=True)


def _fitting(count: int, seconds: float) -> int:
    """How many events should fit in a turn, as so many took so many seconds."""
    return max(1, min(BATCH, round(count * TURN / seconds)))


def _more_comes(cr) -> bool:
    """Wait a moment for the next webhook: what patients do comes one by one, and for
    each to be started again takes longer than the work."""
    end = time.monotonic() + IDLE
    while time.monotonic() < end:
        time.sleep(LOOK)
        if _waits(cr):
            return True
    return False


def _waits(cr) -> bool:
    """Whether a webhook is to be processed."""
    cr.execute(
        "SELECT FROM whatsapp_clinic_webhook_event WHERE state = 'pending' LIMIT 1"
    )
    found = bool(cr.rowcount)
    cr.commit()
    return found


def _give_way(cr, rest: float) -> bool:
    """Rest for so many seconds if many webhooks arrive and none waits for long.

    True if it did. On a threaded server intake and processing share one interpreter.
    """
    cr.execute(
        """
        SELECT (SELECT received_at FROM whatsapp_clinic_webhook_event
                ORDER BY id DESC OFFSET %s LIMIT 1),
               (SELECT received_at FROM whatsapp_clinic_webhook_event
                WHERE state = 'pending' ORDER BY id LIMIT 1)
        """,
        [MANY - 1],
    )
    last_of_many, oldest_waiting = cr.fetchone()
    cr.commit()
    now = clock.precise_now()
    is_arriving = last_of_many and oldest_waiting and now - last_of_many < ARRIVING
    since = now - PATIENCE
    rests = bool(is_arriving) and (
        oldest_waiting > since or not _is_kept_waiting(cr, since)
    )
    if rests:
        time.sleep(min(rest, LONGEST_REST))
    return rests


def _is_kept_waiting(cr, since) -> bool:
    """Whether a webhook waits since before then (naive UTC) whose sender sent few.

    Of who floods thousands wait, by turns and for long: that is no haste.
    """
    cr.execute(
        """
        SELECT FROM whatsapp_clinic_webhook_event WHERE state = 'pending'
        GROUP BY COALESCE(sender, -id)
        HAVING count(*) < %s AND min(received_at) < %s LIMIT 1
        """,
        [FLOOD, since],
    )
    found = bool(cr.rowcount)
    cr.commit()
    return found


def _process_batch(cr, size: int, turns: Turns, waiting: set, news: News) -> bool:
    """Process up to `size` waiting events, and commit; False when none waits any more.

    `waiting` are the conversations of which an earlier message waits for its next
    attempt, `news` what is to be told to staff.
    """
    read_committed(cr)
    env = api.Environment(cr, SUPERUSER_ID, {TOLD_LATER: True})
    cr.execute(
        """
        SELECT event.id, body, COALESCE(attempts, 0), account_id, provider
        FROM unnest(%s::int[]) WITH ORDINALITY AS turn (id, place)
        JOIN whatsapp_clinic_webhook_event AS event USING (id)
        WHERE state = 'pending' ORDER BY place
        FOR UPDATE OF event SKIP LOCKED
        """,
        [turns.take(size, size * EVENT_BYTES)],
    )
    bodies = cr.fetchall()
    batch = EventBatch(env, waiting)
    batch.work_off(bodies)
    env.flush_all()
    news.take(env)
    cr.commit()
    _note_contact(cr, batch.external_ids)
    turns.put_off(batch.unfinished)
    if bodies:
        return True
    waiting.clear()
    return turns.begin_round()


def _note_contact(cr, external_ids: set[str]):
    """Note on the channels that their messenger spoke of them, and commit.

    In a transaction of its own and once a minute: others write channels as well.
    """
    read_committed(cr)
    now = clock.now()
    cr.execute(
        """
        UPDATE whatsapp_clinic_channel SET last_webhook_at = %(now)s
        WHERE id IN (
            SELECT id FROM whatsapp_clinic_channel
            WHERE external_id = ANY(%(external_ids)s)
              AND (last_webhook_at IS NULL OR last_webhook_at < %(stale)s)
            FOR NO KEY UPDATE SKIP LOCKED
        )
        """,
        {"now": now, "external_ids": list(external_ids), "stale": now - CONTACT},
    )
    cr.commit()
