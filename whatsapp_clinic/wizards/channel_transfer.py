from odoo import api, fields, models

from ..tools.access import require_group

RECORDED = ("transfer_contract", "transfer_contract_date", "transfer_notified_on")


class ChannelTransfer(models.TransientModel):
    """Notes the contract under which a channel sends data abroad."""

    _name = "whatsapp.clinic.channel.transfer"
    _description = "Transfer Abroad"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", required=True, ondelete="cascade"
    )
    transfer_contract = fields.Char(
        "Standard Contract",
        compute="_compute_recorded",
        store=True,
        readonly=False,
        required=True,
    )
    transfer_contract_date = fields.Date(
        "Contract Signed on",
        compute="_compute_recorded",
        store=True,
        readonly=False,
        required=True,
    )
    transfer_notified_on = fields.Date(
        "Notified to the Authority on",
        compute="_compute_recorded",
        store=True,
        readonly=False,
    )

    @api.depends("channel_id")
    def _compute_recorded(self):
        for wizard in self:
            for name in RECORDED:
                wizard[name] = wizard.channel_id[name]

    def action_save(self):
        self.ensure_one()
        require_group(self.env, "group_privacy_officer", "group_administrator")
        self.channel_id.check_access("read")
        self.channel_id.sudo().write({name: self[name] for name in RECORDED})
        return {"type": "ir.actions.act_window_close"}
