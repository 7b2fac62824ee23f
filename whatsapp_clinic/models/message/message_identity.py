from odoo import api, models


class Message(models.Model):
    """Whom a message reaches who is known by a user id alone."""

    _inherit = "whatsapp.clinic.message"

    def _reached_without_phone(self):
        """Who of those that get these rows has an identity without a number."""
        people = self.partner_id | self.guardian_id
        nameless = self.env["whatsapp.clinic.identity"].search(
            [("partner_ids", "in", people.ids), ("wa_id", "=", False)]
        )
        return people & nameless.partner_ids

    def _identity_without_phone(self):
        """The only identity without a number of who gets this row; else its own."""
        found = self.env["whatsapp.clinic.identity"].search(
            [
                ("partner_ids", "in", self._addressee.ids),
                ("wa_id", "=", False),
                ("user_portfolio_id", "in", (self.channel_id._user_scope.id, False)),
            ]
        )
        return found if len(found) == 1 else self.identity_id.browse()

    def _learn_own_number(self, event):
        """The patient was asked for the number, and gave it as a card."""
        identity = self.identity_id
        if event.own_number and identity.user_id and not identity.wa_id:
            link = event.own_number, identity.user_id, self.channel_id._user_scope
            identity._learn_links([link], identity.provider)

    @api.model
    def _note_recipients(self, accepted: dict[int, str]):
        """WhatsApp knows recipients under another id than asked for.

        `accepted` is {row id: WhatsApp id}. What they answer comes from that id.
        """
        for message in self.browse(accepted):
            identity, wa_id = message.identity_id, accepted[message.id]
            other = identity._find({"user_id": None, "wa_id": wa_id}, identity.provider)
            if other and other != identity:
                identity._merge(other)
            identity._add_address(wa_id)
