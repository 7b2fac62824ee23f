import hashlib
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import clock
from ...tools.access import require_group
from ...tools.insert import insert
from ...tools.parameter import number
from ...tools.text import clean_text
from ..message.message_content import cleaned
from ..provider import events

# Characters of it that are kept.
_SIZE = 65_536
# What becomes of a row that is there already: it rings again, and counts.
_COUNT_AGAIN = SQL(
    """
    UPDATE SET
        last_at = excluded.last_at, is_open = excluded.is_open,
        count = COALESCE(whatsapp_clinic_unrecognised.count, 1) + excluded.count
    """
)
BATCH = 1000


class Unrecognised(models.Model):
    """A part of a webhook that this version does not know or cannot use.

    What patients wrote may be in it: an alarm rings until an administrator has looked
    at it, and it goes when parked webhooks go. The same again is counted.
    """

    _name = "whatsapp.clinic.unrecognised"
    _description = "Unrecognised WhatsApp Update"
    _order = "last_at desc, id desc"
    _rec_name = "why"

    field = fields.Char("About", readonly=True, help="WhatsApp's name of the part.")
    why = fields.Char(readonly=True)
    raw = fields.Text("As It Came", readonly=True)
    sha256 = fields.Char("SHA-256", required=True, readonly=True)
    received_at = fields.Datetime("Received", required=True, readonly=True, index=True)
    last_at = fields.Datetime("Last Received", readonly=True, index=True)
    count = fields.Integer("Times", default=1, readonly=True)
    is_open = fields.Boolean(
        "To Be Looked At", default=True, readonly=True, help="An alarm tells of it."
    )

    _sha256_uniq = models.Constraint("UNIQUE (sha256)", "It came before.")
    _open = models.Index("(received_at) WHERE is_open")

    def action_settle(self):
        """Somebody has looked at it: it rings no more, unless it comes again."""
        self.check_access("read")
        require_group(self.env, "group_administrator")
        self.sudo().is_open = False
        self.env["whatsapp.clinic.alarm"].sudo()._watch("unrecognised")

    @api.model
    def _keep(self, event: events.Unrecognised, is_open: bool = True, times: int = 1):
        """Store what is not understood, or count it if it came before.

        Without `is_open` it is only there for who looks, and raises no alarm.
        """
        raw = json.dumps(cleaned(event.raw), ensure_ascii=False, indent=1)
        told = "\0".join((clean_text(event.field), event.why, raw))
        self.flush_model()
        now = clock.now()
        row = {
            "field": clean_text(event.field),
            "why": event.why,
            "raw": raw[:_SIZE],
            "sha256": hashlib.sha256(told.encode()).hexdigest(),
            "received_at": now,
            "last_at": now,
            "count": times,
            "is_open": is_open,
        }
        insert(self.env, self._table, row, SQL("(sha256)"), _COUNT_AGAIN)
        self.invalidate_model()

    @api.autovacuum
    def _gc(self):
        kept = timedelta(days=number(self.env, "parked_body_days"))
        old = self.search([("last_at", "<", clock.now() - kept)], limit=BATCH)
        old.unlink()
        return len(old), int(len(old) == BATCH)
