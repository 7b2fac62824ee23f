"""Which records a client names in the values of a record, a default or a form."""

from collections.abc import Iterator

from odoo import models
from odoo.fields import Command

# (model name, id)
Given = tuple[str, int]


def given_ids(model, values: dict) -> Iterator[Given]:
    """Every record that `values` name, as `create`, `write`, `default_get` and
    `onchange` take them; what commands write in lines included."""
    for name, value in values.items():
        field = model._fields.get(name)
        if value and field is not None:
            yield from _of_field(model, field, value, values)


def _of_field(model, field, value, values: dict) -> Iterator[Given]:
    if field.type == "many2one":
        yield from _of_one(model.env[field.comodel_name], value)
    elif field.type in ("one2many", "many2many"):
        yield from _of_many(model.env[field.comodel_name], value)
    elif field.type == "reference":
        name, _comma, number = _reference(value).partition(",")
        yield name, int(number) if number.isdigit() else 0
    elif field.type == "many2one_reference":
        yield values.get(field.model_field) or model[:1][field.model_field], value


def _reference(value) -> str:
    return f"{value._name},{value.id}" if isinstance(value, models.Model) else value


def _of_one(comodel, value) -> Iterator[Given]:
    """An id, a record, a pair of id and name, or the values of a new record."""
    if isinstance(value, dict):
        yield from given_ids(comodel, value)
        return
    first = value[:1] if isinstance(value, (tuple, list)) else [value]
    yield from _of_many(comodel, first)


def _of_many(comodel, value) -> Iterator[Given]:
    """A recordset, or a list of ids, commands and values of new records."""
    for item in value.ids if isinstance(value, models.BaseModel) else value:
        if isinstance(item, models.BaseModel):
            yield from _of_many(comodel, item)
        elif isinstance(item, dict):
            yield from given_ids(comodel, item)
        elif isinstance(item, (tuple, list)):
            yield from _of_command(comodel, *item)
        elif isinstance(item, int):
            yield comodel._name, item


def _of_command(comodel, code=None, number=0, extra=None) -> Iterator[Given]:
    if code == Command.SET:
        yield from _of_many(comodel, extra or [])
    elif code in (Command.CREATE, Command.UPDATE):
        yield from given_ids(comodel, extra or {})
    if code in (Command.UPDATE, Command.DELETE, Command.UNLINK, Command.LINK):
        yield from _of_many(comodel, [number])
