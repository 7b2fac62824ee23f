import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import clock
from ...tools.parameter import number
from ...tools.wake_up import wake_after_commit

_logger = logging.getLogger(__name__)

# WhatsApp repeats a webhook for up to 7 days (Cloud API, webhooks); as long the hash
# has to be there to recognise it.
ROW_TIME = timedelta(days=8)
BATCH = 1000


class WebhookEvent(models.Model):
    """Raw webhooks are short-lived: first the bytes go, then the row."""

    _inherit = "whatsapp.clinic.webhook.event"

    emptied_at = fields.Datetime("Content Removed", readonly=True)

    _full = models.Index("(processed_at) WHERE state = 'done' AND emptied_at IS NULL")
    _processed = models.Index("(processed_at) WHERE state = 'done'")
    _parked = models.Index("(received_at) WHERE state = 'parked'")

    def action_retry(self):
        """Process parked events once more, unless their content was removed.

        Raises UserError if nothing is left of any of them.
        """
        full = self.filtered(lambda event: not event.emptied_at)
        if self and not full:
            raise UserError(
                self.env._("Their content was removed; they cannot be processed again.")
            )
        result = super(WebhookEvent, full).action_retry()
        # The alarm should not outlast its cause.
        wake_after_commit(self.env, "watch")
        return result

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
