from dataclasses import replace

from odoo import api, fields, models

from ...tools.access import named
from ...tools.insert import insert
from ...tools.phone import forms, line


class IdentityAlias(models.Model):
    """Another id of an identity: digits that WhatsApp writes otherwise, a former user
    id, or the one in another business portfolio."""

    _name = "whatsapp.clinic.identity.alias"
    _description = "Other Id of a WhatsApp Identity"
    _rec_name = "value"

    identity_id = fields.Many2one(
        "whatsapp.clinic.identity", required=True, ondelete="cascade", index=True
    )
    provider = fields.Selection(
        related="identity_id.provider", store=True, precompute=True
    )
    value = fields.Char("Id", required=True, readonly=True)

    _value_uniq = models.Constraint(
        "UNIQUE (provider, value)", "This id belongs to another identity."
    )

    @api.depends("value")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for alias in named(self):
            alias.display_name = alias.value


class Identity(models.Model):
    """An identity is found by any of its ids."""

    _inherit = "whatsapp.clinic.identity"

    alias_ids = fields.One2many(
        "whatsapp.clinic.identity.alias", "identity_id", "Other Ids"
    )

    @api.model
    def _find(self, ids, provider):
        found = super()._find(ids, provider)
        if found:
            return found
        wa_id = ids.get("wa_id")
        values = list(filter(None, (ids.get("user_id"), wa_id)))
        alias = self.env["whatsapp.clinic.identity.alias"].search(
            [("provider", "=", provider), ("value", "in", values)], limit=1
        )
        if alias or not wa_id:
            return alias.identity_id
        return self._by_wa_ids([wa_id], provider)[wa_id]

    @api.model
    def _by_wa_ids(self, wa_ids: list[str], provider: str) -> dict:
        """Identities by WhatsApp id, also where they are known by another form of it.

        Ids that are not known are mapped to an empty recordset.
        """
        wanted = {wa_id: forms(wa_id) for wa_id in wa_ids}
        known = {
            alias.value: alias.identity_id
            for alias in self.env["whatsapp.clinic.identity.alias"].search(
                [
                    ("provider", "=", provider),
                    ("value", "in", [one for each in wanted.values() for one in each]),
                ]
            )
        }
        found = self.search(
            [("provider", "=", provider), ("line", "in", list(map(line, wa_ids)))]
        )
        known.update((identity.line, identity) for identity in found)
        return {
            wa_id: next((known[one] for one in each if one in known), self.browse())
            for wa_id, each in wanted.items()
        }

    def _add_alias(self, value: str | None):
        """Note another id of the same somebody, unless it is known already.

        Losing a race is no error: two channels may learn it from the same answer.
        """
        self.ensure_one()
        ids = {"user_id": value, "wa_id": value}
        if not value or self._find(ids, self.provider):
            return
        self.flush_recordset()
        row = {"identity_id": self.id, "provider": self.provider, "value": value}
        insert(self.env, self.alias_ids._table, row)
        self.invalidate_recordset(["alias_ids"])

    def _changed_hands(self, sender, portfolio, at):
        return super()._changed_hands(self._as_known(sender), portfolio, at)

    def _note(self, sender, portfolio):
        result = super()._note(self._as_known(sender), portfolio)
        if self.user_portfolio_id != portfolio:
            self._add_alias(sender.user_id)
        return result

    def _as_known(self, sender):
        """The sender with the ids by which the identity is known, where they are others
        of the same somebody."""
        if sender.wa_id in (None, self.wa_id) and sender.user_id in (
            None,
            self.user_id,
        ):
            return sender
        aliases = set(self.alias_ids.mapped("value"))
        is_number = self.wa_id and (
            sender.wa_id in aliases or line(sender.wa_id or "") == self.line
        )
        is_user = self.user_id and sender.user_id in aliases
        return replace(
            sender,
            wa_id=self.wa_id if is_number else sender.wa_id,
            user_id=self.user_id if is_user else sender.user_id,
        )

    def _disown(self, reason, company=None):
        """Former user ids were those of who had the number before."""
        result = super()._disown(reason, company)
        if not self.partner_ids:
            user_ids = self.alias_ids.filtered(lambda one: not one.value.isdigit())
            user_ids.unlink()
        return result

    def _rotate_user_id(self, user_id):
        before = self.user_id
        result = super()._rotate_user_id(user_id)
        if self.user_id != before:
            self._add_alias(before)
        return result
