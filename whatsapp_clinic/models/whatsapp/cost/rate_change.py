from datetime import date, datetime, time, timedelta

from odoo import api, fields, models

from ....tools import clock
from ....tools.wake_up import wake_after_commit


class RateChange(models.Model):
    """Since when delivered messages have to be priced again."""

    _name = "whatsapp.clinic.rate.change"
    _description = "WhatsApp Rate Change"

    since = fields.Datetime(required=True)

    @api.model
    def _note(self, day: date):
        """Price again from a day on, in whatever time zone it begins first."""
        since = datetime.combine(day, time()) - timedelta(days=1)
        if since <= clock.now():
            self.create({"since": since})
            wake_after_commit(self.env, "price_messages")
