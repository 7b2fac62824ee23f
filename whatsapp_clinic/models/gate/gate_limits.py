"""How much may leave now: limits of WhatsApp and of the clinic, asked at the claim."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...tools import clock
from ..vocabulary import locks
from ..vocabulary.priorities import PRIORITY_APPOINTMENT, PRIORITY_CAMPAIGN
from .verdict import Verdict, hold, refuse

# Messaging limit: Cloud API, distinct recipients outside the 24-hour window in a
# moving 24 hours, for all numbers of a business portfolio together.
LIMIT_PERIOD = timedelta(hours=24)
AUTOMATIC_PERIOD = timedelta(hours=1)
# Where so many more patients may be reached, nobody counts exactly for so many seconds.
_AMPLE = 10_000
_AMPLE_SECONDS = 3.0
_RECHECK = timedelta(minutes=15)
_ample_until: dict[tuple, float] = {}


@dataclass
class _Room:
    """How many more patients a portfolio may write to first.

    `reached` are identities that count already; `planned` are appointment messages of
    the next 24 hours, for which campaigns leave room.
    """

    left: int
    frees_at: datetime
    reached: set = field(default_factory=set)
    planned: int = 0


class Limits:
    """Grants what may leave within the limits; each grant counts for the next."""

    def __init__(self, env, messages, now: datetime, is_open, traits: dict):
        """`is_open(message)` says whether the patient wrote within the messenger's
        window; `traits` are those of the messengers, by the ids of channels."""
        self.traits = traits
        self.env = env
        self.now = now
        self.is_open = is_open
        self.sent = self._recently_sent(messages)
        self.rooms = {
            portfolio.id: room
            for portfolio in messages.channel_id.portfolio_id
            if (room := self._room(portfolio, messages))
        }

    def take(self, message) -> Verdict:
        """`send` and count, or `hold`, or `refuse` what would wait too long."""
        objection = (
            self._check_pair(message)
            or self._check_automatic(message)
            or self._check_messaging_limit(message)
        )
        if objection and not objection.is_refusal and message.expires_at:
            is_too_late = objection.until >= message.expires_at
            return refuse(objection.reason) if is_too_late else objection
        if objection:
            return objection
        self._count(message)
        return Verdict("send", reaches_out=not self.is_open(message))

    def _count(self, message):
        pair = (message.identity_id.id, message.channel_id.id)
        self.sent[pair].append((self.now, bool(message.rule_id)))
        room = self.rooms.get(message.channel_id.portfolio_id.id)
        if room and self._needs_room(message, room):
            room.reached.add(message.identity_id.id)
            room.left -= 1

    def _check_pair(self, message):
        traits = self.traits.get(message.channel_id.id)
        if not traits or not traits.pair_wait:
            return None
        sent = self.sent[message.identity_id.id, message.channel_id.id]
        seconds = [(at - self.now).total_seconds() for at, _is_automatic in sent]
        wait = traits.pair_wait(seconds, 0.0)
        return hold("pair_limit", self.now + timedelta(seconds=wait)) if wait else None

    def _check_automatic(self, message):
        cap = message.channel_id.automatic_per_hour
        if not message.rule_id or not cap:
            return None
        sent = self.sent[message.identity_id.id, message.channel_id.id]
        since = self.now - AUTOMATIC_PERIOD
        times = [at for at, is_automatic in sent if is_automatic and at > since]
        if len(times) < cap:
            return None
        return hold("automatic_limit", times[-cap] + AUTOMATIC_PERIOD)

    def _check_messaging_limit(self, message):
        room = self.rooms.get(message.channel_id.portfolio_id.id)
        if not room or not self._needs_room(message, room):
            return None
        is_campaign = message.priority == PRIORITY_CAMPAIGN
        if room.left > (room.planned if is_campaign else 0):
            return None
        if message.expires_at and room.frees_at >= message.expires_at:
            return refuse("messaging_limit")
        # What WhatsApp refuses gives its place back, so that is looked at again sooner.
        return hold("messaging_limit", min(room.frees_at, self.now + _RECHECK))

    def _needs_room(self, message, room: _Room) -> bool:
        return message.identity_id.id not in room.reached and not self.is_open(message)

    @property
    def _look_back(self) -> timedelta:
        """How long what was sent counts for one of the limits on a recipient."""
        longest = max((one.pair_memory for one in self.traits.values()), default=0.0)
        return max(AUTOMATIC_PERIOD, timedelta(seconds=longest))

    def _recently_sent(self, messages) -> dict:
        """{(identity id, channel id): [(naive UTC, whether a rule wrote it)]}"""
        self.env.cr.execute(
            """
            SELECT identity_id, channel_id, claimed_at, rule_id IS NOT NULL
            FROM whatsapp_clinic_message
            WHERE identity_id = ANY(%s) AND claimed_at > %s AND direction = 'out'
            ORDER BY claimed_at
            """,
            [messages.identity_id.ids, self.now - self._look_back],
        )
        sent = defaultdict(list)
        for identity, channel, at, is_automatic in self.env.cr.fetchall():
            sent[identity, channel].append((at, is_automatic))
        return sent

    def _room(self, portfolio, messages) -> _Room | None:
        """None where there is no limit or it is far away.

        Near it the portfolio is locked until the claim is committed, so that two
        channels do not both take the last place.
        """
        limit = portfolio.messaging_limit
        key = (self.env.cr.dbname, portfolio.id, limit)
        if not limit or time.monotonic() < _ample_until.get(key, 0.0):
            return None
        if limit <= _AMPLE:
            self._lock(portfolio)
        count, since = portfolio._reached()
        if limit - count > _AMPLE:
            _ample_until[key] = time.monotonic() + _AMPLE_SECONDS
            return None
        if limit > _AMPLE:
            self._lock(portfolio)
            count, since = portfolio._reached()
        return _Room(
            left=limit - count,
            frees_at=(since or self.now) + LIMIT_PERIOD,
            reached=self._reached_among(portfolio, messages.identity_id),
            planned=self._planned(portfolio, messages),
        )

    def _lock(self, portfolio):
        self.env.cr.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [locks.PORTFOLIO, portfolio.id]
        )

    def _reached_among(self, portfolio, identities) -> set:
        self.env.cr.execute(
            """
            SELECT DISTINCT identity_id FROM whatsapp_clinic_message
            WHERE identity_id = ANY(%s) AND claimed_at > %s
              AND reaches_out AND channel_id = ANY(%s)
            """,
            [identities.ids, self.now - LIMIT_PERIOD, portfolio.channel_ids.ids],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def _planned(self, portfolio, messages) -> int:
        if PRIORITY_CAMPAIGN not in messages.mapped("priority"):
            return 0
        self.env.cr.execute(
            """
            SELECT count(DISTINCT identity_id) FROM whatsapp_clinic_message
            WHERE channel_id = ANY(%s) AND priority = %s
              AND state IN ('queued', 'held') AND due_at < %s
            """,
            [
                portfolio.channel_ids.ids,
                PRIORITY_APPOINTMENT,
                clock.now() + LIMIT_PERIOD,
            ],
        )
        return self.env.cr.fetchone()[0]
