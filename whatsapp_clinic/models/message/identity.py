from odoo import fields, models


class Identity(models.Model):
    """What was written to and from a number, and what waits for it."""

    _inherit = "whatsapp.clinic.identity"

    whatsapp_message_ids = fields.One2many(
        "whatsapp.clinic.message", "identity_id", "WhatsApp Messages"
    )
    whatsapp_message_count = fields.Integer(compute="_compute_whatsapp_message_count")

    def _compute_whatsapp_message_count(self):
        counted = dict(
            self.env["whatsapp.clinic.message"]._read_group(
                [("identity_id", "in", self.ids)], ["identity_id"], ["__count"]
            )
        )
        for identity in self:
            identity.whatsapp_message_count = counted.get(identity, 0)

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        return {**action, "domain": [("identity_id", "=", self.id)], "context": {}}

    def _has_written_since(self, at):
        later = [
            ("identity_id", "=", self.id),
            ("direction", "=", "in"),
            ("occurred_at", ">=", at),
        ]
        messages = self.env["whatsapp.clinic.message"]
        known = super()._has_written_since(at)
        return known or bool(messages.search_count(later, limit=1))

    def _name_patient(self):
        result = super()._name_patient()
        if len(self.partner_ids) == 1:
            self.env["whatsapp.clinic.message"].search(
                [
                    ("identity_id", "=", self.id),
                    ("direction", "=", "in"),
                    ("partner_id", "=", False),
                ]
            ).write({"partner_id": self.partner_ids.id})
        return result

    def _obey_stops(self, scope):
        result = super()._obey_stops(scope)
        to_all = [("identity_id", "in", self.ids), ("confirms_stop", "=", False)]
        advertising = [
            ("identity_id", "in", self.ids),
            "|",
            ("template_id.expected_category", "=", "MARKETING"),
            ("purpose_id.is_commercial", "=", True),
        ]
        waiting, reason = {
            "all": (to_all, "identity_blocked"),
            "advertising": (advertising, "marketing_blocked"),
        }[scope]
        if self:
            self.env["whatsapp.clinic.message"]._cancel_open(waiting, reason)
        return result

    def _on_patients_unlinked(self, reason, root=None):
        """Nothing that waits goes there; to another company's patients it does."""
        result = super()._on_patients_unlinked(reason, root)
        waiting = [("identity_id", "=", self.id)]
        if root:
            waiting.append(("company_id", "child_of", root.id))
        self.env["whatsapp.clinic.message"]._cancel_open(waiting, reason)
        return result
