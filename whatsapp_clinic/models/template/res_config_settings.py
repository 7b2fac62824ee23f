from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    clinic_fallback_languages = fields.Char(
        related="company_id.clinic_fallback_languages", readonly=False
    )
