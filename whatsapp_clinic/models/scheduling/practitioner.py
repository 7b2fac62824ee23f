from odoo import fields, models


class Practitioner(models.Model):
    """Somebody who sees patients: a doctor, dentist, therapist."""

    _name = "whatsapp.clinic.practitioner"
    _description = "Practitioner"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "resource.mixin"]
    _order = "name"
    _check_company_auto = True

    name = fields.Char(related="resource_id.name", store=True, readonly=False)
    active = fields.Boolean(
        related="resource_id.active", store=True, readonly=False, default=True
    )
    user_id = fields.Many2one(
        "res.users", help="The practitioner's login, to see the own day."
    )
    branch_ids = fields.Many2many(
        "whatsapp.clinic.branch",
        "whatsapp_clinic_practitioner_branch",
        "practitioner_id",
        "branch_id",
        check_company=True,
        required=True,
    )
    specialty = fields.Char(help="For staff; never part of a reminder.")
    color = fields.Integer()
