import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import clock
from ...tools.access import require_group
from ...tools.parameter import number
from ...tools.wake_up import report_progress, wake_after_commit
from .processing import process_waiting

_logger = logging.getLogger(__name__)

# WhatsApp repeats a webhook for up to 7 days (Cloud API, webhooks); as long the hash
# has to be there to recognise it.
ROW_TIME = timedelta(days=8)
# Rows that the vacuum takes at once.
BATCH = 1000


class WebhookEvent(models.Model):
    """One webhook as it came, kept as bytes until it is processed.

    The controller inserts rows by SQL and nothing else writes the body. It is
    short-lived: first the bytes go, then the row.
    """

    _name = "whatsapp.clinic.webhook.event"
    _description = "WhatsApp Webhook Event"
    _order = "id desc"
    _rec_name = "received_at"

    body = fields.Binary(attachment=False, readonly=True, groups=fields.NO_ACCESS)
    sha256 = fields.Char("SHA-256", required=True, readonly=True)
    sender = fields.Integer(
        readonly=True,
        help="A checksum of whom all its messages are from; senders take turns.",
    )
    provider = fields.Char(
        "Messenger", default="whatsapp", required=True, readonly=True
    )
    account_id = fields.Many2one(
        "whatsapp.clinic.account",
        "Signed by App",
        readonly=True,
        ondelete="set null",
        help="Only what is about this app's numbers and accounts is applied.",
    )
    size = fields.Integer("Bytes", readonly=True)
    received_at = fields.Datetime(required=True, readonly=True)
    processed_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("done", "Processed"),
            ("parked", "Could not be processed"),
        ],
        required=True,
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    error = fields.Char(
        readonly=True, help="Type of the error and its place in the code, no content."
    )
    emptied_at = fields.Datetime("Content Removed", readonly=True)

    _sha256_uniq = models.Constraint(
        "UNIQUE (sha256, account_id)", "The same bytes came before."
    )
    _pending = models.Index("(id) WHERE state = 'pending'")
    _full = models.Index("(processed_at) WHERE state = 'done' AND emptied_at IS NULL")
    _processed = models.Index("(processed_at) WHERE state = 'done'")
    _parked = models.Index("(received_at) WHERE state = 'parked'")

    def action_retry(self):
        """Process parked events once more, for example after an update.

        Raises UserError if nothing is left of any of them: their content was removed.
        """
        full = self.filtered(lambda event: not event.emptied_at)
        if self and not full:
            raise UserError(
                self.env._("Their content was removed; they cannot be processed again.")
            )
        full.check_access("read")
        require_group(self.env, "group_administrator")
        full.sudo().filtered(lambda event: event.state == "parked").write(
            {"state": "pending", "attempts": 0}
        )
        self._wake()
        # The alarm should not outlast its cause.
        wake_after_commit(self.env, "watch")

    @api.model
    def _wake(self):
        wake_after_commit(self.env, "process_webhooks")

    @api.model
    def _cron_process(self):
        """Process what waits, in the order it came, for some seconds."""
        report_progress(self.env)
        cron = self.env.ref("whatsapp_clinic.process_webhooks")
        if process_waiting(self.pool, cron.id):
            self._wake()

    @api.autovacuum
    def _gc_processed_bodies(self):
        kept = timedelta(hours=number(self.env, "body_hours"))
        return self._empty("done", "processed_at", kept)

    @api.autovacuum
    def _gc_parked_bodies(self):
        kept = timedelta(days=number(self.env, "parked_body_days"))
        emptied, remaining = self._empty("parked", "received_at", kept)
        if emptied:
            _logger.error(
                "The content of %s parked webhook events was removed, unprocessed",
                emptied,
            )
        return emptied, remaining

    @api.autovacuum
    def _gc_processed_rows(self):
        self.env.cr.execute(
            """
            DELETE FROM whatsapp_clinic_webhook_event WHERE id IN (
                SELECT id FROM whatsapp_clinic_webhook_event
                WHERE state = 'done' AND processed_at < %s
                ORDER BY processed_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            """,
            [clock.now() - ROW_TIME, BATCH],
        )
        return self._of_batch(self.env.cr.rowcount)

    def _empty(self, state: str, time_column: str, kept: timedelta) -> tuple[int, int]:
        """Remove a batch of bodies of a state, older than `kept`; (done, remaining).

        By SQL: the ORM would read the bytes.
        """
        now = clock.now()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE whatsapp_clinic_webhook_event
                SET body = NULL, sender = NULL, emptied_at = %(now)s
                WHERE id IN (
                    SELECT id FROM whatsapp_clinic_webhook_event
                    WHERE state = %(state)s AND emptied_at IS NULL
                      AND %(time)s < %(before)s
                    ORDER BY %(time)s LIMIT %(batch)s FOR UPDATE SKIP LOCKED
                )
                """,
                now=now,
                state=state,
                time=SQL.identifier(time_column),
                before=now - kept,
                batch=BATCH,
            )
        )
        self.invalidate_model()
        return self._of_batch(self.env.cr.rowcount)

    @api.model
    def _of_batch(self, done: int) -> tuple[int, int]:
        """What Odoo's vacuum wants to know: done, and whether to come again."""
        return done, int(done == BATCH)
