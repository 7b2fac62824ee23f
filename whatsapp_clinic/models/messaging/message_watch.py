from odoo import models


class Message(models.Model):
    """What the watchdog and the counters look up."""

    _inherit = "whatsapp.clinic.message"

    _unreported = models.Index(
        "(channel_id, claimed_at) WHERE state = 'sent' AND status_at IS NULL"
    )
    _failed = models.Index("(failed_at) WHERE state = 'failed'")
