# pylint: disable=invalid-commit
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ...tools import clock
from ...tools.quiet_sql import place, quiet_sql
from ...tools.transaction import TRY_AGAIN, read_committed
from ...tools.wake_up import report_progress
from ..provider.door import NoAnswer, NotSent, Refused

_logger = logging.getLogger(__name__)

# Files under way at once; each may be in memory when it is stored.
THREADS = 4
# Seconds; other scheduled actions wait for this one's worker.
SLICE = 6.0
# Longer than a transfer can last (twice 10 s to ask, twice 120 s to carry): what is
# claimed for so long was claimed by a process that died.
LEASE = timedelta(minutes=10)
# Before each next attempt; WhatsApp keeps a patient's file for 7 days.
PAUSES = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440)
)


class FileTransfer(models.AbstractModel):
    """A file that a scheduled action carries from or to a messenger.

    A row is claimed by moving its due time behind the lease and committing; the HTTP
    calls are made by threads that touch no cursor; each outcome is committed alone. So
    a process that dies leaves rows that are tried again, and nothing half done.
    """

    _name = "whatsapp.clinic.file.transfer"
    _description = "WhatsApp File Transfer"

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", required=True, ondelete="cascade"
    )
    attempts = fields.Integer(default=0, readonly=True)
    due_at = fields.Datetime(
        "Next Attempt", default=lambda self: clock.now(), readonly=True
    )
    detail = fields.Char(readonly=True, help="What WhatsApp or the network answered.")

    @api.model
    def _cron_transfer(self):
        """Transfer what waits until nothing does or the slice is over."""
        report_progress(self.env)
        deadline = time.monotonic() + SLICE
        with self.pool.cursor() as cr, ThreadPoolExecutor(THREADS) as pool:
            rows = api.Environment(cr, SUPERUSER_ID, {})[self._name]
            read_committed(cr)
            rows._prepare()
            rows.env.flush_all()
            cr.commit()
            claimed = rows._claim()
            while claimed and time.monotonic() < deadline:
                claimed._transfer(pool)
                claimed = rows._claim() if time.monotonic() < deadline else claimed
            if claimed:
                claimed._wake()
                cr.commit()

    @api.model
    def _claim(self):
        """Lock what is due, keep others from it for the lease, and commit."""
        read_committed(self.env.cr)
        channels = self.env["whatsapp.clinic.channel"].search([("active", "=", True)])
        ready = channels.filtered(lambda one: one.state in ("ready", "held"))
        rows = self.browse(self._lock_waiting(ready.ids, THREADS))
        for row in rows:
            row.write({"attempts": row.attempts + 1, "due_at": clock.now() + LEASE})
        self.env.flush_all()
        self.env.cr.commit()
        return rows

    def _transfer(self, pool: ThreadPoolExecutor):
        """Carry the claimed files, and write what became of each as soon as it is."""
        read_committed(self.env.cr)
        calls = {row._submit(pool): row for row in self}
        self.env.cr.commit()
        for future in as_completed(calls):
            read_committed(self.env.cr)
            try:
                with quiet_sql():
                    calls[future]._settle(future)
                    self.env.flush_all()
            except TRY_AGAIN:
                # The lease finds it.
                self.env.cr.rollback()
            self.env.cr.commit()

    def _submit(self, pool: ThreadPoolExecutor) -> Future:
        """Have a thread carry the file; what cannot even be asked for has failed."""
        self.ensure_one()
        try:
            provider = self.env["whatsapp.clinic.provider"]._of(self.channel_id)
            connection = provider.connect(self.channel_id)
            return pool.submit(*self._call(provider, connection))
        except TRY_AGAIN:
            raise
        except Exception as error:
            failed = Future()
            failed.set_exception(error)
            return failed

    def _settle(self, future: Future):
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._on_success(future.result())
        except NotSent as error:
            self._on_failure(error)
        except TRY_AGAIN:
            raise
        except Exception as error:
            # One file must not stop the others.
            _logger.error("%s %s: %s", self._description, self.id, place(error))
            self._on_failure(NoAnswer(type(error).__name__))

    def _try_later(self, error: NotSent) -> bool:
        """Plan the next attempt; False if that was the last."""
        self.detail = tell(error)
        if self.attempts > len(PAUSES):
            return False
        self.due_at = clock.now() + PAUSES[self.attempts - 1]
        return True

    @api.model
    def _prepare(self):
        """What is done first, in a transaction of its own."""

    def _lock_waiting(self, channel_ids: list[int], limit: int) -> list[int]:
        """Ids of rows that are due, locked for this transaction."""
        raise NotImplementedError

    def _call(self, provider, connection) -> tuple:
        """A function for a thread, and its arguments."""
        raise NotImplementedError

    def _on_success(self, found):
        raise NotImplementedError

    def _on_failure(self, error: NotSent):
        raise NotImplementedError

    def _wake(self):
        raise NotImplementedError


def tell(error: NotSent) -> str:
    """What went wrong, without the messenger's details: they may quote the file's
    name."""
    if isinstance(error, Refused):
        return error.policy.tell(error.title)
    return str(error)
