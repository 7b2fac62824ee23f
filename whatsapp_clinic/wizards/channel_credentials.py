from odoo import api, fields, models

from ..tools.given_secret import SECRETS


class ChannelCredentials(models.TransientModel):
    """Takes the secrets of an app; nobody gets them back, nothing is kept here."""

    _name = "whatsapp.clinic.channel.credentials"
    _description = "WhatsApp Channel Credentials"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    account_id = fields.Many2one(
        "whatsapp.clinic.account", required=True, ondelete="cascade"
    )
    access_token_source = fields.Selection(related="account_id.access_token_source")
    app_secret_source = fields.Selection(related="account_id.app_secret_source")
    verify_token_source = fields.Selection(related="account_id.verify_token_source")
    access_token = fields.Char(
        store=False, help="Token of the system user, from Meta Business Suite."
    )
    app_secret = fields.Char(
        store=False, help="App dashboard, Basic settings. It signs the webhooks."
    )
    verify_token = fields.Char(
        store=False,
        help="A word of your own; enter the same one at Meta's webhook page.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        secrets = [
            {kind: vals.pop(kind, None) or "" for kind in SECRETS} for vals in vals_list
        ]
        wizards = super().create(vals_list)
        for wizard, values in zip(wizards, secrets, strict=True):
            wizard.account_id._set_credentials(values)
            wizard.account_id.channel_ids._check_again()
        return wizards

    def action_save(self):
        return {"type": "ir.actions.act_window_close"}
