from odoo import api, fields, models

from ..models.appointment.appointment_news import CANCELLED_BY
from ..models.outbox.undo import tell_sent
from ..tools import clock


class AppointmentCancel(models.TransientModel):
    """Asks before a visit is cancelled who does it, and who tells the patient."""

    _name = "whatsapp.clinic.appointment.cancel"
    _description = "Cancel an Appointment"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    appointment_id = fields.Many2one(
        "whatsapp.clinic.appointment", required=True, ondelete="cascade"
    )
    cancelled_by = fields.Selection(
        CANCELLED_BY, "Who Cancels?", required=True, default="patient"
    )
    is_told_by_rule = fields.Boolean(compute="_compute_is_told_by_rule")
    cannot_tell = fields.Char(
        compute="_compute_cannot_tell",
        help="Why the patient gets no message about it on WhatsApp.",
    )

    @api.depends("appointment_id")
    @api.depends_context("lang", "uid")
    def _compute_cannot_tell(self):
        for wizard in self:
            appointment = wizard.appointment_id
            wizard.cannot_tell = appointment and appointment._why_not_told("cancelled")

    @api.depends("appointment_id")
    def _compute_is_told_by_rule(self):
        rules = self.env["whatsapp.clinic.message.rule"]
        for wizard in self:
            telling = rules._telling(wizard.appointment_id, "cancelled")
            wizard.is_told_by_rule = any(telling.mapped("active"))

    def action_cancel(self) -> dict:
        """Cancel the visit; it can be undone as long as the notice is shown."""
        self.ensure_one()
        self.appointment_id.write(
            {"state": "cancelled", "cancelled_by": self.cancelled_by}
        )
        told = self.env._("The appointment is cancelled.")
        return tell_sent(self, told, clock.precise_now(), True)

    def action_cancel_and_tell(self) -> dict:
        """Open a message about it; sending that cancels the visit."""
        self.ensure_one()
        return self.appointment_id._compose_about("cancelled", cancelling_id=self.id)

    def action_cancel_and_call(self) -> dict:
        done = self.action_cancel()
        self.appointment_id._remember_to_call("cancelled")
        return done

    def action_undo(self) -> dict:
        self.ensure_one()
        self.appointment_id.action_step_back()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
