from werkzeug.exceptions import MethodNotAllowed

from odoo import models
from odoo.http import request

# Under which all pages and doors of the addon are.
OWN_ROUTES = "/whatsapp_clinic/"


class IrHttp(models.AbstractModel):
    """Where the web client starts, and how our own routes may be called."""

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """A route does what it does by the methods that it names, and by no other."""
        if request.httprequest.method == "OPTIONS" and rule.rule.startswith(OWN_ROUTES):
            raise MethodNotAllowed(sorted(rule.methods - {"OPTIONS"}))
        return super()._pre_dispatch(rule, args)

    def session_info(self):
        info = super().session_info()
        user = self.env.user
        if not info.get("home_action_id") and user.clinic_starts_here:
            info["home_action_id"] = user._clinic_home().id
        return info
