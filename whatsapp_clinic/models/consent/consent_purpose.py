from odoo import fields, models

LEGAL_BASES = [
    ("explicit_consent", "Explicit consent"),
    ("contract", "Contract with the patient"),
    ("health_service", "Health service under professional secrecy"),
    ("legal_duty", "Legal duty"),
    ("legitimate_interest", "Legitimate interest"),
]


class ConsentPurpose(models.Model):
    """What the clinic writes to patients for, each with its own basis."""

    _name = "whatsapp.clinic.consent.purpose"
    _description = "Consent Purpose"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    description = fields.Text(
        translate=True, help="What the patient is told when asked."
    )
    legal_basis = fields.Selection(
        LEGAL_BASES, default="explicit_consent", required=True
    )
    requires_consent = fields.Boolean(
        default=True,
        help="No message for this purpose without the patient's consent. Where it is "
        "not needed, patients are only answered, within 24 hours of their own message.",
    )
    is_commercial = fields.Boolean(help="Advertising in the sense of the law.")

    _code_uniq = models.Constraint("UNIQUE (code)", "This code is taken.")
