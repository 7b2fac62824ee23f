import hashlib
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...cloud_api.webhooks import clean_text
from ...tools import clock
from ...tools.parameter import number
from .message_content import cleaned

# Characters of it that are kept.
_SIZE = 65_536
BATCH = 1000


class Unrecognised(models.Model):
    """A part of a webhook that this version does not know or cannot use.

    What patients wrote may be in it: it goes when parked webhooks go.
    """

    _name = "whatsapp.clinic.unrecognised"
    _description = "Unrecognised WhatsApp Update"
    _order = "id desc"
    _rec_name = "why"

    field = fields.Char("About", readonly=True, help="WhatsApp's name of the part.")
    why = fields.Char(readonly=True)
    raw = fields.Text("As It Came", readonly=True)
    sha256 = fields.Char("SHA-256", required=True, readonly=True)
    received_at = fields.Datetime("Received", required=True, readonly=True, index=True)

    _sha256_uniq = models.Constraint("UNIQUE (sha256)", "It came before.")

    @api.model
    def _keep(self, event):
        """Store a `cloud_api.webhooks.Unrecognised`; the same once."""
        raw = json.dumps(cleaned(event.raw), ensure_ascii=False, indent=1)
        now = clock.now()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO whatsapp_clinic_unrecognised
                    (field, why, raw, sha256, received_at,
                     create_uid, write_uid, create_date, write_date)
                VALUES (%(field)s, %(why)s, %(raw)s, %(sha256)s, %(now)s,
                        %(user)s, %(user)s, %(now)s, %(now)s)
                ON CONFLICT (sha256) DO NOTHING
                """,
                field=clean_text(event.field),
                why=event.why,
                raw=raw[:_SIZE],
                sha256=hashlib.sha256(raw.encode()).hexdigest(),
                now=now,
                user=self.env.uid,
            )
        )
        self.invalidate_model()

    @api.autovacuum
    def _gc(self):
        kept = timedelta(days=number(self.env, "parked_body_days"))
        old = self.search([("received_at", "<", clock.now() - kept)], limit=BATCH)
        old.unlink()
        return len(old), int(len(old) == BATCH)
