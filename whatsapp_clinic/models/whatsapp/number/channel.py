import os
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from ....cloud_api.errors import CloudApiError
from ....tools import clock
from ...channel.channel import DEFAULT_RATE

DEFAULT_API_VERSION = "v26.0"
DEFAULT_BASE_URL = "https://graph.facebook.com"
# Throughput of a number in the app as well: Cloud API, 20 messages per second.
COEXISTENCE_RATE = 20
SYNCS = ("smb_app_state_sync", "history")
KNOWN_HOSTS = {"graph.facebook.com"}
# Who starts the server may allow any port of its machine, where a sandbox is.
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
LOOPBACK_SWITCH = "WHATSAPP_CLINIC_LOOPBACK"


def _is_known(address) -> bool:
    """Whether it is WhatsApp's own by TLS, or one of the machine where that is open."""
    if address.scheme == "https" and address.netloc in KNOWN_HOSTS:
        return True
    return bool(os.environ.get(LOOPBACK_SWITCH)) and address.hostname in LOOPBACK


def require_known_host(records):
    """Have the access token sent to WhatsApp only: elsewhere it could be read.

    Any program of the server's machine could as well: its ports are known only where
    the server's environment says so (LOOPBACK_SWITCH). Raises AccessError for who may
    not change Odoo's settings.
    """
    env = records.env
    addresses = (urlsplit(record.base_url or "") for record in records)
    is_known = all(_is_known(address) for address in addresses)
    if not is_known and not env.user.has_group("base.group_system"):
        raise AccessError(
            env._("Only users with the Settings right can change the API address.")
        )


class Channel(models.Model):
    """What a number has at WhatsApp: its account, app and portfolio, and the API."""

    _inherit = "whatsapp.clinic.channel"

    phone_number_id = fields.Char(
        "Phone Number ID",
        related="external_id",
        readonly=False,
        help="The id that Meta gives the number, not the number itself.",
    )
    business_account_id = fields.Char("WhatsApp Account ID")
    base_url = fields.Char("API Address", default=DEFAULT_BASE_URL)
    api_version = fields.Char("API Version", default=DEFAULT_API_VERSION)
    is_coexistence = fields.Boolean(
        "Also in the WhatsApp Business App",
        help="The clinic uses this number in the app on a phone as well.",
    )
    app_data_asked_at = fields.Datetime(
        "App History Asked For", readonly=True, copy=False
    )
    history_progress = fields.Integer(
        "App History (%)", readonly=True, copy=False, help="How much of it has come."
    )
    portfolio_id = fields.Many2one(
        "whatsapp.clinic.portfolio",
        ondelete="restrict",
        check_company=True,
        help="Numbers of one business portfolio at Meta share a messaging limit.",
    )
    messaging_limit = fields.Integer(related="portfolio_id.messaging_limit")
    reached_count = fields.Integer(related="portfolio_id.reached_count")
    account_id = fields.Many2one(
        "whatsapp.clinic.account",
        "Meta App",
        ondelete="restrict",
        check_company=True,
        help="Its secrets are those of all its numbers.",
    )
    access_token_source = fields.Selection(related="account_id.access_token_source")
    app_secret_source = fields.Selection(related="account_id.app_secret_source")
    verify_token_source = fields.Selection(related="account_id.verify_token_source")

    _whatsapp_settings = models.Constraint(
        "CHECK (provider <> 'whatsapp' OR (account_id IS NOT NULL "
        "AND business_account_id IS NOT NULL AND base_url IS NOT NULL "
        "AND api_version IS NOT NULL))",
        "A number of WhatsApp has a Meta app, a WhatsApp account and an API.",
    )
    # Throughput of a coexistence number: Cloud API, 20 messages per second.
    _coexistence_rate = models.Constraint(
        "CHECK (NOT is_coexistence OR rate <= 20)",
        "A number that is also in the WhatsApp Business app sends up to 20 a second.",
    )

    @api.onchange("is_coexistence")
    def _onchange_is_coexistence(self):
        self.rate = COEXISTENCE_RATE if self.is_coexistence else DEFAULT_RATE

    @api.depends("access_token_source")
    def _compute_state(self):
        return super()._compute_state()

    def _missing_credentials(self):
        if self.provider == "whatsapp" and self.access_token_source == "missing":
            return self.env._("The access token is missing. Enter the credentials.")
        return super()._missing_credentials()

    @property
    def _user_scope(self):
        return self.portfolio_id

    def _claim_order(self):
        """Where the day's limit is short, what expires first."""
        if self.portfolio_id._is_short(self):
            return "expires_at, due_at, id"
        return super()._claim_order()

    @api.constrains("base_url", "provider")
    def _check_base_url(self):
        require_known_host(self.filtered(lambda one: one.provider == "whatsapp"))

    @api.constrains("business_account_id", "account_id", "active", "company_id")
    def _check_business_account(self):
        """What is told of a WhatsApp account is obeyed where the account's app says it:
        nobody takes the account of another app. What a company has archived itself does
        not hinder it."""
        every = self.sudo().with_context(active_test=False)
        for channel in self.filtered("business_account_id"):
            tree = Domain("company_id", "child_of", channel.company_id.root_id.id)
            in_use = Domain("active", "=", True) if channel.active else Domain.FALSE
            taken = Domain("business_account_id", "=", channel.business_account_id)
            taken &= Domain("account_id", "!=", channel.account_id.id)
            if every.search_count(taken & (in_use | ~tree), limit=1):
                raise ValidationError(
                    self.env._(
                        "Numbers of one WhatsApp account share their Meta app, and "
                        "another app has this account: choose that app, or check the "
                        "WhatsApp account id."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_given(vals_list)
        apps = {}
        for vals in vals_list:
            if "phone_number_id" in vals:
                vals["external_id"] = vals.pop("phone_number_id")
            if vals.get("provider", "whatsapp") != "whatsapp":
                continue
            vals.setdefault("portfolio_id", self._portfolio_of(vals).id)
            if not vals.get("account_id"):
                key = vals.get("business_account_id"), self._company_of(vals)
                if key not in apps:
                    apps[key] = self._account_of(vals)
                vals["account_id"] = apps[key].id
        return super().create(vals_list)

    @api.model
    def _company_of(self, vals: dict):
        companies = self.env["res.company"]
        return companies.browse(vals.get("company_id")) or self.env.company

    @api.model
    def _portfolio_of(self, vals: dict):
        company = self._company_of(vals)
        return self.env["whatsapp.clinic.portfolio"]._for_company(company)

    @api.model
    def _account_of(self, vals: dict):
        """The app of the other numbers of the WhatsApp account, else a new one."""
        company = self._company_of(vals)
        sister = self.search(
            [
                ("business_account_id", "=", vals.get("business_account_id")),
                ("company_id", "=", company.id),
            ],
            limit=1,
        )
        return sister.account_id or self.env["whatsapp.clinic.account"].create(
            {"name": vals.get("name"), "company_id": company.id}
        )

    def write(self, vals):
        self._check_given([vals])
        if vals.get("company_id"):
            vals = {"portfolio_id": self._portfolio_of(vals).id, **vals}
            self._take_account_along(vals["company_id"])
        return super().write(vals)

    def _take_account_along(self, company_id: int):
        """To another company, unless it has numbers that stay: then it is shared."""
        for account in self.account_id:
            if account.company_id:
                stay = account.channel_ids - self
                account.company_id = False if stay else company_id

    def action_enter_credentials(self):
        return self.account_id.action_enter_credentials()

    def _set_credentials(self, values: dict[str, str]):
        """Store secrets of the channel's app; see `whatsapp.clinic.account`."""
        self.check_access("write")
        self.account_id._set_credentials(values)

    # The number in the app: WhatsApp tells what was said there before when it is asked
    # within 24 hours of the connection, and once; the clinic decides in the app whether
    # it is shared.

    def _note_app(self, is_in_app: bool | None):
        """WhatsApp says whether the number is in the app; then ask what it knows."""
        if not isinstance(is_in_app, bool):
            return
        values = {"is_coexistence": is_in_app}
        if is_in_app:
            values["rate"] = min(self.rate, COEXISTENCE_RATE)
        self._write_changes(values)
        if is_in_app and not self.app_data_asked_at:
            self.app_data_asked_at = clock.now()
            self._ask("sync_app")

    def _call_sync_app(self):
        """Ask for both; one that is refused does not keep the other from coming."""

        def ask(client, _app):
            refusals = []
            for kind in SYNCS:
                try:
                    client.request_app_data(kind)
                except CloudApiError as error:
                    refusals.append(error)
            if refusals:
                raise refusals[-1]

        return ask

    def _apply_sync_app(self, _answer):
        """Webhooks bring it."""

    def _note_history(self, event):
        """Apply a `cloud_api.webhooks.Synchronised`."""
        channel = self.with_context(lang=self.company_id.partner_id.lang)
        if event.errors:
            told = channel.env._(
                "The history of the WhatsApp Business app does not come: %s",
                event.errors[0].title,
            )
            channel.message_post(body=told)
        progress = event.progress or 0
        if progress <= self.history_progress:
            return
        self.history_progress = progress
        if progress >= 100:
            channel.message_post(
                body=channel.env._(
                    "The history of the WhatsApp Business app has come; it is marked "
                    "as such among the messages."
                )
            )
