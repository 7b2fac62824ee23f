from odoo import api, fields, models

from ...tools.access import require_group


class Channel(models.Model):
    """What makes the transfer of data to WhatsApp's servers abroad lawful.

    It is no consent of the patient (KVKK article 9): a standard contract is signed and
    the authority notified of it within five business days.
    """

    _inherit = "whatsapp.clinic.channel"

    transfer_contract = fields.Char(
        "Standard Contract",
        tracking=True,
        help="Where the contract for the transfer abroad is kept, or its number.",
    )
    transfer_contract_date = fields.Date("Contract Signed on", tracking=True)
    transfer_notified_on = fields.Date(
        "Notified to the Authority on",
        tracking=True,
        help="KVKK article 9: within five business days of the signature.",
    )
    is_transfer_recorded = fields.Boolean(
        "Transfer on Record", compute="_compute_is_transfer_recorded"
    )

    shortcoming = fields.Char(
        "What Is Missing",
        compute="_compute_shortcoming",
        help="What keeps it from sending, or has to be put on record.",
    )

    _transfer_in_order = models.Constraint(
        "CHECK (transfer_notified_on >= transfer_contract_date)",
        "A contract is notified after it is signed.",
    )

    @api.depends("transfer_contract", "transfer_contract_date", "transfer_notified_on")
    def _compute_is_transfer_recorded(self):
        for channel in self:
            channel.is_transfer_recorded = bool(
                channel.transfer_contract
                and channel.transfer_contract_date
                and channel.transfer_notified_on
            )

    @api.depends("state", "state_reason", "is_transfer_recorded")
    @api.depends_context("lang")
    def _compute_shortcoming(self):
        for channel in self:
            is_open = not channel.is_transfer_recorded
            channel.shortcoming = channel.state_reason or (
                is_open and self.env._("Transfer abroad not on record")
            )

    @property
    def _refuses_unrecorded_transfer(self) -> bool:
        refuses = self.company_id.sudo().clinic_refuse_unrecorded_transfer
        return refuses and not self.is_transfer_recorded

    def action_record_transfer(self):
        self.ensure_one()
        require_group(self.env, "group_privacy_officer", "group_administrator")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Transfer Abroad"),
            "res_model": "whatsapp.clinic.channel.transfer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_channel_id": self.id},
        }
