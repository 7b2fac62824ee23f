from odoo import api, fields, models

from ..models.outbox.sending import partner_of


class Composer(models.TransientModel):
    """Why one patient cannot be written to, and the button that fixes it."""

    _inherit = "whatsapp.clinic.composer"

    remedy = fields.Char("Fix", compute="_compute_remedy")

    @api.depends("res_model", "res_ids", "purpose_id", "channel_id")
    @api.depends_context("lang")
    def _compute_remedy(self):
        for composer in self:
            objection = composer._ask_gate("_why_not")
            composer.remedy = objection and objection.label

    def action_fix_objection(self):
        """Do what ends the objection to writing, or open where it is ended."""
        self.ensure_one()
        return self._ask_gate("_fix")

    def _ask_gate(self, method: str):
        """What the gate says of the only recipient; None where there are several."""
        if len(self.res_ids or []) != 1:
            return None
        patient = partner_of(self._records())
        if len(patient) != 1:
            return None
        ask = getattr(self.env["whatsapp.clinic.gate"], method)
        return ask(patient, self.purpose_id or None, self.channel_id or None)
