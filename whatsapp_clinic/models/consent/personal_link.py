import hashlib
import secrets
from datetime import timedelta

from odoo import api, fields, models

from ...tools import clock

# Bytes of randomness in a key: nobody guesses it, however long they try.
_KEY_BYTES = 24
LIFETIME = timedelta(days=7)


def digest(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


class PersonalLink(models.Model):
    """A key to one page of one patient; only its hash is stored.

    A record may have several keys, one for each way it was sent; they end with time, or
    all at once with `_revoke`. Looking a key up changes nothing: previews and mail
    scanners open links too.
    """

    _name = "whatsapp.clinic.personal.link"
    _description = "Personal Link"
    _order = "id desc"
    _rec_name = "res_model"

    key_hash = fields.Char(required=True, groups=fields.NO_ACCESS)
    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    company_id = fields.Many2one("res.company", required=True)
    expires_at = fields.Datetime(required=True, index=True)

    _key_hash_uniq = models.Constraint("UNIQUE (key_hash)", "A key is its own.")
    _record = models.Index("(res_model, res_id)")

    @api.model
    def _mint(self, record, lifetime: timedelta = LIFETIME) -> str:
        """A new key to a record; this is the only time that it can be read."""
        key = secrets.token_urlsafe(_KEY_BYTES)
        self.sudo().create(
            {
                "key_hash": digest(key),
                "res_model": record._name,
                "res_id": record.id,
                "company_id": record.sudo().company_id.id,
                "expires_at": clock.now() + lifetime,
            }
        )
        return key

    @api.model
    def _find(self, model: str, key: str):
        """The record of `model` that a key opens; none if it is wrong or expired."""
        link = self.sudo().search(
            [
                ("key_hash", "=", digest(key)),
                ("res_model", "=", model),
                ("expires_at", ">", clock.now()),
            ]
        )
        return self.env[model].sudo().browse(link.res_id if link else None).exists()

    @api.model
    def _revoke(self, records):
        """No key opens these records any more."""
        self.sudo().search(
            [("res_model", "=", records._name), ("res_id", "in", records.ids)]
        ).unlink()

    @api.autovacuum
    def _gc_expired(self):
        self.sudo().search([("expires_at", "<", clock.now())], limit=10_000).unlink()
