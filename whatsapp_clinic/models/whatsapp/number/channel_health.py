from datetime import datetime

from odoo import api, fields, models

from ....tools import clock

# What WhatsApp says (Cloud API, phone number); other words are kept as they come.
QUALITY_WORDS = {"GREEN": "high", "YELLOW": "medium", "RED": "low"}
POOR_QUALITY = ("medium", "low")
POOR_NAMES = ("DECLINED", "EXPIRED")
BARRED_NUMBERS = ("BANNED", "RESTRICTED", "FLAGGED", "RATE_LIMITED")
BARRED = "BLOCKED"
# Messages a second (Cloud API, throughput); a number that is not registered has none.
THROUGHPUTS = {"STANDARD": 80, "HIGH": 1000}


class Channel(models.Model):
    """How WhatsApp rates the number; its changes are in the channel's history.

    The daily check and the one after each webhook about the account bring it.
    """

    _inherit = "whatsapp.clinic.channel"

    verified_name = fields.Char("Name at WhatsApp", readonly=True, tracking=True)
    number_status = fields.Char(readonly=True, copy=False, tracking=True)
    quality = fields.Selection(
        [
            ("high", "High"),
            ("medium", "Medium"),
            ("low", "Low"),
            ("unknown", "Not rated yet"),
        ],
        readonly=True,
        copy=False,
        tracking=True,
        help="By how often patients block or report the number.",
    )
    name_status = fields.Char(readonly=True, copy=False, tracking=True)
    throughput_level = fields.Char(
        "Throughput", readonly=True, copy=False, tracking=True
    )
    throughput_lowered_at = fields.Datetime(readonly=True, copy=False)
    sending_status = fields.Char(readonly=True, copy=False, tracking=True)
    two_step = fields.Selection(
        [("on", "On"), ("off", "Off")],
        "Two-Step Verification",
        readonly=True,
        copy=False,
        tracking=True,
    )
    token_ends_at = fields.Datetime(
        "Access Token Ends", readonly=True, copy=False, help="Empty for never."
    )
    restriction = fields.Char(
        readonly=True, copy=False, tracking=True, help="In WhatsApp's words."
    )
    restricted_until = fields.Datetime(readonly=True, copy=False)
    poor_quality_since = fields.Datetime(
        compute="_compute_poor_since", store=True, copy=False
    )
    poor_name_since = fields.Datetime(
        compute="_compute_poor_since", store=True, copy=False
    )
    barred_since = fields.Datetime(
        compute="_compute_poor_since", store=True, copy=False
    )

    @api.depends(
        "quality", "name_status", "number_status", "sending_status", "restriction"
    )
    def _compute_poor_since(self):
        now = clock.now()
        for channel in self:
            is_barred = (
                channel.number_status in BARRED_NUMBERS
                or channel.sending_status == BARRED
                or channel.restriction
            )
            found = {
                "poor_quality_since": channel.quality in POOR_QUALITY,
                "poor_name_since": channel.name_status in POOR_NAMES,
                "barred_since": is_barred,
            }
            for name, is_poor in found.items():
                channel[name] = (channel[name] or now) if is_poor else False

    def _note_health(self, number: dict, token_ends_at: datetime | None):
        """Take over what WhatsApp tells about the number, in its own shape.

        `token_ends_at` is naive UTC. Nothing is known where WhatsApp gave no answer.
        """
        self.ensure_one()
        if not number:
            return
        quality = number.get("quality_rating")
        pin = number.get("is_pin_enabled")
        values = {
            "verified_name": number.get("verified_name"),
            "number_status": number.get("status"),
            "quality": QUALITY_WORDS.get(quality, "unknown"),
            "name_status": number.get("name_status"),
            **self._throughput(_member(number.get("throughput"), "level")),
            "sending_status": _member(number.get("health_status"), "can_send_message"),
            "two_step": {True: "on", False: "off"}.get(pin, False),
            "token_ends_at": token_ends_at,
        }
        if not self.display_phone_number:
            values["display_phone_number"] = number.get("display_phone_number")
        if self.restricted_until and self.restricted_until <= clock.now():
            values |= {"restriction": False, "restricted_until": False}
        limit = number.get("whatsapp_business_manager_messaging_limit")
        self.portfolio_id._take_over_limit(limit)
        self._write_changes(values)
        self._note_app(number.get("is_on_biz_app"))

    def _throughput(self, level: str | None) -> dict:
        """The level, and since when it is lower than before, until it rises again."""
        before, after = map(THROUGHPUTS.get, (self.throughput_level, level))
        if not before or not after or before == after:
            return {"throughput_level": level}
        lowered_at = clock.now() if after < before else False
        return {"throughput_level": level, "throughput_lowered_at": lowered_at}

    def _write_changes(self, values: dict):
        """Write what is new; a channel that nobody touches is not locked for it."""
        new = {
            name: value or False
            for name, value in values.items()
            if (value or False) != self[name]
        }
        if new:
            self.write(new)


def _member(value, name: str):
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
