import re
from datetime import timedelta

from odoo import api, fields, models

from ....tools import clock
from ....tools.ruled_lines import RuledOne2many

# Messaging limit: Cloud API, distinct recipients outside the 24-hour window in a
# moving 24 hours, for all numbers of a business portfolio together.
LIMIT_PERIOD = timedelta(hours=24)


class Portfolio(models.Model):
    """A business portfolio at Meta: its numbers share one messaging limit."""

    _name = "whatsapp.clinic.portfolio"
    _description = "Business Portfolio"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "name, id"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    channel_ids = RuledOne2many("whatsapp.clinic.channel", "portfolio_id")
    messaging_limit = fields.Integer(
        help="Patients that may be written to first within 24 hours: 250 for a new "
        "clinic, then 2,000, 10,000, 100,000. 0 stands for no limit. Loaded from "
        "WhatsApp with the templates.",
    )
    reached_count = fields.Integer(
        "New Conversations (24 h)",
        compute="_compute_reached_count",
        compute_sudo=True,
        help="Patients messaged outside an open conversation in the last 24 hours.",
    )

    _messaging_limit_positive = models.Constraint(
        "CHECK (messaging_limit >= 0)",
        "The messaging limit is a number, or 0 for none.",
    )
    limit_lowered_at = fields.Datetime(readonly=True, copy=False)

    def _compute_reached_count(self):
        for portfolio in self:
            portfolio.reached_count = portfolio._reached()[0]

    @api.model
    def _for_company(self, company):
        """The portfolio of a company, made if there is none."""
        known = self.sudo().search([("company_id", "=", company.id)], limit=1)
        return known or self.sudo().create(
            {"name": company.name, "company_id": company.id}
        )

    def _reached(self) -> tuple[int, object]:
        """Patients that count for the limit now, and when the first of them counted.

        (int, naive UTC or None)
        """
        self.env["whatsapp.clinic.message"].flush_model(["reaches_out", "claimed_at"])
        self.env.cr.execute(
            """
            SELECT count(DISTINCT identity_id), min(claimed_at)
            FROM whatsapp_clinic_message
            WHERE reaches_out AND channel_id = ANY(%s) AND claimed_at > %s
            """,
            [self.channel_ids.ids, clock.precise_now() - LIMIT_PERIOD],
        )
        return self.env.cr.fetchone()

    def _is_short(self, channel) -> bool:
        """Whether more is due from a channel than patients may be written to first."""
        if not self.messaging_limit:
            return False
        room = max(self.messaging_limit - self._reached()[0], 0)
        self.env.cr.execute(
            """
            SELECT count(*) FROM (
                SELECT FROM whatsapp_clinic_message
                WHERE channel_id = %s AND state IN ('queued', 'held') AND due_at <= %s
                LIMIT %s
            ) AS due
            """,
            [channel.id, clock.precise_now(), room + 1],
        )
        return self.env.cr.fetchone()[0] > room

    def _take_over_limit(self, value):
        """Note a limit in any of WhatsApp's spellings: TIER_2K, 2000, -1 for none.

        What cannot be read changes nothing.
        """
        limit = _read_limit(value)
        if limit is not None and limit != self.messaging_limit:
            self.messaging_limit = limit

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


def _read_limit(value) -> int | None:
    text = str(value).upper().removeprefix("TIER_")
    if text in ("UNLIMITED", "-1"):
        return 0
    found = re.fullmatch(r"(\d{1,9})(K?)", text)
    return int(found[1]) * (1000 if found[2] else 1) if found else None


def _change(before: int, after: int) -> dict:
    """What a new limit means; 0 stands for none."""
    unlimited = float("inf")
    old, new = before or unlimited, after or unlimited
    if old == unlimited or new == old:
        # Nothing was known before, or nothing changes.
        return {}
    return {"limit_lowered_at": clock.now() if new < old else False}
