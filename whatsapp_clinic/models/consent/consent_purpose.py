from odoo import api, fields, models
from odoo.exceptions import ValidationError

# KVKK articles 5 and 6, GDPR articles 6 and 9, in the words of both.
LEGAL_BASES = [
    ("explicit_consent", "Explicit consent"),
    ("contract", "Contract with the patient"),
    ("health_service", "Health service under professional secrecy"),
    ("legal_duty", "Legal duty"),
    ("legitimate_interest", "Legitimate interest"),
]
# Categories of WhatsApp's templates, and the field that allows each.
CATEGORY_FIELDS = {
    "UTILITY": "use_utility",
    "MARKETING": "use_marketing",
    "AUTHENTICATION": "use_authentication",
}


class ConsentPurpose(models.Model):
    """What the clinic writes to patients for, each with its own basis.

    Which basis is right, and how long a consent lasts, is for the clinic's lawyer to
    say; the defaults are the careful choice.
    """

    _name = "whatsapp.clinic.consent.purpose"
    _description = "Consent Purpose"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, copy=False)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    description = fields.Text(
        translate=True, help="What the patient is told when asked."
    )
    legal_basis = fields.Selection(
        LEGAL_BASES, default="explicit_consent", required=True
    )
    requires_consent = fields.Boolean(
        "Consent First",
        default=True,
        help="No message for this purpose before the patient agreed. WhatsApp itself "
        "asks for an opt-in before a clinic writes first. Without this, patients are "
        "written to until they object.",
    )
    answers_only = fields.Boolean(
        help="Replies only, within 24 hours of the patient's last message or call."
    )
    is_commercial = fields.Boolean(help="Advertising in the sense of the law.")
    use_utility = fields.Boolean("Utility Templates", default=True)
    use_marketing = fields.Boolean("Marketing Templates")
    use_authentication = fields.Boolean("Authentication Templates")
    validity_months = fields.Integer(
        "Valid for (Months)",
        help="How long a consent lasts; 0: until withdrawn. A change also counts for "
        "what patients have agreed to before.",
    )
    verbal_allowed = fields.Boolean(
        help="Staff may record what the patient said, with who heard it."
    )
    ask_by_default = fields.Boolean(
        "Ask on the Page",
        default=True,
        help="The personal consent page asks for it, as a choice of its own.",
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "This code is taken.")
    _validity_positive = models.Constraint(
        "CHECK (validity_months >= 0)", "A consent lasts 0 or more months."
    )
    _commercial_requires_consent = models.Constraint(
        "CHECK (requires_consent OR NOT is_commercial)",
        "Advertising needs the patient's consent first.",
    )
    _consent_basis_requires_consent = models.Constraint(
        "CHECK (requires_consent OR legal_basis <> 'explicit_consent')",
        "Where the basis is explicit consent, consent comes first.",
    )
    _answers_need_no_consent = models.Constraint(
        "CHECK (NOT (requires_consent AND answers_only))",
        "Who writes is answered without being asked for consent first.",
    )

    @api.constrains("use_marketing", "is_commercial")
    def _check_marketing_is_commercial(self):
        for purpose in self:
            if purpose.use_marketing and not purpose.is_commercial:
                raise ValidationError(
                    self.env._(
                        "Marketing templates are advertising: only a commercial "
                        "purpose may use them."
                    )
                )

    def _check_verbal_allowed(self):
        """Raise ValidationError for what may not be agreed to by word of mouth."""
        unfit = self.filtered(lambda purpose: not purpose.verbal_allowed)
        if unfit:
            raise ValidationError(
                self.env._(
                    "“%s” may not be agreed to by word of mouth: let the patient "
                    "sign on the web page or on paper.",
                    ", ".join(unfit.mapped("display_name")),
                )
            )

    def _allows_category(self, category: str) -> bool:
        """Whether templates of one of WhatsApp's categories may be used for it."""
        return bool(self[CATEGORY_FIELDS[category]]) if category else True
