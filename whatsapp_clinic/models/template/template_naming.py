import re
from functools import lru_cache

from babel import Locale

from odoo import api, fields, models

from ...cloud_api import payloads
from ...tools.text import fold, search_key
from .template_variable import locale_code

_NO_SLUG = re.compile(r"[^a-z0-9]+")
# Languages in which people may call a language, besides its own.
_SPOKEN = ("en", "tr")


class Template(models.Model):
    """People write names and languages as they speak; WhatsApp has codes for them."""

    _inherit = "whatsapp.clinic.template"

    language_choices = fields.Json(
        compute="_compute_language_choices",
        help="Codes and names of the languages that a template can have.",
    )
    variable_choices = fields.Json(
        compute="_compute_variable_choices",
        help="Names and labels of what can be put into the text with a click.",
    )

    @api.depends_context("lang")
    def _compute_language_choices(self):
        self.language_choices = _choices(self.env.lang or "en_US")

    @api.depends("model", "parameter_format")
    @api.depends_context("lang")
    def _compute_variable_choices(self):
        for template in self:
            is_named = template.parameter_format == "NAMED"
            template.variable_choices = (
                self.variable_ids._builtins_of(template.model) if is_named else []
            )

    @api.onchange("title")
    def _onchange_title(self):
        """A title without a name at WhatsApp gives it one."""
        self.name = self.name or _slug(self.title)

    @api.onchange("name")
    def _onchange_name(self):
        """`Randevu hatırlatması` becomes `randevu_hatirlatmasi`, and the title."""
        self.title = self.title or self.name
        self.name = _slug(self.name)

    @api.onchange("language")
    def _onchange_language(self):
        """`Türkçe`, `Turkish` and `tr_TR` become `tr`."""
        self.language = _language_code(self.language or "")
        self._list_variables()


def _slug(text: str | None) -> str:
    return _NO_SLUG.sub("_", search_key(text or "")).strip("_")


def _language_code(text: str) -> str:
    """WhatsApp's code for what somebody wrote; the text itself where there is none."""
    code = payloads.language_code(text.strip().replace("-", "_"))
    return code if code in payloads.LANGUAGES else _by_name().get(fold(text), text)


@lru_cache
def _by_name() -> dict[str, str]:
    """Codes by the names of languages, in these languages themselves and in others."""
    return {
        fold(_name(code, spoken)): code
        for code in payloads.LANGUAGES
        for spoken in (*_SPOKEN, code)
    }


@lru_cache
def _choices(lang: str) -> list[list[str]]:
    """[code, name] of each language, by the names in a language of Odoo."""
    named = [[code, _name(code, lang)] for code in payloads.LANGUAGES]
    return sorted(named, key=lambda pair: search_key(pair[1]))


def _name(code: str, spoken: str) -> str:
    """What speakers of a language call one of WhatsApp's languages."""
    words = Locale.parse(locale_code(spoken))
    language, _, region = code.partition("_")
    name = words.languages.get(language, language)
    return f"{name} ({words.territories.get(region, region)})" if region else name
