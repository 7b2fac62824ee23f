from odoo import api, fields, models

from ..patient.res_partner import CLINIC_STAFF


class Partner(models.Model):
    """What was said about writing to a patient's numbers."""

    _inherit = "res.partner"

    clinic_act_ids = fields.Many2many(
        "whatsapp.clinic.identity.act",
        string="Stops and Starts",
        compute="_compute_clinic_act_ids",
        groups=CLINIC_STAFF,
    )

    @api.depends("whatsapp_identity_ids.act_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_clinic_act_ids(self):
        for partner in self:
            partner.clinic_act_ids = partner.clinic_number_ids.act_ids

    def _to_call_about(self):
        """The record that an activity about a patient hangs on; may be none."""
        return self.whatsapp_identity_ids[:1]
