from odoo import models


class ResPartner(models.Model):
    """A person of the clinic."""

    _inherit = "res.partner"

    def _plan_messages(self):
        """Have planned what is to come for these, and for whom they decide.

        For when something that stood against writing to them has ended.
        """

    def _ask_for_number(self):
        """Have reception ask these patients for their number when they come."""
