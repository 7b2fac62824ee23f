from collections import defaultdict

from odoo import api, models
from odoo.models import parse_read_group_spec

from ...tools.access import require_readable, unreadable
from ...tools.given import given_ids
from ...tools.text import storable


class GivenIdsMixin(models.AbstractModel):
    """Takes from a client only ids of records that the client's user may read.

    Odoo asks nothing about ids in values, defaults and forms, answers their names with
    the rights of the system, and computes from them what is then shown. Every model of
    this addon that some role may create or write inherits this. Of models that are
    Odoo's, only fields of this addon are looked at. Of texts, what no column of
    PostgreSQL holds is left out.
    """

    _name = "whatsapp.clinic.given.ids.mixin"
    _description = "Asks Whether Given Ids May Be Read"

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        self._check_given([values])
        return values

    @api.model_create_multi
    def create(self, vals_list):
        self._check_given(vals_list)
        return super().create([_storable(vals) for vals in vals_list])

    def write(self, vals):
        self._check_given([vals])
        result = super().write(_storable(vals))
        if "company_id" in self._own_values(vals):
            # Odoo asks the rules before only: nobody gives a record away, or to all.
            self.check_access("write")
        return result

    def onchange(self, values, field_names, fields_spec):
        self._check_given([values])
        return super().onchange(values, field_names, fields_spec)

    def _read_group_groupby(self, alias, groupby_spec, query):
        """Odoo groups by a many2many without asking whether the user may read it."""
        field = self._fields.get(parse_read_group_spec(groupby_spec)[0])
        if field is not None:
            self._check_field_access(field, "read")
        return super()._read_group_groupby(alias, groupby_spec, query)

    def _check_given(self, vals_list: list[dict]):
        """Raise AccessError for an id that the user may not read, or that is gone."""
        if self.env.su:
            return
        ids = defaultdict(set)
        for vals in vals_list:
            for name, record_id in self._given_ids(self._own_values(vals)):
                ids[name].add(record_id)
        for name, found in ids.items():
            if name not in self.env or self.env[name]._abstract:
                raise unreadable(self.env)
            require_readable(self.env[name].browse(found))

    def _given_ids(self, values: dict):
        """(model name, id) of every record that values name; others may add some."""
        yield from given_ids(self, values)

    def _own_values(self, values: dict) -> dict:
        if self._name.startswith("whatsapp.clinic."):
            return values
        return {name: values[name] for name in values if self._is_own_field(name)}

    def _is_own_field(self, name: str) -> bool:
        field = self._fields.get(name)
        return field is not None and any(
            module.startswith("whatsapp_clinic") for module in field._modules
        )


def _storable(vals: dict) -> dict:
    """Values whose texts have nothing in them that no column holds."""
    return {
        name: storable(value) if isinstance(value, str) else value
        for name, value in vals.items()
    }
