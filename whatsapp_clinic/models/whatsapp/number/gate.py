from odoo import api, models

from .portfolio_limit import PortfolioLimit


class Gate(models.AbstractModel):
    """The numbers of a portfolio share WhatsApp's messaging limit."""

    _inherit = "whatsapp.clinic.gate"

    @api.model
    def _limits(self, messages, facts):
        limit = PortfolioLimit(self.env, messages, facts.is_open)
        return [*super()._limits(messages, facts), limit]
