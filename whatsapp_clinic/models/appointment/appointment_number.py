from odoo import api, fields, models
from odoo.tools import LazyTranslate

from ...tools import clock
from ...tools.phone import line
from ..vocabulary.visit_states import COMING_STATES

_lt = LazyTranslate(__name__)


class Appointment(models.Model):
    """Appointments whose patient has no known number any more."""

    _inherit = "whatsapp.clinic.appointment"

    has_left_number = fields.Boolean(
        compute="_compute_has_left_number",
        compute_sudo=True,
        help="The number on record is not, or no longer, the patient's.",
    )

    @api.depends("partner_id.phone", "partner_id.whatsapp_identity_ids")
    def _compute_has_left_number(self):
        former = self.env["whatsapp.clinic.identity"].search(
            [("former_partner_ids", "in", self.partner_id.ids)]
        )
        left = {
            (partner.id, identity.line)
            for identity in former
            for partner in identity.former_partner_ids
        }
        for appointment in self:
            patient = appointment.partner_id
            phone = patient and patient._whatsapp_phone()
            appointment.has_left_number = (
                bool(phone) and (patient._origin.id, line(phone)) in left
            )

    @api.model
    def _coming_of(self, partners):
        return self.search(
            [
                ("partner_id", "in", partners.ids),
                ("state", "in", COMING_STATES),
                ("start", ">=", clock.now()),
            ]
        )

    @api.model
    def _ask_for_number(self, partners):
        """Have reception ask these patients for their number before they come."""
        for appointment in self._coming_of(partners):
            appointment._ask_reception(
                "number_missing",
                _lt("The number is not the patient's: please ask for it."),
            )
