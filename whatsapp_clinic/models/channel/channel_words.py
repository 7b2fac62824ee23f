from odoo import api, fields, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# WhatsApp's words for a number (Cloud API, phone number) as people say them.
_WORDS = {
    "number_status": {
        "BANNED": _lt("Banned"),
        "CONNECTED": _lt("Connected"),
        "DELETED": _lt("Deleted"),
        "DISCONNECTED": _lt("Disconnected"),
        "FLAGGED": _lt("Flagged for poor quality"),
        "MIGRATED": _lt("Moved to another account"),
        "OFFLINE": _lt("Offline"),
        "PENDING": _lt("Not connected yet"),
        "RATE_LIMITED": _lt("Slowed down"),
        "RESTRICTED": _lt("Restricted"),
    },
    "name_status": {
        "APPROVED": _lt("Approved"),
        "AVAILABLE_WITHOUT_REVIEW": _lt("May be used, not reviewed"),
        "DECLINED": _lt("Rejected"),
        "EXPIRED": _lt("Expired"),
        "NONE": _lt("None"),
        "PENDING_REVIEW": _lt("In review"),
    },
    "sending_status": {
        "AVAILABLE": _lt("Possible"),
        "BLOCKED": _lt("Blocked"),
        "LIMITED": _lt("Limited"),
    },
    "throughput_level": {
        "HIGH": _lt("High (1,000 messages a second)"),
        "NOT_APPLICABLE": _lt("None: not registered"),
        "STANDARD": _lt("Standard (80 messages a second)"),
    },
}


class Channel(models.Model):
    """What WhatsApp says of a number, in words; its own where it invents some."""

    _inherit = "whatsapp.clinic.channel"

    told_number_status = fields.Char("Status of the Number", compute="_compute_told")
    told_name_status = fields.Char("Status of the Name", compute="_compute_told")
    told_sending_status = fields.Char("Status of Sending", compute="_compute_told")
    told_throughput_level = fields.Char("Pace", compute="_compute_told")

    @api.depends(*_WORDS)
    @api.depends_context("lang")
    def _compute_told(self):
        for channel in self:
            for name, words in _WORDS.items():
                said = channel[name]
                told = self.env._(words[said]) if said in words else said
                channel[f"told_{name}"] = told
