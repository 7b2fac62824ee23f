"""Which records a client names in the values of a record, a default or a form.

An id is a whole number. Odoo takes more for one: text, fractions, True. Those, and
values of unknown shape, are answered as UNKNOWN, so that whoever asks refuses them.
"""

from collections.abc import Iterator

from odoo import models
from odoo.api import NewId
from odoo.fields import Command

# (model name, id)
Given = tuple[str, int]

# The id of no record.
UNKNOWN = 0
# Ids are PostgreSQL's integers.
MAX_ID = 2**31 - 1

_NAMING = (Command.UPDATE, Command.DELETE, Command.UNLINK, Command.LINK)


def given_ids(model, values: dict) -> Iterator[Given]:
    """Every record that `values` name, as `create`, `write`, `default_get` and
    `onchange` take them; what commands write in lines included."""
    for name, value in values.items():
        field = model._fields.get(name)
        if field is not None and (value or isinstance(value, NewId)):
            yield from _of_field(model, field, value, values)


def ids_of_list(name: str, ids) -> Iterator[Given]:
    """Each of a list of ids, or of a recordset, of a model."""
    if isinstance(ids, models.BaseModel):
        ids = ids.ids
    for one in ids if isinstance(ids, (list, tuple)) else [UNKNOWN]:
        yield name, _id(one)


def _id(value) -> int:
    is_id = type(value) is int and 0 < value <= MAX_ID
    return value if is_id else UNKNOWN


def _of_field(model, field, value, values: dict) -> Iterator[Given]:
    if field.type == "many2one":
        yield from _of_one(model.env[field.comodel_name], value)
    elif field.type in ("one2many", "many2many"):
        yield from _of_many(model.env[field.comodel_name], value)
    elif field.type == "reference":
        yield from _of_reference(value)
    elif field.type == "many2one_reference":
        name = values.get(field.model_field) or model[:1][field.model_field]
        yield name, _id(value)


def _of_reference(value) -> Iterator[Given]:
    """A record, or text like `res.partner,5`."""
    if isinstance(value, models.BaseModel):
        yield from ids_of_list(value._name, value)
        return
    name, _comma, number = str(value).partition(",")
    is_number = number.isdecimal() and len(number) <= len(str(MAX_ID))
    yield name, _id(int(number)) if is_number else UNKNOWN


def _of_one(comodel, value) -> Iterator[Given]:
    """An id, a record, a pair of id and name, or the values of a record."""
    if isinstance(value, models.BaseModel):
        yield from ids_of_list(comodel._name, value)
    elif isinstance(value, dict):
        yield from _of_values(comodel, value)
    else:
        is_pair = isinstance(value, (tuple, list))
        yield comodel._name, _id(value[0] if is_pair else value)


def _of_many(comodel, value) -> Iterator[Given]:
    """A recordset, or a list of ids, records, commands and values of new records."""
    if isinstance(value, models.BaseModel) or not isinstance(value, (tuple, list)):
        yield from ids_of_list(comodel._name, value)
        return
    for item in value:
        if isinstance(item, models.BaseModel):
            yield from ids_of_list(comodel._name, item)
        elif isinstance(item, dict):
            yield from _of_values(comodel, item)
        elif isinstance(item, (tuple, list)):
            yield from _of_command(comodel, item)
        else:
            yield comodel._name, _id(item)


def _of_command(comodel, command) -> Iterator[Given]:
    code, number, extra = (*command, None, None, None)[:3]
    if code in (Command.CREATE, Command.UPDATE):
        yield from _of_values(comodel, extra or {})
    if code in _NAMING:
        yield comodel._name, _id(number)
    elif code == Command.SET:
        yield from ids_of_list(comodel._name, extra or [])
    elif code not in (Command.CREATE, Command.CLEAR):
        yield comodel._name, UNKNOWN


def _of_values(comodel, values) -> Iterator[Given]:
    """Values of a record, which is one that exists where they have an id."""
    if not isinstance(values, dict):
        yield comodel._name, UNKNOWN
        return
    if values.get("id") or isinstance(values.get("id"), NewId):
        yield comodel._name, _id(values["id"])
    yield from given_ids(comodel, values)
