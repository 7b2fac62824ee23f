from datetime import timedelta

from odoo import api, models

from ....cloud_api.connection_check import EXPIRES_SOON
from ....tools import clock
from ...monitoring.alarm_causes import SENDS

# A lower throughput does not rise by itself, and most clinics never notice it.
NEWS = timedelta(days=7)


def _since(column: str) -> str:
    """Channels of which WhatsApp thinks ill, by the column that says since when."""
    return f"""
        SELECT channel.id, {column}, 0
        FROM whatsapp_clinic_channel AS channel
        LEFT JOIN whatsapp_clinic_portfolio AS portfolio
          ON portfolio.id = channel.portfolio_id
        WHERE {SENDS} AND {column} IS NOT NULL
    """


_THROUGHPUT = f"""
    {_since("channel.throughput_lowered_at")}
    AND channel.throughput_lowered_at > %(news_since)s
"""

_TOKEN = f"""
    SELECT channel.id, %(now)s::timestamp, 0
    FROM whatsapp_clinic_channel AS channel
    WHERE {SENDS} AND token_ends_at < %(token_horizon)s
"""

# Of a channel that worked before. What has an alarm of its own is left out.
_CONNECTION = f"""
    SELECT channel.id, min(line.since), count(*)
    FROM whatsapp_clinic_channel AS channel
    JOIN whatsapp_clinic_channel_check AS line
      ON line.channel_id = channel.id AND line.state = 'fail'
     AND line.key NOT IN ('health', 'inbound', 'payment')
    WHERE {SENDS} AND channel.last_webhook_at IS NOT NULL
    GROUP BY channel.id
"""

CAUSES = {
    "quality": _since("channel.poor_quality_since"),
    "name": _since("channel.poor_name_since"),
    "barred": _since("channel.barred_since"),
    "limit": _since("portfolio.limit_lowered_at"),
    "throughput": _THROUGHPUT,
    "token": _TOKEN,
    "connection": _CONNECTION,
}


class Alarm(models.Model):
    """What WhatsApp thinks of a number is looked for as well."""

    _inherit = "whatsapp.clinic.alarm"

    @api.model
    def _causes(self):
        return {**super()._causes(), **CAUSES}

    @api.model
    def _cause_values(self):
        now = clock.now()
        own = {"news_since": now - NEWS, "token_horizon": now + EXPIRES_SOON}
        return {**super()._cause_values(), **own}
