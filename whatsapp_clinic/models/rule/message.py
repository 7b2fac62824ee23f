from odoo import fields, models


class Message(models.Model):
    """Which state of its rule and branch a message was planned from."""

    _inherit = "whatsapp.clinic.message"

    plan_version = fields.Integer()

    _waiting_of_rule = models.Index(
        "(rule_id, res_model, res_id) "
        "WHERE rule_id IS NOT NULL AND state IN ('queued', 'held')"
    )
