import re

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ...cloud_api import payloads

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
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    @tools.ormcache("lang")
    def _code_of(self, lang: str) -> str:
        """WhatsApp's code for a language of Odoo; by its own spelling if not listed."""
        row = self.sudo().search([("lang", "=", lang)], limit=1)
        return row.code or payloads.language_code(lang)


class Template(models.Model):
    """The variant of a template that a patient gets."""

    _inherit = "whatsapp.clinic.template"

    stands_for_all = fields.Boolean(
        compute="_compute_stands_for_all",
        search="_search_stands_for_all",
        help="Offered where somebody chooses a template: one of its languages, as each "
        "patient gets it in their own.",
    )

    def _for_language(self, lang: str | None, branch=None):
        """The variant in use for a patient.

        First the patient's own language (`tr_TR`), then the fallback languages of the
        branch, else of the company, then this one.
        """
        self.ensure_one()
        company = self.company_id.sudo()
        named = branch and branch.sudo().fallback_languages
        wanted = [
            *([self.env["whatsapp.clinic.language"]._code_of(lang)] if lang else []),
            *codes(named or company.clinic_fallback_languages),
        ]
        if not wanted or wanted[0] == self.language:
            return self
        variants = self.search(
            [
                ("business_account_id", "=", self.business_account_id),
                ("name", "=", self.name),
                ("enabled", "=", True),
                ("status", "=", "APPROVED"),
            ]
        )
        matches = (variants._in_language(code) for code in wanted)
        return next(filter(None, matches), self)

    def _search_stands_for_all(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        is_wanted = (True in value) == (operator == "in")
        return [("id", "in" if is_wanted else "not in", self._one_of_each().ids)]

    def _compute_stands_for_all(self):
        offered = self._one_of_each()
        for template in self:
            template.stands_for_all = template in offered

    @api.model
    def _one_of_each(self):
        """One of those in use for each template, if possible in the clinic's language.

        An approved one goes before the others.
        """
        in_use = self.search([("enabled", "=", True), ("original_id", "=", False)])
        by_template = in_use.grouped(lambda one: (*one._key, one.model))
        return self.union(*(same._preferred() for same in by_template.values()))

    def _preferred(self):
        approved = self.filtered(lambda one: one.status == "APPROVED") or self
        code = self._language_of(self.company_id)
        return approved._in_language(code) or approved[:1]

    @api.model
    def _language_of(self, company) -> str:
        """WhatsApp's code for the language of a company."""
        # sudo: a company's language is no secret
        lang = company.sudo().partner_id.lang or self.env.lang or "en_US"
        return self.env["whatsapp.clinic.language"]._code_of(lang)

    def _in_language(self, code: str):
        """The one in a language, else one of the same language in another region."""
        exact = self.filtered(lambda one: one.language == code)
        bare = code.partition("_")[0]
        close = self.filtered(lambda one: one.language.partition("_")[0] == bare)
        return (exact or close)[:1]


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


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    clinic_fallback_languages = fields.Char(
        related="company_id.clinic_fallback_languages", readonly=False
    )


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
