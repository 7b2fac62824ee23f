from odoo import api, fields, models

SECRETS = ("access_token", "app_secret", "verify_token")


class ChannelCredentials(models.TransientModel):
    """Takes a channel's secrets; nobody gets them back, nothing is kept here."""

    _name = "whatsapp.clinic.channel.credentials"
    _description = "WhatsApp Channel Credentials"

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", required=True, ondelete="cascade"
    )
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
            {name: vals.pop(name, None) or "" for name in SECRETS} for vals in vals_list
        ]
        wizards = super().create(vals_list)
        for wizard, values in zip(wizards, secrets, strict=True):
            wizard.channel_id._set_credentials(values)
        return wizards

    def action_save(self):
        return {"type": "ir.actions.act_window_close"}
