from odoo import fields, models


class Channel(models.Model):
    """A channel tells its managers what is wrong with it."""

    _name = "whatsapp.clinic.channel"
    _inherit = ["whatsapp.clinic.channel", "mail.activity.mixin"]

    # That it is on hold, and why, the channel says anyway.
    shown_alarm_ids = fields.One2many(
        "whatsapp.clinic.alarm",
        "channel_id",
        "Alarms",
        domain=[("closed_at", "=", False), ("kind", "!=", "held")],
        readonly=True,
        groups="whatsapp_clinic.group_manager",
    )

    def write(self, vals):
        result = super().write(vals)
        if "hold_until" in vals and not vals["hold_until"]:
            self._close_hold_alarms()
        return result

    def _close_hold_alarms(self):
        """A hold that was lifted by hand is over at once."""
        domain = [
            ("channel_id", "in", self.ids),
            ("kind", "=", "held"),
            ("closed_at", "=", False),
        ]
        self.env["whatsapp.clinic.alarm"].sudo().search(domain)._close()
