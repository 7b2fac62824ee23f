from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL


class RuledOne2many(fields.One2many):
    """Lines by which a search finds no more than the user's rules show of them.

    Whether a record has any line at all, or one of some ids, Odoo asks with the rights
    of the system.
    """

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        where = (model, alias, query)
        if model.env.su or operator not in ("in", "not in") or isinstance(value, SQL):
            return super().condition_to_sql(field_expr, operator, value, *where)
        named = [one for one in value if one]
        parts = [self._with_line(Domain("id", "in", named), *where)]
        if False in value:
            parts.append(SQL("(NOT %s)", self._with_line(Domain.TRUE, *where)))
        found = SQL("(%s)", SQL(" OR ").join(parts))
        return found if operator == "in" else SQL("(NOT %s)", found)

    def _with_line(self, those: Domain, model, alias, query) -> SQL:
        """That a record has a line of a domain which the user sees."""
        lines = model.env[self.comodel_name].with_context(active_test=False)
        seen = lines._search(those)
        return fields.One2many.condition_to_sql(
            self, self.name, "any", seen, model, alias, query
        )
