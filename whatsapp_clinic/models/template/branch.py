from odoo import api, fields, models

from .language import check_codes, codes


class Branch(models.Model):
    """A branch may try other languages than its company."""

    _inherit = "whatsapp.clinic.branch"

    fallback_languages = fields.Char(
        help="WhatsApp's codes in the order in which they are tried for patients in "
        "whose language a template is not there: en, tr. Empty: those of the company.",
    )

    @api.constrains("fallback_languages")
    def _check_fallback_languages(self):
        for branch in self:
            check_codes(self.env, codes(branch.fallback_languages))
