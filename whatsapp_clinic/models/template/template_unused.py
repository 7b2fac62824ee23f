from datetime import timedelta

from odoo import fields, models

from ...tools import clock

# What nothing was sent with for so long counts as unused.
UNUSED_AFTER = timedelta(days=90)


class Template(models.Model):
    """Which templates nobody needs: an account may have 250 of them."""

    _inherit = "whatsapp.clinic.template"

    is_unused = fields.Boolean(
        "Unused",
        compute="_compute_is_unused",
        search="_search_is_unused",
        help="No rule sends it, and nothing was sent with it for 90 days.",
    )

    def _compute_is_unused(self):
        used = self._used_ids()
        for template in self:
            template.is_unused = template.id not in used

    def _search_is_unused(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        is_unused = (True in value) == (operator == "in")
        return [("id", "not in" if is_unused else "in", list(self._used_ids()))]

    def _used_ids(self) -> set[int]:
        """Templates of what was sent lately; whoever else uses some adds them."""
        self.env["whatsapp.clinic.message"].flush_model(["template_id", "due_at"])
        self.env.cr.execute(
            """
            SELECT template_id FROM whatsapp_clinic_message
            WHERE template_id IS NOT NULL AND due_at > %s GROUP BY template_id
            """,
            [clock.now() - UNUSED_AFTER],
        )
        return {template_id for (template_id,) in self.env.cr.fetchall()}
