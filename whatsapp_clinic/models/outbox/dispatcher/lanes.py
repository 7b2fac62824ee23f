# pylint: disable=invalid-commit
import time
from datetime import datetime, timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ....tools import clock
from ....tools.fingerprint import database_fingerprint
from ....tools.quiet_sql import quiet_sql
from ....tools.transaction import TRY_AGAIN, read_committed
from ....tools.wake_up import report_progress, wake_after_commit
from ...provider.access_token import HAS_ACCESS_TOKEN, secret_names
from ...vocabulary import locks
from ...vocabulary.priorities import PRIORITIES
from .channel_run import ChannelRun
from .settling import RESENDABLE, settling_times

LANES = ("dispatch_lane_1", "dispatch_lane_2", "dispatch_lane_3")
# Seconds. A channel gives way to others that wait after the first, and ends its slice
# after the second; a lane ends after the third, because other scheduled actions wait
# for its worker.
SHARED_SLICE = 0.5
CHANNEL_SLICE = 3.0
LANE_SLICE = 6.0
# Lanes run every minute. If none did for so long, Odoo was down.
OUTAGE = timedelta(minutes=3)


class Dispatcher(models.AbstractModel):
    """Drains the outbox; its methods are scheduled actions and their parts."""

    _name = "whatsapp.clinic.dispatcher"
    _description = "WhatsApp Dispatcher"

    @api.model
    def _wake(self, at: datetime | None = None):
        """Send what is due as soon as the present transaction is committed, or at a
        time within the next minute (naive UTC)."""
        wake_after_commit(self.env, *LANES, at=at)

    @api.model
    def _cron_dispatch(self):
        """A lane: serve the channels that have work until the slice is over."""
        report_progress(self.env)
        deadline = time.monotonic() + LANE_SLICE
        served: dict[int, float] = {}
        with self.pool.cursor() as cr:
            self._notice_outage(cr)
            while time.monotonic() < deadline:
                channel_id = self._lock_channel(cr, served)
                if channel_id is None:
                    if not self._rest(cr, deadline):
                        return
                    continue
                slice_end = min(deadline, time.monotonic() + CHANNEL_SLICE)
                gives_way = self._gives_way(cr, channel_id)
                try:
                    with quiet_sql():
                        ChannelRun(cr, channel_id, slice_end, gives_way).drain()
                except TRY_AGAIN:
                    cr.rollback()
                finally:
                    _unlock(cr, channel_id)
                served[channel_id] = time.monotonic()
            if self._channels_with_work(cr):
                self._wake()

    @api.model
    def _notice_outage(self, cr):
        """After an outage the time of messages without an answer begins again.

        WhatsApp repeats the webhooks that found nobody, as far apart as the outage was
        long; what they say must be heard before anything is sent a second time. Then
        a lost message is waited for twice as long as it has been lost.
        """
        read_committed(cr)
        lanes = [self.env.ref(f"whatsapp_clinic.{lane}").id for lane in LANES]
        cr.execute("SELECT max(lastcall) FROM ir_cron WHERE id = ANY(%s)", [lanes])
        (last_run,) = cr.fetchone()
        if last_run and fields.Datetime.now() - last_run > OUTAGE:
            cr.execute(
                "UPDATE whatsapp_clinic_message SET unknown_at = %s "
                "WHERE state = 'unknown'",
                [clock.precise_now()],
            )
        cr.commit()

    @api.model
    def _lock_channel(self, cr, served: dict[int, float]) -> int | None:
        """Lock the channel with work that waited longest; None if there is none."""
        waiting = self._channels_with_work(cr)
        for channel_id in sorted(waiting, key=lambda one: served.get(one, 0.0)):
            if _try_lock(cr, channel_id):
                cr.commit()
                return channel_id
        cr.commit()
        return None

    @api.model
    def _gives_way(self, cr, channel_id: int):
        """A function that says whether the channel's turn is over: others wait.

        It looks at the database once in a shared slice.
        """
        next_look = time.monotonic() + SHARED_SLICE

        def others_wait() -> bool:
            nonlocal next_look
            if time.monotonic() < next_look:
                return False
            next_look = time.monotonic() + SHARED_SLICE
            return bool(set(self._channels_with_work(cr)) - {channel_id})

        return others_wait

    @api.model
    def _rest(self, cr, deadline: float) -> bool:
        """Sleep until a row is to be tried again within this slice; False if none is.

        What was only put off has a wake-up of its own; a worker that slept for it would
        be missing for webhooks.
        """
        now = clock.precise_now()
        horizon = now + timedelta(seconds=deadline - time.monotonic())
        cr.execute(
            """
            SELECT min(GREATEST(soonest.due_at, channel.hold_until))
            FROM whatsapp_clinic_channel AS channel,
            unnest(%(priorities)s) AS level (priority),
            LATERAL (
                SELECT due_at FROM whatsapp_clinic_message
                WHERE channel_id = channel.id AND priority = level.priority
                  AND state IN ('queued', 'held') AND due_at < %(horizon)s
                  AND (due_at <= %(now)s OR state = 'held' OR attempts > 0)
                ORDER BY due_at LIMIT 1
            ) AS soonest
            WHERE GREATEST(soonest.due_at, channel.hold_until) > %(now)s
              AND GREATEST(soonest.due_at, channel.hold_until) < %(horizon)s
            """,
            {"priorities": list(PRIORITIES), "now": now, "horizon": horizon},
        )
        (due_at,) = cr.fetchone()
        cr.commit()
        if due_at is None:
            return False
        time.sleep(max(0.01, (due_at - now).total_seconds()))
        return True

    @api.model
    def _channels_with_work(self, cr) -> list[int]:
        """Armed channels, not on hold, with rows due, leased out or unsettled."""
        now = clock.precise_now()
        env = api.Environment(cr, SUPERUSER_ID, {})
        cr.execute(
            f"""
            SELECT channel.id FROM whatsapp_clinic_channel AS channel
            WHERE channel.active AND {HAS_ACCESS_TOKEN}
              AND channel.fingerprint = %(here)s
              AND (channel.hold_until IS NULL OR channel.hold_until <= %(now)s)
              AND (
                EXISTS (
                    SELECT FROM whatsapp_clinic_message
                    WHERE channel_id = channel.id AND state IN ('queued', 'held')
                      AND priority = ANY(%(priorities)s) AND due_at <= %(now)s
                ) OR EXISTS (
                    SELECT FROM whatsapp_clinic_message
                    WHERE channel_id = channel.id AND state = 'sending'
                      AND claimed_at <= %(lease_end)s
                ) OR EXISTS (
                    SELECT FROM whatsapp_clinic_message AS lost
                    WHERE lost.channel_id = channel.id AND {RESENDABLE}
                )
              )
            """,
            {
                "here": database_fingerprint(env),
                **secret_names(),
                "now": now,
                "priorities": list(PRIORITIES),
                **settling_times(env, now),
            },
        )
        return [row[0] for row in cr.fetchall()]


def _try_lock(cr, channel_id: int) -> bool:
    """Take the channel's lock for this connection; it outlives commits."""
    cr.execute("SELECT pg_try_advisory_lock(%s, %s)", [locks.CHANNEL, channel_id])
    return cr.fetchone()[0]


def _unlock(cr, channel_id: int):
    """Release the lock; it would stay with the pooled connection otherwise."""
    cr.rollback()
    cr.execute("SELECT pg_advisory_unlock(%s, %s)", [locks.CHANNEL, channel_id])
    cr.commit()
