from odoo import fields, models


class Identity(models.Model):
    """What is asked and noted about a number, of which each reads what they may.

    Odoo takes it that who may read a record reads, and searches by, all that.
    """

    _inherit = "whatsapp.clinic.identity"

    message_ids = fields.One2many(bypass_search_access=False)
    activity_ids = fields.One2many(bypass_search_access=False)
    activity_type_id = fields.Many2one(related_sudo=False)
    activity_type_icon = fields.Char(related_sudo=False)
    activity_summary = fields.Char(related_sudo=False)
