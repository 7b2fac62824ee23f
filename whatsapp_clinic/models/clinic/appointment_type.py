from odoo import fields, models


class AppointmentType(models.Model):
    """What an appointment is for, how long it takes and what it needs around it."""

    _name = "whatsapp.clinic.appointment.type"
    _description = "Appointment Type"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    duration = fields.Float(default=0.5, required=True, help="In hours.")
    buffer_before = fields.Integer(
        default=0, help="Minutes the practitioner needs before the patient comes."
    )
    buffer_after = fields.Integer(default=0, help="Minutes needed afterwards.")
    color = fields.Integer()

    _duration_positive = models.Constraint(
        "CHECK (duration > 0 AND duration <= 24)", "A visit takes up to 24 hours."
    )
    _buffers_positive = models.Constraint(
        "CHECK (buffer_before >= 0 AND buffer_after >= 0)",
        "Buffers are minutes, 0 or more.",
    )
