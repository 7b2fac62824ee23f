# pylint: disable=invalid-commit
"""From the outbox to WhatsApp.

A lane is a scheduled action. It serves one channel after the other, a slice of time
each, and a channel is served by one lane at a time: whoever holds its advisory lock.
For a channel, the lane

1. claims due rows, as many as may leave at this moment and as there are free threads,
   asks the gate, renders, marks them `sending` with a fresh correlation id, commits;
2. posts them from a pool of threads that never touch a cursor;
3. writes what came back, in the transaction of the next claim.

If the process dies in between, the rows stay `sending`. After the lease they become
`unknown`; a status that carries the correlation id settles them. One that nobody
settles is sent once more, when a status of a message claimed later has come and no
webhook waits: then WhatsApp's statuses flow, and this row's would have come.
"""

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg2.errors
from psycopg2.extras import execute_values

from odoo import SUPERUSER_ID, api, models
from odoo.modules import module

from ...cloud_api import errors
from ...cloud_api.client import CloudApiClient
from ...cloud_api.pacing import TokenBucket
from ...cloud_api.payloads import PayloadError
from ...tools import clock
from ...tools.fingerprint import database_fingerprint
from ...tools.quiet_sql import place, quiet_sql
from ...tools.wake_up import report_progress, wake_after_commit
from .gate import refuse
from .message import PRIORITIES
from .template_variable import MissingValue

_logger = logging.getLogger(__name__)

LANES = ("dispatch_lane_1", "dispatch_lane_2", "dispatch_lane_3")
THREADS = 64
# Seconds. A channel gives way to others that wait, or ends its slice; a lane ends its
# own, because other scheduled actions wait for its worker.
SHARED_SLICE = 1.0
CHANNEL_SLICE = 2.0
LANE_SLICE = 6.0
# (system parameter, default in seconds). The lease is longer than any call can last
# (connect 3 s, read 10 s); settling is for statuses that WhatsApp delivers late.
LEASE_PARAMETER = ("whatsapp_clinic.lease_seconds", 60)
SETTLING_PARAMETER = ("whatsapp_clinic.settling_seconds", 300)
# How much of a second's rate may leave at once.
BURST_SHARE = 0.25
# Rows claimed together: fewer cost a transaction each, more wait for one another.
BATCH = 16
LOCK_NAMESPACE = 0x57A0
# Cloud API, "Rate limit hit": the number sends faster than it may.
TOO_FAST = 130429
UNREACHABLE_HOLD = 10.0
# Seconds in which rows that the event processor has are waited for; then they stay
# `sending` and the lease finds them.
WRITE_BACK_PATIENCE = 5.0
# The database asks to try again.
TRY_AGAIN = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


@dataclass(frozen=True)
class Outcome:
    """What became of one call; `values` are columns of the message."""

    row_id: int
    attempts: int
    state: str
    values: dict
    hold: tuple[float, str] | None = None
    opted_out: bool = False


class Dispatcher(models.AbstractModel):
    """Drains the outbox; its methods are scheduled actions and their parts."""

    _name = "whatsapp.clinic.dispatcher"
    _description = "WhatsApp Dispatcher"

    @api.model
    def _wake(self):
        """Send what is due as soon as the present transaction is committed."""
        wake_after_commit(self.env, *LANES)

    @api.model
    def _cron_dispatch(self):
        """A lane: serve the channels that have work until the slice is over."""
        report_progress(self.env)
        deadline = time.monotonic() + LANE_SLICE
        served: dict[int, float] = {}
        with self.pool.cursor() as cr:
            while time.monotonic() < deadline:
                channel_id, others_wait = self._lock_channel(cr, served)
                if channel_id is None:
                    if not self._rest(cr, deadline):
                        return
                    continue
                length = SHARED_SLICE if others_wait else CHANNEL_SLICE
                slice_end = min(deadline, time.monotonic() + length)
                try:
                    with quiet_sql():
                        ChannelRun(cr, channel_id, slice_end).drain()
                except TRY_AGAIN:
                    cr.rollback()
                finally:
                    _unlock(cr, channel_id)
                served[channel_id] = time.monotonic()
            if self._channels_with_work(cr):
                self._wake()

    @api.model
    def _lock_channel(self, cr, served: dict[int, float]) -> tuple[int | None, bool]:
        """Lock the channel with work that waited longest; also whether others wait."""
        waiting = self._channels_with_work(cr)
        for channel_id in sorted(waiting, key=lambda one: served.get(one, 0.0)):
            if _try_lock(cr, channel_id):
                cr.commit()
                return channel_id, len(waiting) > 1
        cr.commit()
        return None, False

    @api.model
    def _rest(self, cr, deadline: float) -> bool:
        """Sleep until a row falls due within this slice; False if none will."""
        now = clock.precise_now()
        horizon = now + timedelta(seconds=deadline - time.monotonic())
        cr.execute(
            """
            SELECT min(soonest.due_at) FROM whatsapp_clinic_channel AS channel,
            unnest(%(priorities)s) AS level (priority),
            LATERAL (
                SELECT due_at FROM whatsapp_clinic_message
                WHERE channel_id = channel.id AND priority = level.priority
                  AND state IN ('queued', 'held')
                  AND due_at > %(now)s AND due_at < %(horizon)s
                ORDER BY due_at LIMIT 1
            ) AS soonest
            WHERE channel.hold_until IS NULL OR channel.hold_until < %(horizon)s
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
            WHERE channel.active AND channel.access_token IS NOT NULL
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
                "now": now,
                "priorities": list(PRIORITIES),
                "lease_end": now - seconds(env, LEASE_PARAMETER),
                "settled": now - seconds(env, SETTLING_PARAMETER),
            },
        )
        return [row[0] for row in cr.fetchall()]


# A status of a message that was claimed after this one was lost has been processed, and
# no webhook waits that might speak of this one.
RESENDABLE = """
    lost.state = 'unknown' AND lost.unknown_at <= %(settled)s
    AND lost.resent IS NOT TRUE
    AND NOT EXISTS (SELECT FROM whatsapp_clinic_webhook_event WHERE state = 'pending')
    AND EXISTS (
        SELECT FROM whatsapp_clinic_message AS later
        WHERE later.channel_id = lost.channel_id AND later.status_at IS NOT NULL
          AND later.claimed_at > lost.unknown_at
    )
"""


class ChannelRun:
    """One lane's work on one channel, from claim to write-back.

    `cr` holds the channel's lock; `deadline` is on the monotonic clock.
    """

    def __init__(self, cr, channel_id: int, deadline: float):
        self.cr = cr
        self.env = api.Environment(cr, SUPERUSER_ID, {})
        self.messages = self.env["whatsapp.clinic.message"]
        self.channel_id = channel_id
        self.deadline = deadline
        self.calls: dict[Future, tuple[int, int]] = {}
        self.outcomes: list[Outcome] = []
        self.written: list[Outcome] = []
        self.batch = 1
        self.nothing_due = False
        self.held = False

    def drain(self):
        """Send what is due until nothing is, the time is up or the channel held."""
        self._begin()
        self._recover_lost()
        channel = self.env["whatsapp.clinic.channel"].browse(self.channel_id)
        self.batch = max(1, min(BATCH, channel.rate // 10))
        bucket, client = _bucket(channel), channel_client(channel)
        self.cr.commit()
        with ThreadPoolExecutor(THREADS, f"whatsapp-{self.channel_id}") as pool:
            try:
                while self.calls or self._may_claim():
                    if self._may_claim() and self._has_room(bucket):
                        self._post(pool, client, bucket)
                    else:
                        self._collect(bucket)
            finally:
                self._finish(bucket)

    def _finish(self, bucket: TokenBucket):
        """Store what came back, also when a claim failed."""
        self.cr.rollback()
        self.nothing_due = True
        while self.calls:
            self._collect(bucket)
        give_up = time.monotonic() + WRITE_BACK_PATIENCE
        while self.outcomes and time.monotonic() < give_up:
            self._begin()
            self._write_back()
            self._commit()
            time.sleep(0.02 if self.outcomes else 0)

    def _may_claim(self) -> bool:
        stop = self.held or self.nothing_due
        return not stop and time.monotonic() < self.deadline

    def _has_room(self, bucket: TokenBucket) -> bool:
        free = THREADS - len(self.calls)
        return free >= self.batch and not bucket.wait_time(self.batch)

    def _post(self, pool, client: CloudApiClient, bucket: TokenBucket):
        claimed = self._claim(bucket.take(THREADS - len(self.calls)))
        self.nothing_due = not claimed
        for row_id, attempts, payload in claimed:
            call = pool.submit(client.send_message, payload)
            self.calls[call] = (row_id, attempts)

    def _collect(self, bucket: TokenBucket):
        """Wait until an answer comes, or the next batch may leave."""
        pause = bucket.wait_time(self.batch) if self._may_claim() else 0.25
        if not self.calls:
            time.sleep(pause)
            return
        done, _pending = wait(self.calls, pause or 0.25, return_when=FIRST_COMPLETED)
        for call in done:
            outcome = _outcome(*self.calls.pop(call), call)
            self.outcomes.append(outcome)
            self.held = self.held or bool(outcome.hold)
            if outcome.values.get("error_code") == TOO_FAST:
                bucket.slow_down()

    def _begin(self):
        """Start a transaction that sees what others commit; claims fail otherwise."""
        if not module.current_test:
            self.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def _claim(self, limit: int) -> list[tuple[int, int, dict]]:
        """Mark up to `limit` due rows `sending`; returns (id, attempts, payload)."""
        self._begin()
        self._write_back()
        messages = self._lock_due(limit)
        messages._choose_variants()
        verdicts = self.env["whatsapp.clinic.gate"]._judge(messages)
        claimed = [
            (message, *rendered)
            for message in messages
            if self._passes(message, verdicts[message.id])
            and (rendered := self._rendered(message))
        ]
        self.env.flush_all()
        self._mark_sending(claimed)
        self._commit()
        return [
            (message.id, attempts, payload) for message, attempts, payload, _ in claimed
        ]

    def _commit(self):
        self.env.flush_all()
        self.cr.commit()
        self.outcomes = [one for one in self.outcomes if one not in self.written]
        self.written.clear()

    def _lock_due(self, limit: int):
        now = clock.precise_now()
        self.cr.execute(
            """
            SELECT id FROM whatsapp_clinic_message
            WHERE id IN (
                SELECT due.id FROM unnest(%(priorities)s) AS level (priority),
                LATERAL (
                    SELECT id FROM whatsapp_clinic_message
                    WHERE channel_id = %(channel)s AND priority = level.priority
                      AND state IN ('queued', 'held') AND due_at <= %(now)s
                    ORDER BY due_at, id LIMIT %(limit)s
                ) AS due
            )
            AND state IN ('queued', 'held')
            ORDER BY priority, due_at, id LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
            """,
            {
                "priorities": list(PRIORITIES),
                "channel": self.channel_id,
                "now": now,
                "limit": limit,
            },
        )
        self.messages.invalidate_model()
        return self.messages.browse([row[0] for row in self.cr.fetchall()])

    def _passes(self, message, verdict) -> bool:
        """Obey the gate; True if the message may go."""
        if verdict.action == "hold":
            message.write(
                {"state": "held", "due_at": verdict.until, "reason": verdict.reason}
            )
        elif verdict.is_refusal:
            message._refuse(verdict)
        return verdict.action == "send"

    def _rendered(self, message) -> tuple[int, dict, str] | None:
        """Number of the attempt, payload and text; None if it cannot be filled."""
        attempts = message.attempts + 1
        try:
            return attempts, *message._render(attempts)
        except MissingValue as missing:
            message._refuse(refuse("value_missing", str(missing)))
        except PayloadError as error:
            message._refuse(refuse("not_allowed", str(error)))
        except psycopg2.Error:
            raise
        except Exception as error:
            # One row that cannot be rendered must not stop the others.
            _logger.error("Message %s cannot be rendered: %s", message.id, place(error))
            message._refuse(refuse("not_rendered", place(error)))
        return None

    def _mark_sending(self, claimed: list):
        if not claimed:
            return
        now = clock.precise_now()
        execute_values(
            self.cr._obj,
            """
            UPDATE whatsapp_clinic_message AS message
            SET state = 'sending', claimed_at = row.now, attempts = row.attempts,
                body = row.body, reason = NULL, detail = NULL, error_code = NULL,
                write_date = row.now
            FROM (VALUES %s) AS row (id, attempts, body, now)
            WHERE message.id = row.id
            """,
            [
                (message.id, attempts, text, now)
                for message, attempts, _, text in claimed
            ],
            page_size=THREADS,
        )

    def _write_back(self):
        """Store the outcomes. A status that was quicker than we are is not undone.

        Rows that the event processor has at this moment are left for the next time: it
        holds many until it commits, so waiting for one while holding others would be a
        deadlock.
        """
        self.written = self._lock_outcomes()
        if not self.written:
            return
        rows = [
            {
                **_NO_VALUES,
                **outcome.values,
                "row_id": outcome.row_id,
                "attempts": outcome.attempts,
                "state": outcome.state,
            }
            for outcome in self.written
        ]
        execute_values(
            self.cr._obj, _WRITE_BACK, rows, template=_WRITE_BACK_ROW, page_size=THREADS
        )
        self.messages.invalidate_model()
        for outcome in self.written:
            message = self.messages.browse(outcome.row_id)
            if outcome.opted_out:
                message.identity_id._block("error")
            if outcome.hold:
                message.channel_id._hold(*outcome.hold)

    def _lock_outcomes(self) -> list[Outcome]:
        """The outcomes whose rows nobody else has locked; they are locked now."""
        if not self.outcomes:
            return []
        self.cr.execute(
            "SELECT id FROM whatsapp_clinic_message WHERE id = ANY(%s) "
            "FOR NO KEY UPDATE SKIP LOCKED",
            [[outcome.row_id for outcome in self.outcomes]],
        )
        free = {row[0] for row in self.cr.fetchall()}
        return [outcome for outcome in self.outcomes if outcome.row_id in free]

    def _recover_lost(self):
        """Rows of a dispatcher that died: first unknown, then sent once more."""
        now = clock.precise_now()
        self.cr.execute(
            """
            UPDATE whatsapp_clinic_message
            SET state = 'unknown', unknown_at = %(now)s, reason = 'no_answer'
            WHERE channel_id = %(channel)s AND state = 'sending'
              AND claimed_at <= %(lease_end)s
            """,
            {
                "now": now,
                "channel": self.channel_id,
                "lease_end": now - seconds(self.env, LEASE_PARAMETER),
            },
        )
        self.cr.execute(
            f"""
            UPDATE whatsapp_clinic_message AS lost
            SET state = 'queued', resent = TRUE, due_at = %(now)s
            WHERE channel_id = %(channel)s AND {RESENDABLE}
            """,
            {
                "now": now,
                "channel": self.channel_id,
                "settled": now - seconds(self.env, SETTLING_PARAMETER),
            },
        )


# What was sent by somebody else's attempt, or settled by a status meanwhile, stays.
_WRITE_BACK = """
    UPDATE whatsapp_clinic_message AS message SET
        state = row.state, due_at = COALESCE(row.due_at, message.due_at),
        reason = row.reason, detail = row.detail, error_code = row.error_code,
        failed_at = row.failed_at, unknown_at = row.unknown_at,
        message_id = row.message_id, sent_at = row.sent_at
    FROM (VALUES %s) AS row (id, attempts, state, due_at, reason, detail, error_code,
                             failed_at, unknown_at, message_id, sent_at)
    WHERE message.id = row.id AND message.attempts = row.attempts
      AND message.state = 'sending'
"""
_WRITE_BACK_ROW = """(%(row_id)s, %(attempts)s, %(state)s, %(due_at)s::timestamp,
    %(reason)s, %(detail)s, %(error_code)s::int, %(failed_at)s::timestamp,
    %(unknown_at)s::timestamp, %(message_id)s, %(sent_at)s::timestamp)"""
_NO_VALUES = dict.fromkeys(
    (
        "due_at",
        "reason",
        "detail",
        "error_code",
        "failed_at",
        "unknown_at",
        "message_id",
        "sent_at",
    )
)


def _outcome(row_id: int, attempts: int, call: Future) -> Outcome:
    """Read the result of a finished call."""
    now = clock.precise_now()
    try:
        accepted = call.result()
    except errors.CloudApiError as error:
        return _refused(row_id, attempts, error, now)
    except errors.ConnectionFailed as error:
        hold = (UNREACHABLE_HOLD, f"WhatsApp cannot be reached ({error}).")
        return Outcome(row_id, attempts, "queued", {}, hold)
    except Exception as error:
        if not isinstance(error, errors.OutcomeUnknown):
            _logger.error("A call to WhatsApp failed with %s", type(error).__name__)
        values = {"unknown_at": now, "reason": "no_answer"}
        return Outcome(row_id, attempts, "unknown", values)
    values = {"message_id": accepted.message_id, "sent_at": now}
    return Outcome(row_id, attempts, "sent", values)


def _refused(
    row_id: int, attempts: int, error: errors.CloudApiError, now: datetime
) -> Outcome:
    """What the error policy makes of an answer that is no acceptance."""
    policy = error.policy
    values = {"error_code": error.code, "detail": policy.title, "reason": "error"}
    if not policy.allows_another(attempts):
        return Outcome(
            row_id,
            attempts,
            "failed",
            {**values, "failed_at": now},
            opted_out=policy.action is errors.Action.OPT_OUT,
        )
    delay = max(policy.delay(attempts), error.retry_after or 0.0)
    if policy.action is errors.Action.HOLD_CHANNEL:
        # The row stays due: it leaves as soon as somebody releases the channel.
        hold = (delay, f"{policy.title} ({error.code}). {policy.cure}")
        return Outcome(row_id, attempts, "queued", values, hold)
    due_at = now + timedelta(seconds=delay)
    return Outcome(row_id, attempts, "queued", {**values, "due_at": due_at})


def seconds(env, parameter: tuple[str, int]) -> timedelta:
    """A duration that administrators may set: (system parameter, default)."""
    key, default = parameter
    return timedelta(
        seconds=float(env["ir.config_parameter"].sudo().get_param(key, default))
    )


_buckets: dict[tuple, TokenBucket] = {}
_clients: dict[tuple, tuple[tuple, CloudApiClient]] = {}
_cache_lock = threading.Lock()


def _bucket(channel) -> TokenBucket:
    """The pace of a channel in this process; it goes on from slice to slice."""
    key = (channel.env.cr.dbname, channel.id, channel.rate)
    with _cache_lock:
        if key not in _buckets:
            burst = max(1, channel.rate * BURST_SHARE)
            _buckets[key] = TokenBucket(channel.rate, burst)
        return _buckets[key]


def channel_client(channel) -> CloudApiClient:
    """The client of a channel in this process, with its open connections."""
    env = channel.env
    neutralized = env["ir.config_parameter"].sudo().get_param("database.is_neutralized")
    settings = (
        channel.base_url,
        channel.api_version,
        channel.phone_number_id,
        channel.access_token,
        bool(module.current_test or neutralized),
    )
    key = (env.cr.dbname, channel.id)
    with _cache_lock:
        known, client = _clients.get(key, (None, None))
        if known != settings:
            *arguments, loopback_only = settings
            successor = CloudApiClient(
                *arguments, pool_size=THREADS, loopback_only=loopback_only
            )
            if client:
                client.close()
            client = successor
            _clients[key] = (settings, client)
        return client


def _try_lock(cr, channel_id: int) -> bool:
    """Take the channel's lock for this connection; it outlives commits."""
    cr.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_NAMESPACE, channel_id])
    return cr.fetchone()[0]


def _unlock(cr, channel_id: int):
    """Release the lock; it would stay with the pooled connection otherwise."""
    cr.rollback()
    cr.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_NAMESPACE, channel_id])
    cr.commit()
