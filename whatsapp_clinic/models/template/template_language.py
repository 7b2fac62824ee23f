from odoo import api, fields, models

from .language import codes


class Template(models.Model):
    """The variant of a template that a patient gets."""

    _inherit = "whatsapp.clinic.template"

    stands_for_all = fields.Boolean(
        compute="_compute_stands_for_all",
        search="_search_stands_for_all",
        help="Offered where somebody chooses a template: one of its languages, as each "
        "patient gets it in their own.",
    )

    def _for_language(self, lang: str | None, branch=None, channel=None):
        """The variant for a patient that may leave by a channel, if one is given.

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
                ("company_id", "=", self.company_id.id),
                ("name", "=", self.name),
                ("original_id", "=", False),
            ]
        )._ready_at(channel)
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

        One that may leave goes before the others.
        """
        in_use = self.search([("enabled", "=", True), ("original_id", "=", False)])
        by_template = in_use.grouped(lambda one: (*one._key, one.model))
        return self.union(*(same._preferred() for same in by_template.values()))

    def _preferred(self):
        approved = self._ready_at(None) or self
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
