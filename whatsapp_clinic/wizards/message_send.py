from odoo import api, fields, models


class MessageSend(models.TransientModel):
    """Asks before messages are sent now, and says what the gate says of each."""

    _name = "whatsapp.clinic.message.send"
    _description = "Send WhatsApp Messages"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    message_ids = fields.Many2many(
        "whatsapp.clinic.message", "whatsapp_clinic_message_send_message"
    )
    ready_count = fields.Integer("Will Be Sent", compute="_compute_counts")
    refused_count = fields.Integer("Will Not Be Sent", compute="_compute_counts")

    @api.depends("message_ids")
    def _compute_counts(self):
        for wizard in self:
            ready = wizard.message_ids.filtered(lambda one: not one.send_objection)
            wizard.ready_count = len(ready)
            wizard.refused_count = len(wizard.message_ids) - len(ready)

    def action_send(self):
        """Send what the gate lets through; what it refuses stays as it is."""
        self.ensure_one()
        ready = self.message_ids.filtered(lambda one: not one.send_objection)
        ready.action_send_again()
        return {"type": "ir.actions.act_window_close"}
