from odoo import api, fields, models
from odoo.exceptions import UserError

SECRETS = ("code", "pin")
PAYLOADS = {
    "request_code": ("method", "language"),
    "verify_code": ("code",),
    "register": ("pin",),
    "set_pin": ("pin",),
    "deregister": (),
}


class ChannelRegistration(models.TransientModel):
    """One step of a number's registration; code and PIN are handed over, not kept."""

    _name = "whatsapp.clinic.channel.registration"
    _description = "Registration of a Number"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", required=True, ondelete="cascade"
    )
    step = fields.Selection(
        [
            ("request_code", "1. Have a code sent to the number"),
            ("verify_code", "2. Enter the code"),
            ("register", "3. Register the number with its PIN"),
            ("set_pin", "Change the PIN"),
            ("deregister", "Take the number out of the Cloud API"),
        ],
        required=True,
        default="register",
    )
    method = fields.Selection(
        [("SMS", "Text message"), ("VOICE", "Call")], required=True, default="SMS"
    )
    language = fields.Char(
        required=True,
        default=lambda self: (self.env.user.lang or "en")[:2],
        help="WhatsApp's code of the language in which the code is told, such as tr.",
    )
    code = fields.Char(store=False, help="The six digits that came to the number.")
    pin = fields.Char(
        "PIN",
        store=False,
        help="Six digits of your own choice for a new number; for one that was "
        "registered before, the PIN it has.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        secrets = [
            {name: vals.pop(name, None) or "" for name in SECRETS} for vals in vals_list
        ]
        wizards = super().create(vals_list)
        for wizard, values in zip(wizards, secrets, strict=True):
            wizard._ask_for(values)
        return wizards

    def action_ask(self):
        return {"type": "ir.actions.act_window_close"}

    def _ask_for(self, secrets: dict[str, str]):
        payload = {
            name: secrets.get(name, "").strip() if name in SECRETS else self[name]
            for name in PAYLOADS[self.step]
        }
        if not all(payload.values()):
            raise UserError(self.env._("Six digits are needed."))
        self.channel_id._ask(self.step, payload)
