import re
from datetime import datetime
from functools import lru_cache

from babel import negotiate_locale
from babel.dates import format_date, format_time
from babel.localedata import locale_identifiers
from babel.numbers import format_currency, format_decimal

from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError

from ...cloud_api import payloads
from ...tools import clock
from . import template_part  # noqa: F401 - registered before what inherits it

SOURCES = [
    ("builtin", "Built-in value"),
    ("field", "Field of the record"),
    ("text", "Fixed text"),
    ("ask", "Asked from the sender"),
]
BUILTINS = [
    ("patient_name", "Patient's name"),
    ("clinic_name", "Name of the branch"),
    ("company_name", "Name of the clinic"),
    ("clinic_address", "Address of the branch"),
    ("clinic_phone", "Phone of the branch"),
    ("personal_link", "Personal link to the consent page"),
    ("notice_link", "Address of the privacy notice"),
]
# Stands in a text for the personal link, which is made when the message leaves.
LINK = "{link}"
# What reviewers are shown; dates and times are made in the template's language.
_SAMPLES = {
    "patient_name": "Ayşe Yılmaz",
    "clinic_name": "Boğaziçi Klinik Kadıköy",
    "company_name": "Boğaziçi Klinik",
    "clinic_address": "Moda Caddesi 1, 34710 Kadıköy",
    "clinic_phone": "+90 216 555 00 00",
    "practitioner_name": "Dr. Deniz Kaya",
    "notice_link": "https://clinic.example/whatsapp_clinic/notice/1",
}
_SAMPLE_START = datetime(2026, 11, 24, 14, 30)
_BLANKS = re.compile(r"\s+")
# A field with such a word in its name is nobody's to tell, in whatever addon.
_SECRETS = {"password", "passwd", "secret", "token", "totp"}


class MissingValue(Exception):
    """A variable is empty for a record; the text is the variable's name."""


class TemplateVariable(models.Model):
    """A place in a template and where its value comes from."""

    _name = "whatsapp.clinic.template.variable"
    _description = "WhatsApp Template Variable"
    _inherit = ["whatsapp.clinic.template.part"]
    _defined = frozenset({"component", "name", "example"})
    # As they stand in the template, where they were listed at once.
    _order = "template_id, id"

    template_id = fields.Many2one(
        "whatsapp.clinic.template", required=True, ondelete="cascade", index=True
    )
    model = fields.Selection(related="template_id.model")
    component = fields.Char(required=True)
    place = fields.Char(compute="_compute_place")
    name = fields.Char(required=True)
    example = fields.Char(help="What WhatsApp's reviewers see in its place.")
    source = fields.Selection(SOURCES)
    builtin = fields.Selection(BUILTINS, "Built-in")
    field_path = fields.Char(
        help="For example partner_id.name; each step is a field of the record before."
    )
    text = fields.Char()

    _name_uniq = models.Constraint(
        "UNIQUE (template_id, component, name)", "A variable is listed once."
    )

    @api.depends("component")
    @api.depends_context("lang")
    def _compute_place(self):
        for variable in self:
            variable.place = variable._told_place()

    def _told_place(self) -> str:
        kind, *rest = (self.component or "").split(":")
        told = []
        if kind == "card":
            number, kind, *rest = rest
            told.append(self.env._("Card %s", int(number) + 1))
        if kind == "button":
            told.append(self.env._("Button %s", int(rest[0]) + 1))
        else:
            told.append(
                self.env._("Header") if kind == "header" else self.env._("Text")
            )
        return ", ".join(told)

    @property
    def _is_on_card(self) -> bool:
        return (self.component or "").startswith("card:")

    @api.depends("name", "component")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """Every card has a `{{1}}` of its own."""
        for variable in self:
            where = f" ({variable.place})" if variable._is_on_card else ""
            variable.display_name = f"{{{{{variable.name}}}}}{where}"

    @api.constrains("source", "field_path", "builtin", "text", "template_id")
    def _check_source(self):
        for variable in self:
            problem = variable._source_problem()
            if problem:
                raise ValidationError(
                    self.env._(
                        "%(variable)s: %(problem)s",
                        variable=variable.display_name,
                        problem=problem,
                    )
                )
        self.template_id._check_mapped()

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create(vals_list)
        created._check_source()
        return created

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"source", "field_path"}:
            # Odoo checks constraints as root; who maps must be able to read the field.
            self._check_source()
        return result

    def _source_problem(self) -> str | None:
        """Why the chosen source cannot work; None when it can or none is chosen."""
        if self.source == "field":
            return self._path_problem()
        if self.source == "builtin" and not self._fits(self.builtin, self.model):
            return self.env._("Choose a built-in value that a %s has.", self.model)
        if self.source == "text" and not (self.text or "").strip():
            return self.env._("Write the fixed text.")
        return None

    def _path_problem(self) -> str | None:
        """Why a path cannot be read by the user who maps it; as root, by anybody."""
        model = self.env[self.model]
        *path, last = (self.field_path or "").split(".")
        for name in path:
            problem = self._field_problem(model, name)
            if problem:
                return problem
            field = model._fields[name]
            if not field.relational:
                return self.env._("“%s” leads no further.", name)
            if field.type != "many2one":
                return self.env._("“%s” has several records: which is meant?", name)
            model = self.env[field.comodel_name]
        problem = self._field_problem(model, last)
        if problem:
            return problem
        field = model._fields[last]
        if field.relational or field.type in _UNREADABLE_TYPES:
            return self.env._("“%s” is no text, number or date.", last)
        return None

    def _field_problem(self, model, name: str) -> str | None:
        field = model._fields.get(name)
        is_secret = bool(_SECRETS & set(name.split("_")))
        if field is None or field.groups == fields.NO_ACCESS or is_secret:
            return self.env._(
                "“%(model)s” has no field “%(field)s”.",
                model=model._description,
                field=name,
            )
        if not model.has_access("read") or not model._has_field_access(field, "read"):
            return self.env._("You may not read “%s”.", name)
        if field in self._diagnosis_fields(model):
            return self.env._(
                "“%s” is marked as diagnosis and never leaves in a message.", name
            )
        return None

    def _diagnosis_fields(self, model) -> set:
        marked = self.env.companies.sudo().clinic_diagnosis_field_ids
        return {model._fields[one.name] for one in marked if one.model == model._name}

    def _is_mapped(self) -> bool:
        # sudo: whether it can be filled does not depend on who looks
        return bool(self.source) and not self.sudo()._source_problem()

    @property
    def _tells_of_notice(self) -> bool:
        """Whether the text gives the address of the privacy notice."""
        source = (self.component, self.source, self.builtin)
        return source == ("body", "builtin", "notice_link")

    @property
    def _asked_key(self) -> str:
        """Names the text that a sender is asked for: `body:greeting`."""
        return f"{self.component}:{self.name}"

    @property
    def _asked_name(self) -> str:
        """What a sender is asked for, or told that it is missing."""
        if self.template_id._is_code:
            return self.env._("One-time code")
        return f"{self.name} ({self.place})" if self._is_on_card else self.name

    def _key(self) -> str | int:
        """The name as the Cloud API has it: a number in positional templates."""
        return int(self.name) if self.name.isdigit() else self.name

    def _value(self, record, given: dict | None = None) -> str:
        """The text for a record. Raises MissingValue when there is none.

        `given` are the texts that the sender was asked for. WhatsApp takes no line
        break, no tab and few spaces in a row (Cloud API, 132018): each is a space.
        """
        if self.source == "ask":
            value = (given or {}).get(self._asked_key)
        else:
            value = getattr(self, f"_value_from_{self.source}")(record)
        text = _BLANKS.sub(" ", str(value or "").strip())
        if not text:
            raise MissingValue(self._asked_name)
        return text

    def _value_or_none(self, record) -> str | None:
        try:
            return self._value(record)
        except MissingValue:
            return None

    def _is_readable(self, record) -> bool:
        """Whether the user may read what the variable tells of a record.

        `_value` does not ask: what a message says was decided when it was written.
        """
        owner = record
        names = self.field_path.split(".") if self.source == "field" else ()
        for name in names:
            field = owner._fields.get(name)
            if field is None or not owner._has_field_access(field, "read"):
                return False
            if not owner.has_access("read"):
                return False
            owner = owner[name] if field.relational else owner
        return owner.has_access("read")

    def _value_from_text(self, _record) -> str | None:
        return self.text

    def _value_from_field(self, record) -> str | None:
        """As the patient reads it; zero is empty, as Odoo stores a number not given."""
        *path, name = self.field_path.split(".")
        # sudo: a manager decided to tell it, whoever sends the message
        owner = record.sudo()
        try:
            for step in path:
                owner = owner[step]
            value = owner[name]
        except KeyError:
            # The field has gone with its addon.
            return None
        field = owner._fields[name]
        if not value or isinstance(value, bool):
            return None
        tell = _TOLD.get(field.type, _export)
        return tell(self, field, value, owner, record)

    def _value_from_builtin(self, record) -> str | None:
        return getattr(self, f"_builtin_{self.builtin}")(record)

    def _builtin_patient_name(self, record):
        return partner_of(record).name

    def _builtin_clinic_name(self, record):
        return _branch(record).name or record.env.company.name

    def _builtin_company_name(self, record):
        return (_branch(record).company_id or record.env.company).name

    def _builtin_clinic_address(self, record):
        address = (_branch(record) or record.env.company).partner_id
        return ", ".join(
            filter(None, address._display_address(without_company=True).splitlines())
        )

    def _builtin_clinic_phone(self, record):
        return (_branch(record) or record.env.company).partner_id.phone

    def _builtin_personal_link(self, _record):
        return LINK

    def _builtin_notice_link(self, record):
        company = record.env.company
        notice = self.env["whatsapp.clinic.privacy.notice"]._current(company)
        return notice and notice._url()

    def _matching(self, components: list[dict], template) -> list:
        """Commands that make these rows equal to the variables of a definition.

        One that was only renamed keeps where it comes from.
        """
        found = payloads.template_variables(components, template.parameter_format)
        wanted = {(one.component, str(one.name)): one for one in found}
        known = {(one.component, one.name): one for one in self}
        gone = [row for key, row in known.items() if key not in wanted]
        new = [key for key in wanted if key not in known]
        commands = []
        is_renamed = len(gone) == len(new) == 1 and gone[0].component == new[0][0]
        # A one-time code comes from nowhere where something else came from.
        if is_renamed and not template._is_code:
            row, name = gone.pop(), new.pop()[1]
            guess = {} if row.source else self._guess(name, template)
            commands.append(Command.update(row.id, {"name": name, **guess}))
        commands += [Command.delete(row.id) for row in gone]
        commands += [
            Command.update(row.id, {"example": wanted[key].example})
            for key, row in known.items()
            if key in wanted and (row.example or "") != wanted[key].example
        ]
        commands += [
            Command.create(
                {
                    "component": component,
                    "name": name,
                    **self._guess(name, template),
                    **_filled(example=wanted[component, name].example),
                }
            )
            for component, name in new
        ]
        return commands

    def _follow_language(self, language: str | None):
        """Tell days and times of untouched examples in a template's language.

        WhatsApp refuses a template whose examples are in another one.
        """
        for variable in self.filtered("builtin"):
            sample = _sample(variable.builtin, language)
            is_outdated = variable.example and variable.example != sample
            if is_outdated and variable.example in _samples(variable.builtin):
                variable.example = sample

    def _sources(self) -> dict[tuple[str, str], dict]:
        """Where each comes from, by component and name."""
        return {
            (variable.component, variable.name): {
                name: variable[name] for name in _SOURCE
            }
            for variable in self
        }

    def _follow_cards(self, places: dict, former: dict):
        """Fill cards that changed places as they were filled before.

        `places` are the former ones by the new, as `_follow` of the cards returns
        them; `former` is what `_sources` told before.
        """
        for variable in self.filtered(lambda one: one._is_on_card):
            _card, place, part = variable.component.split(":", 2)
            if int(place) not in places:
                continue
            source = (f"card:{places[int(place)]}:{part}", variable.name)
            if source in former:
                variable.write(former[source])
            elif (variable.component, variable.name) in former:
                variable.write(dict.fromkeys(_SOURCE, False))

    @api.model
    def _builtins_of(self, model: str) -> list[tuple[str, str]]:
        """Names and labels of the built-in values that a record of a model has."""
        labels = self._fields["builtin"]._description_selection(self.env)
        return [choice for choice in labels if self._fits(choice[0], model)]

    @api.model
    def _fits(self, builtin: str | None, model: str) -> bool:
        """Whether a record of a model has a built-in value."""
        only = self._builtins_only_of()
        return bool(builtin) and only.get(builtin, model) == model

    @api.model
    def _builtins_only_of(self) -> dict[str, str]:
        """The model whose records alone have a built-in value, by its name."""
        return {}

    @api.model
    def _guess(self, name: str, template) -> dict:
        """The built-in value that a variable is named after."""
        if name not in dict(self._builtins_of(template.model)):
            return {}
        return {
            "source": "builtin",
            "builtin": name,
            "example": _sample(name, template.language),
        }


# What says where a variable comes from.
_SOURCE = ("source", "builtin", "field_path", "text")
_LOCALES = locale_identifiers()
_UNREADABLE_TYPES = (
    "binary",
    "html",
    "json",
    "many2one_reference",
    "properties",
    "properties_definition",
    "reference",
)


def partner_of(record):
    return record if record._name == "res.partner" else record.partner_id


def _branch(record):
    return (
        record.clinic_branch_id if record._name == "res.partner" else record.branch_id
    )


def patients_time(moment: datetime, record) -> datetime:
    """A naive UTC moment by the clock of a record's patient, else of the branch."""
    zone = partner_of(record).tz or _branch(record).tz or "UTC"
    return clock.in_zone(moment, zone)


def _export(_variable, field, value, owner, _record) -> str:
    return field.convert_to_export(value, owner)


def _told_date(variable, _field, value, _owner, _record) -> str:
    return date_text(value, variable.template_id.language)


def _told_moment(variable, _field, value, _owner, record) -> str:
    moment, language = patients_time(value, record), variable.template_id.language
    return f"{date_text(moment, language)} {time_text(moment, language)}"


def _told_number(variable, field, value, owner, _record) -> str:
    _total, places = field.get_digits(owner.env) or (None, 3)
    locale = locale_code(variable.template_id.language)
    return format_decimal(round(value, places), locale=locale)


def _told_amount(variable, field, value, owner, _record) -> str:
    currency = owner[field.get_currency_field(owner)]
    locale = locale_code(variable.template_id.language)
    if not currency:
        return format_decimal(value, locale=locale)
    return format_currency(value, currency.name, locale=locale)


_TOLD = {
    "date": _told_date,
    "datetime": _told_moment,
    "float": _told_number,
    "monetary": _told_amount,
}


def date_text(moment: datetime, language: str | None) -> str:
    return format_date(moment, format="full", locale=locale_code(language))


def time_text(moment: datetime, language: str | None) -> str:
    return format_time(moment, format="short", locale=locale_code(language))


@lru_cache(maxsize=256)
def locale_code(language: str | None) -> str:
    """WhatsApp's code as babel knows it; English while it is no language."""
    language = language or ""
    return negotiate_locale([language, language[:2]], _LOCALES) or "en"


def _sample(name: str, language: str | None) -> str:
    if name.endswith("_date"):
        return date_text(_SAMPLE_START, language)
    if name.endswith("_time"):
        return time_text(_SAMPLE_START, language)
    return _SAMPLES.get(name, "")


@lru_cache
def _samples(name: str) -> frozenset[str]:
    """The example of a built-in value in every language of templates."""
    return frozenset(_sample(name, code) for code in payloads.LANGUAGES)


def _filled(**values) -> dict:
    return {name: value for name, value in values.items() if value}
