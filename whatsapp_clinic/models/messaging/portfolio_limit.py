from odoo import fields, models

from ...tools import clock


class Portfolio(models.Model):
    """Remembers that WhatsApp lowered the messaging limit, until it raises it."""

    _inherit = "whatsapp.clinic.portfolio"

    limit_lowered_at = fields.Datetime(readonly=True, copy=False)

    def write(self, vals):
        if "messaging_limit" not in vals or "limit_lowered_at" in vals:
            return super().write(vals)
        for portfolio in self:
            change = _change(portfolio.messaging_limit, vals["messaging_limit"])
            super(Portfolio, portfolio).write({**vals, **change})
        return True


def _change(before: int, after: int) -> dict:
    """What a new limit means; 0 stands for none."""
    unlimited = float("inf")
    old, new = before or unlimited, after or unlimited
    if old == unlimited or new == old:
        # Nothing was known before, or nothing changes.
        return {}
    return {"limit_lowered_at": clock.now() if new < old else False}
