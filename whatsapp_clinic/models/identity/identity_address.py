from odoo import api, fields, models

from ...tools.access import named
from ...tools.insert import insert
from ...tools.phone import forms

KINDS = [("phone", "Telephone"), ("user", "User id")]


class IdentityAddress(models.Model):
    """One of the addresses by which a messenger knows somebody.

    A telephone in each form that it has (Mexico and other countries have two), digits
    that WhatsApp answers with, a user id, former ones, those in other portfolios.
    """

    _name = "whatsapp.clinic.identity.address"
    _description = "Address of a WhatsApp Identity"
    _order = "is_main desc, id"
    _rec_name = "value"

    identity_id = fields.Many2one(
        "whatsapp.clinic.identity", required=True, ondelete="cascade", index=True
    )
    provider = fields.Selection([("whatsapp", "WhatsApp")], required=True)
    scope = fields.Char(
        help="In what the value means this person: of a user id the business portfolio."
    )
    kind = fields.Selection(KINDS, required=True)
    value = fields.Char("Address", required=True, readonly=True)
    is_main = fields.Boolean(help="It is shown, and written to.")

    _value_uniq = models.UniqueIndex(
        "(provider, COALESCE(scope, ''), value)",
        "This address belongs to another identity.",
    )
    _by_value = models.Index("(value)")
    _main_uniq = models.UniqueIndex(
        "(identity_id, kind) WHERE is_main", "One address of a kind is the main one."
    )

    @api.depends("value")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for address in named(self):
            address.display_name = address.value

    @api.model
    def _add(self, identity, kind: str, value: str, scope: str = ""):
        """Write an address and its other forms; what is somebody's already stays so."""
        row = {
            "identity_id": identity.id,
            "provider": identity.provider,
            "scope": scope or None,
            "kind": kind,
        }
        values = [value, *forms(value)] if kind == "phone" else [value]
        for one in dict.fromkeys(values):
            insert(self.env, self._table, {**row, "value": one, "is_main": False})
        identity._note_addresses()
