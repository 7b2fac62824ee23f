from odoo import api, fields, models


class Branch(models.Model):
    """Which number a branch writes from."""

    _inherit = "whatsapp.clinic.branch"

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        check_company=True,
        default=lambda self: self._default_channel(),
        help="The number that this branch writes from.",
    )

    @api.model
    def _default_channel(self, company_id: int | None = None):
        """The only number of a company, default the user's, if there is one."""
        channels = self.env["whatsapp.clinic.channel"].search(
            [("company_id", "=", company_id or self.env.company.id)], limit=2
        )
        return channels if len(channels) == 1 else channels.browse()

    @api.model_create_multi
    def create(self, vals_list):
        self._check_given(vals_list)
        return super().create(
            [
                {"channel_id": self._default_channel(vals.get("company_id")).id, **vals}
                for vals in vals_list
            ]
        )

    def write(self, vals):
        result = super().write(vals)
        if "channel_id" in vals:
            self._plan_messages()
        return result
