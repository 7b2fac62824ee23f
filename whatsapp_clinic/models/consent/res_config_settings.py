from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The privacy settings of a company."""

    _inherit = "res.config.settings"

    clinic_refuse_unrecorded_transfer = fields.Boolean(
        related="company_id.clinic_refuse_unrecorded_transfer", readonly=False
    )
    clinic_content_check = fields.Selection(
        related="company_id.clinic_content_check", readonly=False, required=True
    )
    clinic_check_specialty = fields.Boolean(
        related="company_id.clinic_check_specialty", readonly=False
    )
    clinic_hides_deleted = fields.Boolean(
        related="company_id.clinic_hides_deleted", readonly=False
    )
    clinic_diagnosis_field_ids = fields.Many2many(
        related="company_id.clinic_diagnosis_field_ids", readonly=False
    )
