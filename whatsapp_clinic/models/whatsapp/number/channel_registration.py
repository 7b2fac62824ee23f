from odoo import models


class Channel(models.Model):
    """Registering the number for the Cloud API, with its PIN (two-step verification).

    A number is registered once; the check follows, which shows what came of it.
    """

    _inherit = "whatsapp.clinic.channel"

    def action_register(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Registration of %s", self.name),
            "res_model": "whatsapp.clinic.channel.registration",
            "view_mode": "form",
            "target": "new",
            "context": {"default_channel_id": self.id},
        }

    def _call_request_code(self, method: str, language: str):
        return lambda client, _app: client.request_code(method, language)

    def _apply_request_code(self, _answer):
        """The code comes to the phone."""

    def _call_verify_code(self, code: str):
        return lambda client, _app: client.verify_code(code)

    def _apply_verify_code(self, _answer):
        self._ask("check")

    def _call_register(self, pin: str):
        return lambda client, _app: client.register(pin)

    def _apply_register(self, _answer):
        self._ask("check")

    def _call_deregister(self):
        return lambda client, _app: client.deregister()

    def _apply_deregister(self, _answer):
        self._ask("check")

    def _call_set_pin(self, pin: str):
        return lambda client, _app: client.set_pin(pin)

    def _apply_set_pin(self, _answer):
        self._ask("check")
