from odoo import Command, api, fields, models

# The colours of Odoo's palette; 0 is none.
_COLOURS = 11


class Practitioner(models.Model):
    """Somebody who sees patients: a doctor, dentist, therapist."""

    _name = "whatsapp.clinic.practitioner"
    _description = "Practitioner"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "resource.mixin"]
    _order = "name"
    _check_company_auto = True

    name = fields.Char(related="resource_id.name", store=True, readonly=False)
    active = fields.Boolean(
        related="resource_id.active", store=True, readonly=False, default=True
    )
    user_id = fields.Many2one(
        "res.users", help="The practitioner's login, to see the own day."
    )
    branch_ids = fields.Many2many(
        "whatsapp.clinic.branch",
        "whatsapp_clinic_practitioner_branch",
        "practitioner_id",
        "branch_id",
        check_company=True,
        required=True,
        default=lambda self: self._default_branches(),
    )
    specialty = fields.Char(help="For staff; never part of a reminder.")
    color = fields.Integer(default=lambda self: self._default_color())
    hours_ids = fields.One2many(
        "whatsapp.clinic.practitioner.hours", "practitioner_id", "Own Hours"
    )

    @api.model
    def _default_branches(self, company_id: int | None = None):
        """The only branch of a company, default the user's, if there is one."""
        branches = self.env["whatsapp.clinic.branch"].search(
            [("company_id", "=", company_id or self.env.company.id)], limit=2
        )
        return branches if len(branches) == 1 else branches.browse()

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [
                {
                    "branch_ids": [
                        Command.set(self._default_branches(vals.get("company_id")).ids)
                    ],
                    **vals,
                }
                for vals in vals_list
            ]
        )

    @api.model
    def _default_color(self) -> int:
        """Each has the next colour in the calendar, until all are taken."""
        return self.search_count([]) % _COLOURS + 1

    def action_open_leaves(self) -> dict:
        """Open the times at which somebody is away; no visits are offered then."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Time Off of %s", self.name),
            "res_model": "resource.calendar.leaves",
            "view_mode": "list,form,calendar",
            "domain": [("resource_id", "=", self.sudo().resource_id.id)],
            "context": {
                "default_resource_id": self.sudo().resource_id.id,
                "default_company_id": self.company_id.id,
            },
        }
