from babel.dates import format_date, format_time

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...cloud_api import payloads

SOURCES = [
    ("builtin", "Built-in value"),
    ("field", "Field of the record"),
    ("text", "Fixed text"),
]
BUILTINS = [
    ("patient_name", "Patient's name"),
    ("clinic_name", "Name of the branch"),
    ("clinic_address", "Address of the branch"),
    ("clinic_phone", "Phone of the branch"),
    ("practitioner_name", "Practitioner's name"),
    ("appointment_date", "Day of the appointment"),
    ("appointment_time", "Time of the appointment"),
]
_APPOINTMENT_ONLY = {"practitioner_name", "appointment_date", "appointment_time"}


class MissingValue(Exception):
    """A variable is empty for a record; the text is the variable's name."""


class TemplateVariable(models.Model):
    """A place in a template and where its value comes from."""

    _name = "whatsapp.clinic.template.variable"
    _description = "WhatsApp Template Variable"
    _order = "template_id, component desc, id"

    template_id = fields.Many2one(
        "whatsapp.clinic.template", required=True, ondelete="cascade", index=True
    )
    model = fields.Selection(related="template_id.model")
    component = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True)
    example = fields.Char(readonly=True)
    source = fields.Selection(SOURCES)
    builtin = fields.Selection(BUILTINS, "Built-in")
    field_path = fields.Char(
        help="For example partner_id.name; each step is a field of the record before."
    )
    text = fields.Char()

    _name_uniq = models.Constraint(
        "UNIQUE (template_id, component, name)", "A variable is listed once."
    )

    @api.depends("name")
    def _compute_display_name(self):
        for variable in self:
            variable.display_name = f"{{{{{variable.name}}}}}"

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

    def _source_problem(self) -> str | None:
        """Why the chosen source cannot work; None when it can or none is chosen."""
        if self.source == "field":
            return self._path_problem()
        if self.source == "builtin" and not self._builtin_fits():
            return self.env._("Choose a built-in value that a %s has.", self.model)
        if self.source == "text" and not (self.text or "").strip():
            return self.env._("Write the fixed text.")
        return None

    def _builtin_fits(self) -> bool:
        is_appointment = self.model == "whatsapp.clinic.appointment"
        return bool(self.builtin) and (
            is_appointment or self.builtin not in _APPOINTMENT_ONLY
        )

    def _path_problem(self) -> str | None:
        model = self.env[self.model]
        names = (self.field_path or "").split(".")
        for position, name in enumerate(names):
            field = model._fields.get(name)
            if field is None or field.groups == fields.NO_ACCESS:
                return self.env._(
                    "“%(model)s” has no field “%(field)s”.",
                    model=model._description,
                    field=name,
                )
            last = position == len(names) - 1
            if field.relational and not last:
                model = self.env[field.comodel_name]
            elif last and (field.relational or field.type in _UNREADABLE_TYPES):
                return self.env._("“%s” is no text, number or date.", name)
            elif not last:
                return self.env._("“%s” leads no further.", name)
        return None

    def _is_mapped(self) -> bool:
        return bool(self.source) and not self._source_problem()

    def _key(self) -> str | int:
        """The name as the Cloud API has it: a number in positional templates."""
        return int(self.name) if self.name.isdigit() else self.name

    def _value(self, record) -> str:
        """The text for a record. Raises MissingValue when there is none."""
        value = getattr(self, f"_value_from_{self.source}")(record)
        text = " ".join(str(value or "").split())
        if not text:
            raise MissingValue(self.name)
        return text

    def _value_from_text(self, _record) -> str | None:
        return self.text

    def _value_from_field(self, record) -> str | None:
        *path, name = self.field_path.split(".")
        for step in path:
            record = record[step][:1]
        value = record[name]
        if isinstance(value, bool):
            return None
        return record._fields[name].convert_to_export(value, record)

    def _value_from_builtin(self, record) -> str | None:
        return getattr(self, f"_builtin_{self.builtin}")(record)

    def _builtin_patient_name(self, record):
        return _partner(record).name

    def _builtin_clinic_name(self, record):
        return _branch(record).name or record.env.company.name

    def _builtin_clinic_address(self, record):
        address = (_branch(record) or record.env.company).partner_id
        return address._display_address(without_company=True).replace("\n", ", ")

    def _builtin_clinic_phone(self, record):
        return (_branch(record) or record.env.company).partner_id.phone

    def _builtin_practitioner_name(self, record):
        return record.practitioner_id.name

    def _builtin_appointment_date(self, record):
        start = record._local_start()
        return format_date(start, format="full", locale=self.template_id.language)

    def _builtin_appointment_time(self, record):
        start = record._local_start()
        return format_time(start, format="short", locale=self.template_id.language)

    def _take_over(self, template):
        """Make the rows of a template equal to the variables in its definition."""
        found = payloads.template_variables(
            template.components or [], template.parameter_format
        )
        known = {(one.component, one.name): one for one in self}
        wanted = {(one.component, str(one.name)): one for one in found}
        for key, variable in known.items():
            if key not in wanted:
                variable.unlink()
        for (component, name), variable in wanted.items():
            if (component, name) in known:
                known[component, name].example = variable.example
            else:
                self.create(
                    {
                        "template_id": template.id,
                        "component": component,
                        "name": name,
                        "example": variable.example,
                        **self._guess(name),
                    }
                )

    @api.model
    def _guess(self, name: str) -> dict:
        if name in dict(BUILTINS):
            return {"source": "builtin", "builtin": name}
        return {}


_UNREADABLE_TYPES = ("binary", "json", "properties", "properties_definition", "html")


def _partner(record):
    return record if record._name == "res.partner" else record.partner_id


def _branch(record):
    return (
        record.clinic_branch_id if record._name == "res.partner" else record.branch_id
    )
