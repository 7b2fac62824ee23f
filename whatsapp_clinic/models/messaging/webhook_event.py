# pylint: disable=invalid-commit
import logging
import time
from contextlib import contextmanager
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models

from ...cloud_api import webhooks
from ...tools import clock
from ...tools.access import require_group
from ...tools.quiet_sql import place, quiet_sql
from ...tools.transaction import TRY_AGAIN, read_committed
from ...tools.wake_up import LINGER, report_progress, running_lock, wake_after_commit

_logger = logging.getLogger(__name__)

# What fails so often is parked, and never blocks the next.
ATTEMPTS = 3
# Events in one transaction; each has its savepoint.
BATCH = 50
SMALL_BATCH = 4
# While webhooks arrive, a second of work is followed by so many seconds of rest: the
# door has to answer within 250 ms (Cloud API, webhooks), what it took in can wait.
REST = 3.0
ARRIVING = timedelta(seconds=0.25)
# But not longer than this.
PATIENCE = timedelta(seconds=30)
# A run ends after this many seconds: other scheduled actions wait for its worker.
SLICE = 6.0


class WebhookEvent(models.Model):
    """One webhook as it came, kept as bytes until it is processed.

    The controller inserts rows by SQL and nothing else writes the body.
    """

    _name = "whatsapp.clinic.webhook.event"
    _description = "WhatsApp Webhook Event"
    _order = "id desc"
    _rec_name = "received_at"

    body = fields.Binary(attachment=False, readonly=True, groups=fields.NO_ACCESS)
    sha256 = fields.Char("SHA-256", required=True, readonly=True)
    size = fields.Integer("Bytes", readonly=True)
    received_at = fields.Datetime(required=True, readonly=True)
    processed_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [("pending", "Waiting"), ("done", "Processed"), ("parked", "Parked")],
        required=True,
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    error = fields.Char(
        readonly=True, help="Type of the error and its place in the code, no content."
    )

    _sha256_uniq = models.Constraint("UNIQUE (sha256)", "The same bytes came before.")
    _pending = models.Index("(id) WHERE state = 'pending'")

    def action_retry(self):
        """Process parked events once more, for example after an update."""
        self.check_access("read")
        require_group(self.env, "group_administrator")
        self.sudo().filtered(lambda event: event.state == "parked").write(
            {"state": "pending", "attempts": 0}
        )
        self._wake()

    @api.model
    def _wake(self):
        wake_after_commit(self.env, "process_webhooks")

    @api.model
    def _cron_process(self):
        """Process what waits, in the order it came, until the slice is over."""
        report_progress(self.env)
        deadline = time.monotonic() + SLICE
        cron = self.env.ref("whatsapp_clinic.process_webhooks")
        with self.pool.cursor() as cr:
            with _marked_as_running(cr, cron.id):
                _process_until(cr, deadline)
            time.sleep(LINGER)
            cr.execute(
                "SELECT FROM whatsapp_clinic_webhook_event "
                "WHERE state = 'pending' LIMIT 1"
            )
            if cr.rowcount:
                self._wake()

    def _process(self):
        """Hand every event of this body to its handler."""
        self.ensure_one()
        inbound = self.env["whatsapp.clinic.inbound"]
        for event in webhooks.parse(bytes(self.body)):
            inbound._handle(event)

    def _work_off(self):
        """Process these events in their order, each in its savepoint."""
        done = self.browse()
        for event in self:
            if event._attempt():
                done |= event
        done.write({"state": "done", "processed_at": clock.now(), "error": False})

    def _attempt(self) -> bool:
        """Process in a savepoint; a failure counts, and parks the event in the end."""
        try:
            with quiet_sql(), self.env.cr.savepoint():
                self._process()
                self.env.flush_all()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            # A conflict or a lost connection: the event is not at fault.
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            attempts = self.attempts + 1
            values = {"attempts": attempts, "error": place(error)}
            if attempts >= ATTEMPTS or isinstance(error, webhooks.MalformedWebhook):
                values["state"] = "parked"
                _logger.error(
                    "Webhook event %s is parked: %s", self.id, values["error"]
                )
            self.write(values)
            return False
        return True


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
    """Process what waits, until nothing does or the time (monotonic) is over."""
    last_id, size = 0, BATCH
    while last_id is not None and time.monotonic() < deadline:
        started = time.monotonic()
        try:
            last_id = _process_batch(cr, last_id, size)
            rested = _give_way(cr, time.monotonic() - started)
            size = SMALL_BATCH if rested else BATCH
        except TRY_AGAIN:
            cr.rollback()
            size = 1


def _give_way(cr, worked: float) -> bool:
    """Rest after `worked` seconds if webhooks are arriving and none waits for long.

    True if it did. On a threaded server intake and processing share one interpreter.
    """
    cr.execute(
        """
        SELECT (SELECT received_at FROM whatsapp_clinic_webhook_event
                ORDER BY id DESC LIMIT 1),
               (SELECT received_at FROM whatsapp_clinic_webhook_event
                WHERE state = 'pending' ORDER BY id LIMIT 1)
        """
    )
    newest, oldest_waiting = cr.fetchone()
    cr.commit()
    now = clock.precise_now()
    is_arriving = oldest_waiting and now - newest < ARRIVING
    rests = bool(is_arriving) and now - oldest_waiting < PATIENCE
    if rests:
        time.sleep(worked * REST)
    return rests


def _process_batch(cr, after_id: int, size: int) -> int | None:
    """Process up to `size` waiting events after an id, and commit.

    Returns the last id, 0 to start over when the end was reached but events failed and
    wait for their next attempt, None when nothing waits.
    """
    read_committed(cr)
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute(
        """
        SELECT id FROM whatsapp_clinic_webhook_event
        WHERE state = 'pending' AND id > %s
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [after_id, size],
    )
    ids = [row[0] for row in cr.fetchall()]
    env["whatsapp.clinic.webhook.event"].browse(ids)._work_off()
    env.flush_all()
    cr.commit()
    if ids:
        return ids[-1]
    return 0 if after_id else None
