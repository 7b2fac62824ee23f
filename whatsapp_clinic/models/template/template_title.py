import json
from functools import lru_cache

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, file_path

from .template_library import LIBRARY

# Which templates are one and the same in several languages.
KEY = ("company_id", "name")


class TemplateTitle(models.Model):
    """What a clinic calls a template in all its languages, where it chose a title."""

    _name = "whatsapp.clinic.template.title"
    _description = "Title of a WhatsApp Template"
    _rec_name = "title"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    name = fields.Char("Name at WhatsApp", required=True)
    title = fields.Char(required=True)

    _template_uniq = models.Constraint(
        "UNIQUE (company_id, name)", "A template has one title."
    )
    _title_length = models.Constraint(
        "CHECK (char_length(title) <= 100)",
        "A template's title has up to 100 characters.",
    )


class Template(models.Model):
    """WhatsApp has a technical name; people read a title, one for all languages.

    A title that nobody chose is not stored: the library's is in the reader's language,
    and another one is the name in plain letters.
    """

    _inherit = "whatsapp.clinic.template"

    title = fields.Char(
        "Template Title",
        compute="_compute_title",
        inverse="_inverse_title",
        search="_search_title",
        help="What the clinic calls it, in all its languages. Patients do not see it.",
    )

    # Not by the name: in a form it would undo what somebody has just typed.
    @api.depends_context("lang")
    def _compute_title(self):
        keys = {template: template._key for template in self}
        titles = self._titles({*keys.values()})
        for template, key in keys.items():
            template.title = titles[key]

    def _inverse_title(self):
        """Keep a title that differs from what the template is called by itself."""
        # Read at once: whatever is stored or removed empties the cache.
        titles = {template._key: (template.title or "").strip() for template in self}
        for key, title in titles.items():
            self._chosen_title(key).unlink()
            if title and title != self._titles({key})[key]:
                values = dict(zip(KEY, key, strict=True))
                self._chosen_title(key).create({**values, "title": title})
        self.invalidate_model(["title", "display_name"])

    def _search_title(self, operator, value):
        field = self._fields["title"]
        return Domain.custom(
            to_sql=lambda model, alias, query: field.condition_to_sql(
                "title", operator, value, model, alias, query
            )
        )

    def write(self, vals):
        """With another name at WhatsApp a template keeps the title that was chosen."""
        is_renamed = vals.keys() & {*KEY} and "title" not in vals
        titles = {
            template: template.title
            for template in self
            if is_renamed and self._chosen_title(template._key)
        }
        result = super().write(vals)
        for template, title in titles.items():
            template.title = title
        return result

    @api.model
    def _chosen_title(self, key: tuple):
        """The stored title of a template, by its `KEY`; none where nobody chose one."""
        # sudo: who may change the template may name it
        titles = self.env["whatsapp.clinic.template.title"].sudo()
        return titles.search(
            [(name, "=", value) for name, value in zip(KEY, key, strict=True)]
        )

    @property
    def _key(self) -> tuple:
        return self.company_id.id, self.name

    @api.model
    def _titles(self, keys: set[tuple]) -> dict[tuple, str | None]:
        """The title of each template, by its `KEY`."""
        columns = zip(*keys, strict=True)
        companies, names = ([one or None for one in all_] for all_ in columns)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT company_id, name, %(title)s
                FROM unnest(%(companies)s::int[], %(names)s::text[])
                    AS key (company_id, name)
                """,
                title=self._title_sql("key"),
                companies=companies,
                names=names,
            )
        )
        return {tuple(value or False for value in row[:-1]): row[-1] for row in rows}

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr == "title":
            return self._title_sql(alias)
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _title_sql(self, alias: str) -> SQL:
        """The one place that says what a template is called."""
        given = self.env["whatsapp.clinic.template.title"]
        code = self.env["whatsapp.clinic.language"]._code_of(self.env.lang or "en_US")
        return SQL(
            """
            COALESCE(
                (SELECT given.title FROM whatsapp_clinic_template_title AS given
                 WHERE given.company_id = %(company)s
                   AND given.name = %(name)s),
                %(library)s::jsonb ->> %(name)s,
                upper(left(%(name)s, 1)) || replace(substr(%(name)s, 2), '_', ' ')
            )
            """,
            company=SQL.identifier(alias, "company_id"),
            name=SQL.identifier(alias, "name"),
            library=_library_titles(code.partition("_")[0]),
            to_flush=[
                *(self._fields[name] for name in KEY),
                *(given._fields[name] for name in (*KEY, "title")),
            ],
        )


@lru_cache
def _library_titles(language: str) -> str:
    """JSON: titles of the library by name, in a language, else in English."""
    with open(file_path(LIBRARY), encoding="utf-8") as file:
        entries = json.load(file)
    return json.dumps(
        {
            entry["name"]: entry["texts"].get(language, entry["texts"]["en"])["title"]
            for entry in entries
        }
    )
