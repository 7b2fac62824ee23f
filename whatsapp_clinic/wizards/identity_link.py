from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.access import require_group


class IdentityLink(models.TransientModel):
    """Staff says whose number, or user name, it is.

    Where a phone number is known the patient's own record says it; who hides the number
    behind a user name can only be linked here.
    """

    _name = "whatsapp.clinic.identity.link"
    _description = "Whose Number It Is"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    identity_id = fields.Many2one(
        "whatsapp.clinic.identity", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Patient",
        required=True,
        ondelete="cascade",
        help="Families share numbers: one more patient is added, nobody is taken away.",
    )

    def action_link(self):
        """The number is the patient's from now on; it may be written to again.

        Raises UserError for a patient who has died or is not written to any more.
        """
        self.ensure_one()
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        self.identity_id.check_access("read")
        patient = self.partner_id
        patient.check_access("read")
        patient._check_looked_after()
        if not patient.active or patient.clinic_deceased_on or patient.clinic_barred:
            raise UserError(self.env._("Nothing is sent to this patient any more."))
        patient._become_patients()
        self.identity_id.sudo()._welcome(patient)
        return {"type": "ir.actions.act_window_close"}
