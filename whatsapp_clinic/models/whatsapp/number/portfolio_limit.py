"""WhatsApp's messaging limit: how many patients may be written to first."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ....tools import clock
from ...gate.gate_limits import Limit
from ...gate.verdict import Verdict, hold, refuse
from ...vocabulary import locks
from ...vocabulary.priorities import PRIORITY_APPOINTMENT, PRIORITY_CAMPAIGN
from .portfolio import LIMIT_PERIOD

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


class PortfolioLimit(Limit):
    """What the portfolios of a batch's channels may still reach."""

    def __init__(self, env, messages, is_open: Callable):
        """`is_open(message)` says whether the patient wrote within the window."""
        self.env = env
        self.now = clock.precise_now()
        self.is_open = is_open
        self.rooms = {
            portfolio.id: room
            for portfolio in messages.channel_id.portfolio_id
            if (room := self._room(portfolio, messages))
        }

    def objection(self, message) -> Verdict | None:
        room = self._needed_room(message)
        is_campaign = message.priority == PRIORITY_CAMPAIGN
        if not room or room.left > (room.planned if is_campaign else 0):
            return None
        if message.expires_at and room.frees_at >= message.expires_at:
            return refuse("messaging_limit")
        # What WhatsApp refuses gives its place back, so that is looked at again sooner.
        return hold("messaging_limit", min(room.frees_at, self.now + _RECHECK))

    def take(self, message):
        if room := self._needed_room(message):
            room.reached.add(message.identity_id.id)
            room.left -= 1

    def _needed_room(self, message) -> _Room | None:
        """That of its portfolio, where it would reach one more patient."""
        room = self.rooms.get(message.channel_id.portfolio_id.id)
        is_new = room and message.identity_id.id not in room.reached
        return room if is_new and not self.is_open(message) else None

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
