from odoo import models


class Channel(models.Model):
    """How many messages a channel has."""

    _inherit = "whatsapp.clinic.channel"

    def _count_messages(self, states=None):
        domain = [("channel_id", "in", self.ids)]
        if states:
            domain.append(("state", "in", states))
        counted = self.env["whatsapp.clinic.message"]._read_group(
            domain, ["channel_id"], ["__count"]
        )
        return super()._count_messages(states) | dict(counted)
