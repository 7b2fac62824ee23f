from odoo import models


class IrHttp(models.AbstractModel):
    """Where the web client starts."""

    _inherit = "ir.http"

    def session_info(self):
        info = super().session_info()
        user = self.env.user
        if not info.get("home_action_id") and user.clinic_starts_here:
            info["home_action_id"] = user._clinic_home().id
        return info
