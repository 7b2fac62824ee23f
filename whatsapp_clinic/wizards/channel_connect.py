import secrets
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..cloud_api.connection_check import app_fault, token_fault
from ..cloud_api.errors import CallFailed, CloudApiError
from ..cloud_api.wording import _lt
from ..models.whatsapp.number.channel import (
    DEFAULT_API_VERSION,
    DEFAULT_BASE_URL,
    require_known_host,
)
from ..tools import clock

SECRETS = ("access_token", "app_secret")
ASKED_OF_A_NUMBER = ("id", "display_phone_number", "verified_name", "status")
IS_A_NUMBER = _lt(
    "This is the id of a phone number: enter the id of the WhatsApp account, which "
    "stands beside it on the page API Setup."
)
ACCOUNT_UNTOLD = _lt(
    "The access token does not say for which WhatsApp account it is: go back and enter "
    "the account's id."
)
NOT_FOUND = _lt(
    "The access token does not reach this WhatsApp account: check the id, and give the "
    "system user access to the account."
)


class ChannelConnect(models.TransientModel):
    """The way from an app at Meta to a number that sends: ids in, addresses out.

    Secrets go to the app's record at once and are not kept here. WhatsApp is asked by
    the set-up's scheduled action, while the form waits.
    """

    _name = "whatsapp.clinic.channel.connect"
    _description = "Connect a Number"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    step = fields.Selection(
        [("app", "App"), ("number", "Number"), ("webhook", "Webhook")],
        default="app",
        required=True,
    )
    account_id = fields.Many2one(
        "whatsapp.clinic.account",
        "Use the App",
        ondelete="cascade",
        help="An app that is entered already; its secrets are used.",
    )
    name = fields.Char(
        "Name of the App", help="As you call it; patients do not see it."
    )
    app_id = fields.Char("App ID")
    access_token = fields.Char(store=False)
    app_secret = fields.Char(store=False)
    access_token_source = fields.Selection(
        related="account_id.access_token_source", related_sudo=False
    )
    app_secret_source = fields.Selection(
        related="account_id.app_secret_source", related_sudo=False
    )
    business_account_id = fields.Char(
        "WhatsApp Account ID",
        help="Leave it empty: the access token mostly says which it is.",
    )
    base_url = fields.Char("API Address", required=True, default=DEFAULT_BASE_URL)
    api_version = fields.Char(required=True, default=DEFAULT_API_VERSION)
    is_busy = fields.Boolean(compute="_compute_is_busy", compute_sudo=True)
    problem = fields.Char(readonly=True, help="In English; shown translated.")
    problem_values = fields.Json(readonly=True)
    task_error = fields.Char(compute="_compute_is_busy", compute_sudo=True)
    number_ids = fields.One2many("whatsapp.clinic.channel.connect.number", "connect_id")
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", readonly=True, ondelete="cascade"
    )
    webhook_url = fields.Char(related="channel_id.webhook_url", related_sudo=False)
    # Has to be copied to Meta's page once; the app keeps it and does not show it.
    verify_token = fields.Char(readonly=True)

    @api.depends("problem")
    @api.depends_context("lang")
    def _compute_is_busy(self):
        tasks = self.env["whatsapp.clinic.channel.task"]
        for wizard in self:
            last = tasks.search([("connect_id", "=", wizard._origin.id or -1)], limit=1)
            wizard.is_busy = last.state in ("waiting", "running")
            is_failed = last.state == "failed"
            wizard.task_error = last.outcome if is_failed else wizard._tell_problem()

    def _tell_problem(self) -> str | bool:
        problem = self.problem and self.env._(self.problem)
        return problem and problem % (self.problem_values or {})

    @api.constrains("base_url")
    def _check_base_url(self):
        require_known_host(self)

    @api.model_create_multi
    def create(self, vals_list):
        handed = [_take_secrets(vals) for vals in vals_list]
        wizards = super().create(vals_list)
        for wizard, values in zip(wizards, handed, strict=True):
            wizard._keep_app(values)
        return wizards

    def write(self, vals):
        handed = _take_secrets(vals)
        result = super().write(vals)
        for wizard in self:
            if wizard._made_the_app and vals.keys() & {"name", "app_id"}:
                wizard.account_id.write({"name": self.name, "app_id": self.app_id})
            if any(handed.values()):
                wizard.account_id._set_credentials(handed)
        return result

    @property
    def _made_the_app(self) -> bool:
        return bool(self.verify_token and self.account_id and not self.channel_id)

    def _keep_app(self, handed: dict[str, str]):
        """Enter the app, unless one was chosen, and hand it its secrets."""
        if not self.account_id:
            self.account_id = self._new_account()
            self.verify_token = secrets.token_urlsafe(24)
            handed["verify_token"] = self.verify_token
        self.account_id._set_credentials(handed)

    def _new_account(self):
        if not self.app_id or not self.name:
            raise UserError(self.env._("Enter the name and the id of the app."))
        accounts = self.env["whatsapp.clinic.account"]
        known = accounts.search([("app_id", "=", self.app_id)], limit=1)
        if known.channel_ids:
            raise UserError(
                self.env._(
                    "This app is entered already: choose “%s” above.", known.name
                )
            )
        return known or accounts.create({"name": self.name, "app_id": self.app_id})

    def action_find(self):
        """Ask WhatsApp which numbers there are."""
        account = self.account_id
        if account.access_token_source == "missing":
            raise UserError(
                self.env._("The access token is missing. Enter the credentials.")
            )
        self.write({"step": "number", "problem": False})
        self.number_ids.unlink()
        self.env["whatsapp.clinic.channel.task"]._ask(self, "find_numbers")
        return self._reopen()

    def action_back(self):
        self.step = "app"
        return self._reopen()

    def action_new_verify_token(self):
        """One that is known was entered at Meta before; another is made and shown."""
        self.verify_token = secrets.token_urlsafe(24)
        self.account_id._set_credentials({"verify_token": self.verify_token})
        return self._reopen()

    def action_set_webhook(self):
        self.channel_id.action_subscribe_app()
        self.channel_id.action_set_webhook()
        return self._open_channel()

    def action_check(self):
        self.channel_id.action_check_connection()
        return self._open_channel()

    def _open_channel(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.clinic.channel",
            "res_id": self.channel_id.id,
            "views": [(False, "form")],
        }

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect a Number"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _connect(self, number):
        """Make a channel of a number that was found."""
        self.channel_id = self.env["whatsapp.clinic.channel"].create(
            {
                "name": number.verified_name or number.display_phone_number,
                "account_id": self.account_id.id,
                "phone_number_id": number.phone_number_id,
                "business_account_id": number.business_account_id,
                "display_phone_number": number.display_phone_number,
                "base_url": self.base_url,
                "api_version": self.api_version,
            }
        )
        self.step = "webhook"
        return self._reopen()

    def _call_find_numbers(self):
        """(numbers in Meta's shape with their account's id, what is wrong, its values)

        What is wrong is False where nothing is.
        """
        app_id, entered = (
            self.account_id.app_id,
            (self.business_account_id or "").strip(),
        )
        now = clock.now().replace(tzinfo=timezone.utc)
        return lambda client, app: _find_numbers(client, app, app_id, entered, now)

    def _apply_find_numbers(self, answer):
        numbers, self.problem, self.problem_values = answer
        for number in numbers:
            self.env["whatsapp.clinic.channel.connect.number"].create(
                {
                    "connect_id": self.id,
                    "phone_number_id": number["id"],
                    "business_account_id": number["account"],
                    "display_phone_number": number.get("display_phone_number"),
                    "verified_name": number.get("verified_name"),
                    "status": number.get("status"),
                }
            )


class ChannelConnectNumber(models.TransientModel):
    """A number that the access token reaches."""

    _name = "whatsapp.clinic.channel.connect.number"
    _description = "Number to Connect"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    connect_id = fields.Many2one(
        "whatsapp.clinic.channel.connect",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    phone_number_id = fields.Char("Phone Number ID", readonly=True)
    business_account_id = fields.Char("WhatsApp Account ID", readonly=True)
    display_phone_number = fields.Char("Phone Number", readonly=True)
    verified_name = fields.Char("Name at WhatsApp", readonly=True)
    status = fields.Char(readonly=True)
    is_connected = fields.Boolean(compute="_compute_is_connected", compute_sudo=True)

    @api.depends("phone_number_id")
    def _compute_is_connected(self):
        channels = self.env["whatsapp.clinic.channel"].with_context(active_test=False)
        ids = self.mapped("phone_number_id")
        known = channels.search([("phone_number_id", "in", ids)])
        for number in self:
            number.is_connected = number.phone_number_id in known.mapped(
                "phone_number_id"
            )

    def action_connect(self):
        self.ensure_one()
        return self.connect_id._connect(self)


def _take_secrets(vals: dict) -> dict[str, str]:
    return {name: vals.pop(name, None) or "" for name in SECRETS}


def _find_numbers(client, app, app_id: str, entered: str, now) -> tuple:
    try:
        token = app and client.token_info(app)
    except CloudApiError as error:
        return [], app_fault(error), {}
    fault = token and token_fault(token, app_id, now)
    if fault:
        return [], *fault
    accounts = [entered] if entered else _told_accounts(token)
    if not accounts:
        return [], ACCOUNT_UNTOLD, {}
    try:
        return _numbers(client, accounts), False, {}
    except CloudApiError as error:
        if error.code not in (100, 200):
            raise
        is_number = _is_number(client, accounts[0])
        return [], IS_A_NUMBER if is_number else NOT_FOUND, {}


def _told_accounts(token) -> list[str]:
    """The WhatsApp accounts that the access token is for, as far as it says so."""
    targets = token.targets.values() if token else ()
    return sorted({target for found in targets for target in found})


def _numbers(client, accounts: list[str]) -> list[dict]:
    """The numbers of the accounts in Meta's shape, with their account's id."""
    return [
        {**number, "account": account}
        for account in accounts
        for number in client.phone_numbers(account, ASKED_OF_A_NUMBER)
    ]


def _is_number(client, node: str) -> bool:
    try:
        return bool(client.phone_number(["display_phone_number"], node))
    except CallFailed:
        return False
