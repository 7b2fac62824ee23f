import re

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ...cloud_api import payloads
from ...tools.compat import forget_cached

_CODE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


class Language(models.Model):
    """Which of WhatsApp's languages a patient's language is."""

    _name = "whatsapp.clinic.language"
    _description = "WhatsApp Language"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "lang"
    _rec_name = "lang"

    lang = fields.Char(
        "Patient's Language", required=True, help="Odoo's code, such as tr_TR."
    )
    code = fields.Char(
        "Language of Templates", required=True, help="WhatsApp's code, such as tr."
    )

    _lang_uniq = models.Constraint("UNIQUE (lang)", "A language is listed once.")

    @api.constrains("code")
    def _check_code(self):
        for language in self:
            check_codes(self.env, [language.code])

    @api.model_create_multi
    def create(self, vals_list):
        forget_cached(self.env)
        return super().create(vals_list)

    def write(self, vals):
        forget_cached(self.env)
        return super().write(vals)

    def unlink(self):
        forget_cached(self.env)
        return super().unlink()

    @api.model
    @tools.ormcache("lang")
    def _code_of(self, lang: str) -> str:
        """WhatsApp's code for a language of Odoo; by its own spelling if not listed."""
        row = self.sudo().search([("lang", "=", lang)], limit=1)
        return row.code or payloads.language_code(lang)


def codes(text: str | None) -> list[str]:
    """`en, tr` as a list."""
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def check_codes(env, wanted: list[str]) -> None:
    """Raise ValidationError for what is no code of WhatsApp."""
    for code in wanted:
        if not _CODE.fullmatch(code):
            raise ValidationError(
                env._("“%s” is no language of WhatsApp; write tr, en or en_US.", code)
            )
