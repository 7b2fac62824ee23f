from collections.abc import Callable, Sequence

from odoo import Command, api, models
from odoo.exceptions import UserError


class TemplatePart(models.AbstractModel):
    """A row under a template, of which WhatsApp has approved the fields `_defined`."""

    _name = "whatsapp.clinic.template.part"
    _description = "Part of a WhatsApp Template"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _defined: frozenset = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create(vals_list)
        created._check_draft()
        return created

    def write(self, vals):
        moves = "template_id" in vals
        if moves or vals.keys() & self._defined:
            self._check_draft()
        result = super().write(vals)
        if moves:
            self._check_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_from_drafts(self):
        self._check_draft()

    def _check_draft(self):
        """What an approved template has is not ours to change."""
        if not self.env.su and not all(one.is_draft for one in self.template_id):
            raise UserError(self.env._("Press “Edit” on the template to change it."))


def matching(
    rows, kept: Sequence, wanted: Sequence[dict], added: Callable[[dict], dict]
) -> list:
    """Commands that make rows equal to a definition.

    `kept` is the row for each place of what is wanted, or None; `added` are the values
    of one that is new.
    """
    commands = [Command.delete(row.id) for row in rows if row not in kept]
    for index, (row, values) in enumerate(zip(kept, wanted, strict=True)):
        values = {**values, "index": index}
        if not row:
            commands.append(Command.create(added(values)))
        elif any(row[name] != value for name, value in values.items()):
            commands.append(Command.update(row.id, values))
    return commands
