from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ....cloud_api.connection_check import (
    INVALID_TOKEN,
    NOT_CHECKED,
    TITLES,
    WRONG_APP,
    Expected,
    Facts,
    check,
    read_number,
    webhook_fields,
)
from ....cloud_api.errors import UNREACHABLE, CallFailed, CloudApiError
from ....tools import clock

# A little less than a day, so that it is once a day whatever wakes the action.
DAILY = timedelta(hours=23)
# Lines that a method of the channel fixes, or that are fixed in a form it opens.
FIXES = {
    "token": "action_enter_credentials",
    "registration": "action_register",
    "subscribed_app": "action_subscribe_app",
    "webhooks": "action_set_webhook",
}
NEEDS_APP = ("token", "webhooks")


class ChannelCheck(models.Model):
    """One line of a channel's connection check: what was found, and what to do."""

    _name = "whatsapp.clinic.channel.check"
    _description = "Connection Check"
    _order = "channel_id, sequence"

    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    key = fields.Selection(list(TITLES.items()), "Check", required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    state = fields.Selection(
        [
            ("skipped", "Not checked"),
            ("ok", "Fine"),
            ("warn", "Look at it"),
            ("fail", "Fix it"),
        ],
        required=True,
        readonly=True,
    )
    since = fields.Datetime(readonly=True, help="First seen.")
    advice = fields.Char(readonly=True, help="In English; shown translated.")
    advice_values = fields.Json(readonly=True)
    what_to_do = fields.Char(compute="_compute_what_to_do")
    is_fixable = fields.Boolean(compute="_compute_is_fixable")

    _key_uniq = models.Constraint(
        "UNIQUE (channel_id, key)", "A channel has each check once."
    )

    @api.depends("advice", "advice_values")
    @api.depends_context("lang")
    def _compute_what_to_do(self):
        for line in self:
            advice = self.env._(line.advice) if line.advice else ""
            line.what_to_do = advice % (line.advice_values or {})

    @api.depends("key", "state")
    def _compute_is_fixable(self):
        for line in self:
            is_broken = line.state in ("warn", "fail")
            line.is_fixable = is_broken and line.key in FIXES

    def action_fix(self):
        """Do what fixes this line, or open where it is done."""
        self.ensure_one()
        channel = self.channel_id
        if self.key in NEEDS_APP and not channel.account_id.app_id:
            return channel._open_account()
        return getattr(channel, FIXES[self.key])()

    @api.model
    def _note(self, channel, results: list):
        """Keep the newest `cloud_api.connection_check.Result`s of a channel."""
        lines = {line.key: line for line in channel.check_ids}
        for sequence, result in enumerate(results):
            skipped = result.advice == NOT_CHECKED
            values = {
                "channel_id": channel.id,
                "key": result.key,
                "sequence": sequence,
                "state": "skipped" if skipped else result.state.value,
                "advice": result.advice,
                "advice_values": dict(result.values),
            }
            line = lines.get(result.key, self)
            if line.state != values["state"]:
                values["since"] = clock.now()
            if line:
                line.write(values)
            else:
                self.create(values)


class Channel(models.Model):
    """Whether the number is connected: ten checks, made daily and when asked for."""

    _inherit = "whatsapp.clinic.channel"

    check_ids = fields.One2many(
        "whatsapp.clinic.channel.check",
        "channel_id",
        readonly=True,
        groups="whatsapp_clinic.group_manager",
    )
    checked_at = fields.Datetime("Last Checked", readonly=True, copy=False)

    def action_check_connection(self):
        self._ask("check")

    def action_subscribe_app(self):
        """Have the account's webhooks come to the app; then look again."""
        self._ask("subscribe")
        self._ask("check")

    def action_set_webhook(self):
        """Enter address and verify token at Meta; then look again."""
        self._require_app()
        if self.verify_token_source == "missing":
            raise UserError(self.env._("Enter a verify token first."))
        self._ask("set_webhook")
        self._ask("check")

    def _check_again(self):
        """What was found before may hold no longer."""
        for channel in self:
            if channel.state in ("ready", "held"):
                channel._ask("check")
        return super()._check_again()

    @api.model
    def _due_for_a_check(self):
        """The channels that were not checked for a day, be it in vain."""
        since = clock.now() - DAILY
        checked = [("kind", "=", "check"), ("ended_at", ">=", since)]
        due = self.search([("task_ids", "not any", checked)])
        return super()._due_for_a_check() | due

    def _open_account(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.clinic.account",
            "res_id": self.account_id.id,
            "views": [(False, "form")],
        }

    def _require_app(self):
        if not self.account_id.app_id or self.app_secret_source == "missing":
            raise UserError(self.env._("Enter the app's id and secret first."))

    def _call_check(self):
        """(results, what WhatsApp tells about the number, end of the access token)"""
        facts = self._facts()
        expected = Expected(
            app_id=self.account_id.app_id or "",
            business_account_id=self.business_account_id,
            phone_number_id=self.phone_number_id,
            callback_url=self.webhook_url,
        )

        def look(client, app):
            results = list(check(client, app, expected, facts))
            if any(result.advice == UNREACHABLE.cure for result in results):
                return results, {}, None
            return results, _number(client), _token_end(client, app)

        return look

    def _apply_check(self, answer):
        results, number, token_end = answer
        self.env["whatsapp.clinic.channel.check"]._note(self, results)
        self.checked_at = clock.now()
        self._note_health(number, token_end)

    def _call_subscribe(self):
        account = self.business_account_id
        return lambda client, _app: client.subscribe_app(account)

    def _apply_subscribe(self, _answer):
        """The check that follows shows it."""

    def _call_set_webhook(self):
        address, names = self.webhook_url, webhook_fields(self.api_version)
        verify_token = self.account_id._secret("verify_token")

        def enter(_client, app):
            try:
                app.subscribe(address, verify_token, names)
            except CloudApiError as error:
                if error.code == INVALID_TOKEN:
                    raise UserError(WRONG_APP) from None
                raise

        return enter

    def _apply_set_webhook(self, _answer):
        """The check that follows shows it."""

    def _facts(self) -> Facts:
        last = self.env["whatsapp.clinic.message"].search(
            [("channel_id", "=", self.id), ("direction", "=", "in")],
            order="id desc",
            limit=1,
        )
        at = last.occurred_at or last.create_date
        return Facts(
            now=clock.now().replace(tzinfo=timezone.utc),
            last_inbound_at=at and at.replace(tzinfo=timezone.utc) or None,
            payment_refused=self._is_payment_refused(),
        )

    def _is_payment_refused(self) -> bool:
        self.env.flush_all()
        alarms = self.env["whatsapp.clinic.alarm"]
        self.env.cr.execute(alarms._causes()["payment"], alarms._cause_values())
        return self.id in [row[0] for row in self.env.cr.fetchall()]


def _number(client) -> dict:
    """What WhatsApp tells about the number; nothing where it does not."""
    try:
        return read_number(client)
    except CallFailed:
        return {}


def _token_end(client, app):
    """When the access token ends, naive UTC; None for never or unknown."""
    try:
        end = app and client.token_info(app).expires_at
    except CallFailed:
        return None
    return end and end.replace(tzinfo=None)
