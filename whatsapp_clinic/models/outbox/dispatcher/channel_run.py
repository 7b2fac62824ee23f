# pylint: disable=invalid-commit
import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

import psycopg2
from psycopg2.extras import execute_values

from odoo import SUPERUSER_ID, api

from ....plain.token_bucket import TokenBucket
from ....tools import clock
from ....tools.quiet_sql import place
from ....tools.transaction import read_committed
from ...gate.content_check import NotMinimal
from ...gate.content_refusal import refuse_content
from ...gate.verdict import refuse
from ...provider.door import NotAllowed
from ...provider.pace import (
    THREADS,
    leave_bucket,
    take_over_bucket,
)
from ...template.template_variable import MissingValue
from ...vocabulary.priorities import PRIORITIES
from .outcome import Call, Outcome, read_outcome
from .settling import RESENDABLE, settling_times

_logger = logging.getLogger(__name__)

# Rows claimed together: fewer cost a transaction each, more wait for one another.
BATCH = 32
# Seconds in which rows that the event processor has are waited for; then they stay
# `sending` and the lease finds them.
WRITE_BACK_PATIENCE = 5.0


class ChannelRun:
    """One lane's work on one channel, from claim to write-back.

    `cr` holds the channel's lock; `deadline` is on the monotonic clock; `gives_way` is
    asked between claims, in a transaction, whether to stop for another channel.
    """

    def __init__(
        self,
        cr,
        channel_id: int,
        deadline: float,
        gives_way: Callable[[], bool] = lambda: False,
    ):
        self.cr = cr
        self.env = api.Environment(cr, SUPERUSER_ID, {})
        self.messages = self.env["whatsapp.clinic.message"]
        self.channel_id = channel_id
        self.deadline = deadline
        self.gives_way = gives_way
        self.calls: dict[Future, Call] = {}
        self.outcomes: list[Outcome] = []
        self.written: list[Outcome] = []
        self.batch = 1
        self.posted = 0
        self.is_over = False
        self.order = "due_at, id"

    def drain(self):
        """Send what is due until nothing is, the time is up or the channel held."""
        read_committed(self.cr)
        self._recover_lost()
        channel = self.env["whatsapp.clinic.channel"].browse(self.channel_id)
        self.batch = max(1, min(BATCH, channel.rate // 10))
        self.order = channel._claim_order()
        pace = (channel.env.cr.dbname, channel.id), channel.rate
        bucket = take_over_bucket(*pace)
        provider = self.env["whatsapp.clinic.provider"]._of(channel)
        send = partial(provider.send, provider.connect(channel))
        self.cr.commit()
        with ThreadPoolExecutor(THREADS, f"whatsapp-{self.channel_id}") as pool:
            try:
                while self.calls or self._may_claim():
                    if self._may_claim() and self._has_room(bucket):
                        self._post(pool, send, bucket)
                    else:
                        self._collect(bucket)
            finally:
                self._finish(bucket)
        leave_bucket(*pace)
        if self.posted:
            _logger.info("Channel %s: %s messages posted", channel.id, self.posted)

    def _finish(self, bucket: TokenBucket):
        """Store what came back, also when a claim failed."""
        self.cr.rollback()
        self.is_over = True
        while self.calls:
            self._collect(bucket)
        give_up = time.monotonic() + WRITE_BACK_PATIENCE
        while self.outcomes and time.monotonic() < give_up:
            read_committed(self.cr)
            self._write_back()
            self._commit()
            time.sleep(0.02 if self.outcomes else 0)

    def _may_claim(self) -> bool:
        return not self.is_over and time.monotonic() < self.deadline

    def _has_room(self, bucket: TokenBucket) -> bool:
        free = THREADS - len(self.calls)
        return free >= self.batch and not bucket.wait_time(self.batch)

    def _post(self, pool, send, bucket: TokenBucket):
        claimed = self._claim(bucket.take(THREADS - len(self.calls)))
        self.is_over = self.is_over or not claimed
        self.posted += len(claimed)
        for call, payload in claimed:
            self.calls[pool.submit(send, payload)] = call

    def _collect(self, bucket: TokenBucket):
        """Wait until an answer comes, or the next batch may leave."""
        pause = bucket.wait_time(self.batch) if self._may_claim() else 0.25
        if not self.calls:
            time.sleep(pause)
            return
        done, _pending = wait(self.calls, pause or 0.25, return_when=FIRST_COMPLETED)
        for future in done:
            outcome = read_outcome(self.calls.pop(future), future)
            self.outcomes.append(outcome)
            self.is_over = self.is_over or bool(outcome.channel_hold)
            if outcome.is_too_fast:
                bucket.slow_down()

    def _claim(self, limit: int) -> list[tuple[Call, dict]]:
        """Mark up to `limit` due rows `sending`; returns them with their payloads."""
        read_committed(self.cr)
        self._write_back()
        messages = self._lock_due(limit)
        messages._choose_variants()
        verdicts = self.env["whatsapp.clinic.gate"]._judge_leaving(messages)
        claimed = [
            (message, verdicts[message.id].reaches_out, *rendered)
            for message in messages
            if self._passes(message, verdicts[message.id])
            and (rendered := self._rendered(message))
        ]
        calls = [
            (Call(message.id, attempts, message.refusals), payload)
            for message, _reaches_out, attempts, payload, _text in claimed
        ]
        self.env.flush_all()
        self._mark_sending(claimed)
        self.is_over = self.is_over or self.gives_way()
        self._commit()
        return calls

    def _commit(self):
        self.env.flush_all()
        self.cr.commit()
        written = set(map(id, self.written))
        self.outcomes = [one for one in self.outcomes if id(one) not in written]
        self.written = []

    def _lock_due(self, limit: int):
        """Lock what is due, the most urgent first."""
        now = clock.precise_now()
        self.cr.execute(
            f"""
            SELECT id FROM whatsapp_clinic_message
            WHERE id IN (
                SELECT due.id FROM unnest(%(priorities)s) AS level (priority),
                LATERAL (
                    SELECT id FROM whatsapp_clinic_message
                    WHERE channel_id = %(channel)s AND priority = level.priority
                      AND state IN ('queued', 'held') AND due_at <= %(now)s
                    ORDER BY {self.order} LIMIT %(limit)s
                ) AS due
            )
            AND state IN ('queued', 'held')
            ORDER BY priority, {self.order} LIMIT %(limit)s
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
        except NotMinimal as error:
            message._refuse(refuse("not_minimal", str(error)))
        except NotAllowed as error:
            message._refuse(refuse_content(self.env, error))
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
            WITH row (id, attempts, body, reaches_out, now) AS (VALUES %s), marked AS (
                UPDATE whatsapp_clinic_message AS message
                SET state = 'sending', claimed_at = row.now, attempts = row.attempts,
                    body = row.body, reaches_out = row.reaches_out, reason = NULL,
                    detail = NULL, error_code = NULL, write_date = row.now
                FROM row WHERE message.id = row.id
            )
            INSERT INTO whatsapp_clinic_message_attempt
                (message_id, number, state, claimed_at)
            SELECT id, attempts, 'sending', now FROM row
            """,
            [
                (message.id, attempts, text, reaches_out, now)
                for message, reaches_out, attempts, _payload, text in claimed
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
                "row_id": outcome.call.row_id,
                "attempts": outcome.call.attempts,
                "state": outcome.state,
                "attempt": outcome.attempt,
                "at": outcome.at,
            }
            for outcome in self.written
        ]
        execute_values(
            self.cr._obj, _WRITE_BACK, rows, template=_WRITE_BACK_ROW, page_size=THREADS
        )
        self.messages.invalidate_model()
        self.messages._follow_states([one.call.row_id for one in self.written])
        self._obey_answers()

    def _obey_answers(self):
        """Hold the channel or recipients, note objections and other ids of recipients,
        end a row of holds."""
        channel = self.env["whatsapp.clinic.channel"].browse(self.channel_id)
        for outcome in self.written:
            if outcome.refusal:
                self.messages.browse(outcome.call.row_id)._obey(outcome.refusal)
        others = {
            one.call.row_id: one.other_address
            for one in self.written
            if one.other_address
        }
        self.messages._note_recipients(others)
        if channel.hold_count and any(one.state == "sent" for one in self.written):
            channel.hold_count = 0

    def _lock_outcomes(self) -> list[Outcome]:
        """The outcomes whose rows nobody else has locked; they are locked now."""
        if not self.outcomes:
            return []
        self.cr.execute(
            "SELECT id FROM whatsapp_clinic_message WHERE id = ANY(%s) "
            "FOR NO KEY UPDATE SKIP LOCKED",
            [[outcome.call.row_id for outcome in self.outcomes]],
        )
        free = {row[0] for row in self.cr.fetchall()}
        return [one for one in self.outcomes if one.call.row_id in free]

    def _recover_lost(self):
        """Rows of a dispatcher that died: first unknown, then sent once more."""
        now = clock.precise_now()
        values = {
            "now": now,
            "channel": self.channel_id,
            **settling_times(self.env, now),
        }
        self.cr.execute(
            """
            WITH lost AS (
                UPDATE whatsapp_clinic_message
                SET state = 'unknown', unknown_at = %(now)s, reason = 'no_answer'
                WHERE channel_id = %(channel)s AND state = 'sending'
                  AND claimed_at <= %(lease_end)s
                RETURNING id, attempts
            ), noted AS (
                UPDATE whatsapp_clinic_message_attempt AS attempt
                SET state = 'unknown', ended_at = %(now)s FROM lost
                WHERE message_id = lost.id AND number = lost.attempts
                  AND attempt.state = 'sending'
            )
            SELECT id FROM lost
            """,
            values,
        )
        changed = self.cr.fetchall()
        self.cr.execute(
            f"""
            UPDATE whatsapp_clinic_message AS lost
            SET state = 'queued', due_at = %(now)s
            WHERE channel_id = %(channel)s AND {RESENDABLE}
            RETURNING id
            """,
            values,
        )
        changed += self.cr.fetchall()
        self.messages._follow_states([row[0] for row in changed])


# What was sent by somebody else's attempt, or settled by a status meanwhile, stays.
_WRITE_BACK = """
    WITH row (id, attempts, state, attempt, at, due_at, reason, detail, error_code,
              failed_at, unknown_at, message_id, sent_at, refusals) AS (VALUES %s),
    ended AS (
        UPDATE whatsapp_clinic_message_attempt AS attempt SET
            state = CASE WHEN attempt.state IN ('sending', 'unknown')
                         THEN row.attempt ELSE attempt.state END,
            ended_at = COALESCE(attempt.ended_at, row.at),
            detail = COALESCE(row.detail, attempt.detail),
            error_code = COALESCE(row.error_code, attempt.error_code),
            remote_id = COALESCE(row.message_id, attempt.remote_id)
        FROM row
        WHERE attempt.message_id = row.id AND attempt.number = row.attempts
    )
    UPDATE whatsapp_clinic_message AS message SET
        state = row.state, due_at = COALESCE(row.due_at, message.due_at),
        reason = row.reason, detail = row.detail, error_code = row.error_code,
        failed_at = row.failed_at, unknown_at = row.unknown_at,
        message_id = row.message_id, sent_at = row.sent_at,
        refusals = COALESCE(row.refusals, message.refusals),
        reaches_out = message.reaches_out AND row.state IN ('sent', 'unknown')
    FROM row
    WHERE message.id = row.id AND message.attempts = row.attempts
      AND message.state = 'sending'
"""
_WRITE_BACK_ROW = """(%(row_id)s, %(attempts)s, %(state)s, %(attempt)s,
    %(at)s::timestamp, %(due_at)s::timestamp, %(reason)s, %(detail)s,
    %(error_code)s::int, %(failed_at)s::timestamp, %(unknown_at)s::timestamp,
    %(message_id)s, %(sent_at)s::timestamp, %(refusals)s::int)"""
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
        "refusals",
    )
)
