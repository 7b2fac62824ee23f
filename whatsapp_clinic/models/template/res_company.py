from odoo import api, fields, models

from .language import check_codes, codes


class ResCompany(models.Model):
    """In which languages patients are written to who have none of a template's."""

    _inherit = "res.company"

    clinic_fallback_languages = fields.Char(
        "Fallback Languages",
        help="WhatsApp's codes in the order in which they are tried for patients in "
        "whose language a template is not there: en, tr.",
    )

    @api.constrains("clinic_fallback_languages")
    def _check_fallback_languages(self):
        for company in self:
            check_codes(self.env, codes(company.clinic_fallback_languages))
