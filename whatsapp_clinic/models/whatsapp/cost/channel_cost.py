from odoo import api, fields, models
from odoo.tools import formatLang

from odoo.addons.base.models.res_partner import _tz_get

from ....tools import clock
from ....tools.parameter import number

# The status says that the account cannot pay (Cloud API, error codes).
PAYMENT_ERROR = 131042


class Channel(models.Model):
    """What a number costs this month, and whether its account can pay."""

    _inherit = "whatsapp.clinic.channel"

    account_tz = fields.Selection(
        _tz_get,
        "Account Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="As set for the WhatsApp account at Meta: its days and months count.",
    )
    payment_missing_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When WhatsApp said last that the account cannot pay.",
    )
    month_cost = fields.Char(
        "Cost This Month",
        compute="_compute_month_cost",
        compute_sudo=True,
        groups="whatsapp_clinic.group_manager",
    )
    free_service_used = fields.Integer(
        "Free Service Messages Used",
        compute="_compute_month_cost",
        compute_sudo=True,
        groups="whatsapp_clinic.group_manager",
        help="Texts and other messages without a template that were delivered this "
        "month; the first ones are free for each number.",
    )
    free_service_left = fields.Integer(
        "Free Service Messages Left",
        compute="_compute_month_cost",
        compute_sudo=True,
        groups="whatsapp_clinic.group_manager",
    )

    # PostgreSQL refuses a zone that it does not know; statements rely on it.
    _account_tz_known = models.Constraint(
        "CHECK ((TIMESTAMP '2026-01-01' AT TIME ZONE account_tz) IS NOT NULL)",
        "PostgreSQL does not know this time zone.",
    )

    @api.depends_context("lang")
    def _compute_month_cost(self):
        figures = self.env["whatsapp.clinic.message"]._month_figures()
        quota = int(number(self.env, "free_service_messages"))
        for channel in self:
            rows = [row for row in figures if row["id"] == channel.id]
            used = min(sum(row["service"] for row in rows), quota)
            channel.month_cost = channel._tell_cost(rows)
            channel.free_service_used = used
            channel.free_service_left = quota - used

    def _tell_cost(self, rows: list[dict]) -> str:
        unknown = sum(row["unknown"] for row in rows)
        parts = [
            f"{formatLang(self.env, row['cost'], digits=2)} {row['currency']}"
            for row in rows
            if row["currency"]
        ]
        if unknown:
            parts.append(self.env._("%s of unknown price", unknown))
        return ", ".join(parts) or "0"

    def action_open_cost(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_cost_action"
        )
        context = {"search_default_this_month": 1}
        domain = [("channel_id", "=", self.id)]
        return {**action, "domain": domain, "context": context}

    def _hold(self, policy, code: int, retry_after: float | None = None):
        if code == PAYMENT_ERROR:
            self.write({"payment_missing_at": clock.precise_now()})
        return super()._hold(policy, code, retry_after)
