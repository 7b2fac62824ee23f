from odoo import fields, models


class Branch(models.Model):
    """What is planned about visits here leaves from, and when, it would now."""

    _inherit = "whatsapp.clinic.branch"

    plan_version = fields.Integer(
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="Counts up when number or quiet hours change.",
    )

    def _plan_messages(self):
        result = super()._plan_messages()
        for branch in self.sudo():
            branch.plan_version += 1
        plannings = self.env["whatsapp.clinic.message.planning"]
        plannings._begin([{"branch_id": branch.id} for branch in self])
        return result
