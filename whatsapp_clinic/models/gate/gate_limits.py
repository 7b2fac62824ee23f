"""How much may leave now: limits on a recipient, asked at the claim."""

from collections import defaultdict
from datetime import timedelta

from ...tools import clock
from .verdict import Verdict, hold, refuse

AUTOMATIC_PERIOD = timedelta(hours=1)


class Limit:
    """Something that only so much may leave within; what is granted counts."""

    def objection(self, message) -> Verdict | None:
        """A `hold`, a `refuse`, or None where there is room for the message."""
        raise NotImplementedError

    def take(self, message):
        """Take the place of a message that leaves now."""


def grant(message, facts, limits: list[Limit]) -> Verdict:
    """`send` and count, or `hold`, or `refuse` what would wait too long."""
    objection = next(filter(None, (one.objection(message) for one in limits)), None)
    if not objection:
        for one in limits:
            one.take(message)
        return Verdict("send", reaches_out=not facts.is_open(message))
    if not objection.is_refusal and message.expires_at:
        is_too_late = objection.until >= message.expires_at
        return refuse(objection.reason) if is_too_late else objection
    return objection


class RecipientLimit(Limit):
    """How much one person gets from a channel: what the messenger allows in so short a
    time, and of what is written automatically what the clinic wants."""

    def __init__(self, env, messages, traits: dict):
        """`traits` are those of the messengers, by the ids of channels."""
        self.env = env
        self.traits = traits
        self.now = clock.precise_now()
        self.sent = self._recently_sent(messages)

    def objection(self, message) -> Verdict | None:
        return self._check_pair(message) or self._check_automatic(message)

    def take(self, message):
        self._sent_to(message).append((self.now, message.is_automatic))

    def _sent_to(self, message) -> list:
        return self.sent[message.identity_id.id, message.channel_id.id]

    def _check_pair(self, message):
        traits = self.traits.get(message.channel_id.id)
        if not traits or not traits.pair_wait:
            return None
        seconds = [
            (at - self.now).total_seconds()
            for at, _is_automatic in self._sent_to(message)
        ]
        wait = traits.pair_wait(seconds, 0.0)
        return hold("pair_limit", self.now + timedelta(seconds=wait)) if wait else None

    def _check_automatic(self, message):
        cap = message.channel_id.automatic_per_hour
        if not message.is_automatic or not cap:
            return None
        since = self.now - AUTOMATIC_PERIOD
        times = [
            at
            for at, is_automatic in self._sent_to(message)
            if is_automatic and at > since
        ]
        if len(times) < cap:
            return None
        return hold("automatic_limit", times[-cap] + AUTOMATIC_PERIOD)

    @property
    def _look_back(self) -> timedelta:
        """How long what was sent counts for one of the two."""
        longest = max((one.pair_memory for one in self.traits.values()), default=0.0)
        return max(AUTOMATIC_PERIOD, timedelta(seconds=longest))

    def _recently_sent(self, messages) -> dict:
        """{(identity id, channel id): [(naive UTC, whether it was automatic)]}"""
        self.env.cr.execute(
            """
            SELECT identity_id, channel_id, claimed_at, is_automatic
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
