"""What the bodies of some webhooks say, applied update by update."""

import logging

import psycopg2

from ...tools import clock
from ...tools.quiet_sql import place, quiet_sql
from ..provider import door, events
from .inbound import MESSENGER

_logger = logging.getLogger(__name__)

# What fails so often is parked, and never blocks the next.
ATTEMPTS = 3
# A conflict or a lost connection: the event is not at fault.
_NOBODYS_FAULT = (psycopg2.OperationalError, psycopg2.InterfaceError)


class EventBatch:
    """Applies the updates of several bodies (WhatsApp packs up to 1,000 into one).

    Each update has its savepoint, so that one that fails spoils no other; the statuses
    share one. A body with a failed update is tried again as a whole: what it applied
    already changes nothing the second time.
    """

    def __init__(self, env, waiting: set):
        """`waiting` are conversations of which an earlier message waits; it grows.

        `external_ids` are those of the channels that the updates are about.
        """
        self.env = env
        self.inbound = env["whatsapp.clinic.inbound"]
        self.providers = env["whatsapp.clinic.provider"]._providers()
        self.waiting = waiting
        self.attempts: dict[int, int] = {}
        self.failed: dict[int, Exception] = {}
        self.deferred: set[int] = set()
        self.external_ids: set[str] = set()

    def work_off(self, bodies: list[tuple[int, memoryview, int, int | None, str]]):
        """Apply (id of the event, body, attempts so far, whose secret signed it,
        messenger that sent it), in order.

        What is about a number of which who signed may not speak is noted and not
        applied.
        """
        self.attempts = {event_id: attempts for event_id, _, attempts, *_ in bodies}
        for messenger in sorted({one[-1] for one in bodies}):
            theirs = [one[:-1] for one in bodies if one[-1] == messenger]
            self._work_off_of(messenger, theirs)
        self._note_outcome()

    def _work_off_of(self, messenger: str, bodies: list[tuple]):
        router = self.env["whatsapp.clinic.inbound"]
        self.inbound = router.with_context(**{MESSENGER: messenger})
        provider = self.providers.get(messenger)
        signers = {signer for *_, signer in bodies}
        channels = {
            signer: provider.speaks_for(self.env, signer) if provider else frozenset()
            for signer in signers
        }
        updates = [
            (event_id, update, channels[signer])
            for event_id, body, _attempts, signer in bodies
            for update in self._parse(event_id, body, messenger)
        ]
        everything = [update for _event_id, update, _signers in updates]
        self._attempt(None, self._read_ahead, everything)
        statuses = []
        for event_id, update, theirs in updates:
            if not self.inbound._channels_named(update) <= theirs:
                self._attempt(event_id, self.inbound._note_foreign, update)
                continue
            self.external_ids.add(self.inbound._external_id(update) or "")
            if isinstance(update, events.Status):
                statuses.append((event_id, update))
            else:
                self._handle(event_id, update)
        self._handle_statuses(statuses)

    def _parse(self, event_id: int, body, messenger: str) -> list:
        try:
            return door.find(self.providers, messenger).parse(bytes(body))
        except (door.MalformedWebhook, door.Unknown) as error:
            self.failed[event_id] = error
            return []

    def _read_ahead(self, updates: list):
        """Who wrote, and which patients they are: all at once instead of one by one."""
        senders = [one.sender for one in updates if isinstance(one, events.Message)]
        told = {value for one in senders for value in (one.wa_id, one.user_id)}
        identities = self.env["whatsapp.clinic.identity"]._known(
            list(filter(None, told)), self.inbound._messenger
        )
        # A field that is asked of several records brings all columns of all of them.
        identities.mapped("wa_id")
        identities.partner_ids.mapped("lang")

    def _handle(self, event_id: int, update):
        conversation = _conversation(update)
        if conversation and conversation in self.waiting:
            self.deferred.add(event_id)
            return
        is_applied = self._attempt(event_id, self.inbound._handle, update)
        if conversation and not is_applied and not self._is_parked(event_id):
            self.waiting.add(conversation)

    def _handle_statuses(self, statuses: list[tuple]):
        """Together; if that fails one by one, to find out which is at fault."""
        if not statuses:
            return
        updates = [update for _event_id, update in statuses]
        if self._attempt(None, self.inbound._handle_statuses, updates):
            return
        for event_id, update in statuses:
            self._attempt(event_id, self.inbound._handle_statuses, [update])

    def _attempt(self, event_id: int | None, handler, argument) -> bool:
        try:
            with quiet_sql(), self.env.cr.savepoint():
                handler(argument)
                self.env.flush_all()
        except _NOBODYS_FAULT:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if event_id is not None:
                self.failed.setdefault(event_id, error)
            return False
        return True

    def _is_parked(self, event_id: int) -> bool:
        error = self.failed.get(event_id)
        is_malformed = isinstance(error, door.MalformedWebhook | door.Unknown)
        return is_malformed or self.attempts[event_id] + 1 >= ATTEMPTS

    @property
    def unfinished(self) -> set[int]:
        """Events that were not applied as a whole."""
        return self.failed.keys() | self.deferred

    def _note_outcome(self):
        rows = self.env["whatsapp.clinic.webhook.event"]
        done = [one for one in self.attempts if one not in self.unfinished]
        rows.browse(done).write(
            {"state": "done", "processed_at": clock.now(), "error": False}
        )
        for event_id, error in self.failed.items():
            values = {"attempts": self.attempts[event_id] + 1, "error": place(error)}
            if self._is_parked(event_id):
                values["state"] = "parked"
                _logger.error("Webhook event %s is parked: %s", event_id, place(error))
            rows.browse(event_id).write(values)


def _conversation(update) -> tuple | None:
    """What has to stay in order: the messages of one sender to one channel."""
    if not isinstance(update, events.Message):
        return None
    sender = update.sender
    return update.external_id, sender.user_id or sender.wa_id
