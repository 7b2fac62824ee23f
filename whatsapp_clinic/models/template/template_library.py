import json
import re

from odoo import Command, api, models
from odoo.tools import file_path

from ..consent.consent_request import PAGE
from .template_variable import partner_of

LIBRARY = "whatsapp_clinic/data/template/template_library.json"
_VARIABLE = re.compile(r"{{(\w+)}}")


class Template(models.Model):
    """Templates that come with the addon, ready to submit."""

    _inherit = "whatsapp.clinic.template"

    @api.model
    def _library(self) -> list[dict]:
        """What the library has: an entry for each name and language."""
        with open(file_path(LIBRARY), encoding="utf-8") as file:
            entries = json.load(file)
        return [
            {**entry, **text, "language": language, "texts": None}
            for entry in entries
            for language, text in entry["texts"].items()
        ]

    @api.model
    def _library_text(self, name: str, record) -> str:
        """The words of the library's template for a record, in the patient's language.

        What is not known of the record is left out.
        """
        texts = {one["language"]: one for one in self._library() if one["name"] == name}
        lang = partner_of(record).lang or "en_US"
        code = self.env["whatsapp.clinic.language"]._code_of(lang)
        text = texts.get(code.partition("_")[0], texts["en"])
        template = self.new({"language": text["language"], "model": text["model"]})

        def value(found) -> str:
            values = {
                "template_id": template.id,
                "name": found[1],
                "source": "builtin",
                "builtin": found[1],
            }
            return template.variable_ids.new(values)._value_or_none(record) or ""

        return _VARIABLE.sub(value, text["body"])

    @api.model
    def _entry_values(self, entry: dict, channel) -> dict:
        base = channel.get_base_url()
        return {
            "name": entry["name"],
            "language": entry["language"],
            "expected_category": entry["category"],
            "model": entry["model"],
            "parameter_format": "NAMED",
            "asked_purpose_id": self._purpose_of(entry.get("asks")).id,
            "company_id": channel.company_id.id,
            "header_kind": "TEXT" if entry.get("header") else False,
            "header_text": entry.get("header"),
            "body_text": entry["body"],
            "footer_text": entry.get("footer"),
            "button_ids": [
                Command.create({"index": index, **self._button_values(button, base)})
                for index, button in enumerate(entry.get("buttons", []))
            ],
            "variable_ids": [
                Command.create(
                    {
                        "component": f"button:{index}",
                        "name": "1",
                        "source": "builtin",
                        "builtin": "personal_link",
                    }
                )
                for index, button in enumerate(entry.get("buttons", []))
                if button.get("opens") == "personal_link"
            ],
        }

    @api.model
    def _purpose_of(self, code: str | None):
        purposes = self.env["whatsapp.clinic.consent.purpose"]
        return purposes.search([("code", "=", code)], limit=1) if code else purposes

    @api.model
    def _button_values(self, button: dict, base: str) -> dict:
        if button.get("opens") == "personal_link":
            page = f"{base}{PAGE}"
            return {
                "kind": "URL",
                "text": button["text"],
                "url": page + "/{{1}}",
                "example": f"{page}/sample",
            }
        return {"text": button["text"], "action": button.get("action", "none")}
