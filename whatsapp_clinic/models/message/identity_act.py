from odoo import fields, models


class IdentityAct(models.Model):
    """What was written when messages were stopped or allowed again."""

    _inherit = "whatsapp.clinic.identity.act"

    message_id = fields.Many2one(
        "whatsapp.clinic.message",
        ondelete="restrict",
        index="btree_not_null",
        help="What the patient wrote, or which message was refused.",
    )
