from odoo import fields, models

from ....tools import clock


class Portfolio(models.Model):
    """Remembers that WhatsApp lowered the messaging limit, until it raises it."""

    _inherit = "whatsapp.clinic.portfolio"

    limit_lowered_at = fields.Datetime(readonly=True, copy=False)

    def write(self, vals):
        if "messaging_limit" not in vals or "limit_lowered_at" in vals:
            return super().write(vals)
        for portfolio in self:
            before, after = portfolio.messaging_limit, vals["messaging_limit"]
            super(Portfolio, portfolio).write({**vals, **_change(before, after)})
            if before != after:
                portfolio._tell_channels(before, after)
        return True

    def _tell_channels(self, before: int, after: int):
        """Note the change in the history of the numbers."""
        for channel in self.channel_ids:
            env = channel.with_context(lang=channel.company_id.partner_id.lang).env
            none = env._("none")
            channel.message_post(
                body=env._(
                    "Messaging limit: %(before)s → %(after)s",
                    before=before or none,
                    after=after or none,
                )
            )


def _change(before: int, after: int) -> dict:
    """What a new limit means; 0 stands for none."""
    unlimited = float("inf")
    old, new = before or unlimited, after or unlimited
    if old == unlimited or new == old:
        # Nothing was known before, or nothing changes.
        return {}
    return {"limit_lowered_at": clock.now() if new < old else False}
