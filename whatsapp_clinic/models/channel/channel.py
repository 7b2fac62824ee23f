import os
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from ...tools import clock
from ...tools.compat import forget_cached, parameter
from ...tools.fingerprint import database_fingerprint
from ..provider.door import NO_CODE
from ..vocabulary.states import WAITING_STATES

DEFAULT_API_VERSION = "v26.0"
DEFAULT_BASE_URL = "https://graph.facebook.com"
# Throughput of a new business number: Cloud API, 80 messages per second.
DEFAULT_RATE = 80
COEXISTENCE_RATE = 20
KNOWN_HOSTS = {"graph.facebook.com"}
# Who starts the server may allow any port of its machine, where a sandbox is.
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
LOOPBACK_SWITCH = "WHATSAPP_CLINIC_LOOPBACK"
# What the look-up of a webhook's channel depends on.
_ROUTING_FIELDS = {"provider", "phone_number_id"}


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
    is_known = all(_is_known(urlsplit(record.base_url)) for record in records)
    if not is_known and not env.user.has_group("base.group_system"):
        raise AccessError(
            env._("Only users with the Settings right can change the API address.")
        )


class Channel(models.Model):
    """A number of the clinic at a messenger: where messages go out and come in."""

    _name = "whatsapp.clinic.channel"
    _description = "WhatsApp Channel"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    branch_ids = fields.One2many("whatsapp.clinic.branch", "channel_id")
    provider = fields.Selection(
        [("whatsapp", "WhatsApp Cloud API")], default="whatsapp", required=True
    )
    display_phone_number = fields.Char(
        "Phone Number", help="The number as patients see it."
    )
    phone_number_id = fields.Char(
        "Phone Number ID",
        required=True,
        copy=False,
        help="The id that Meta gives the number, not the number itself.",
    )
    business_account_id = fields.Char("WhatsApp Account ID", required=True)
    base_url = fields.Char("API Address", default=DEFAULT_BASE_URL, required=True)
    api_version = fields.Char("API Version", default=DEFAULT_API_VERSION, required=True)
    rate = fields.Integer(
        "Messages per Second",
        default=DEFAULT_RATE,
        required=True,
        help="80 for most numbers, 20 where the WhatsApp Business app is used as well, "
        "up to 1,000 after an upgrade by Meta.",
    )
    is_coexistence = fields.Boolean(
        "Also in the WhatsApp Business App",
        help="The clinic uses this number in the app on a phone as well.",
    )
    automatic_per_hour = fields.Integer(
        "Automatic Messages per Hour",
        default=10,
        required=True,
        help="The most that rules write to one WhatsApp number within an hour; the "
        "rest waits. 0 for no limit.",
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
        required=True,
        ondelete="restrict",
        check_company=True,
        help="Its secrets are those of all its numbers.",
    )
    access_token_source = fields.Selection(related="account_id.access_token_source")
    app_secret_source = fields.Selection(related="account_id.app_secret_source")
    verify_token_source = fields.Selection(related="account_id.verify_token_source")
    fingerprint = fields.Char(copy=False, prefetch=False, groups=fields.NO_ACCESS)
    hold_until = fields.Datetime(
        "On Hold Until", readonly=True, copy=False, help="Nothing is sent before."
    )
    hold_reason = fields.Char(readonly=True, copy=False)
    hold_cure = fields.Char(
        readonly=True, copy=False, help="What to do, in English; shown translated."
    )
    hold_count = fields.Integer(readonly=True, copy=False, help="Consecutive holds.")
    state = fields.Selection(
        [
            ("incomplete", "Not connected"),
            ("copied", "Disarmed: copied database"),
            ("held", "On hold"),
            ("ready", "Ready"),
        ],
        compute="_compute_state",
        compute_sudo=True,
    )
    state_reason = fields.Char(compute="_compute_state", compute_sudo=True)
    webhook_url = fields.Char("Webhook Address", compute="_compute_webhook_url")
    last_webhook_at = fields.Datetime("Last Webhook", readonly=True, copy=False)
    whatsapp_message_count = fields.Integer(compute="_compute_whatsapp_message_count")
    stranded_count = fields.Integer(
        "Stranded Messages",
        compute="_compute_stranded_count",
        help="They wait and are not sent, because the channel is archived.",
    )

    _phone_number_id_uniq = models.Constraint(
        "UNIQUE (provider, phone_number_id)",
        "Another channel already uses this phone number id.",
    )
    _rate_positive = models.Constraint(
        "CHECK (rate BETWEEN 1 AND 1000)",
        "A channel sends 1 to 1,000 messages a second.",
    )
    # Throughput of a coexistence number: Cloud API, 20 messages per second.
    _coexistence_rate = models.Constraint(
        "CHECK (NOT is_coexistence OR rate <= 20)",
        "A number that is also in the WhatsApp Business app sends up to 20 a second.",
    )
    _automatic_positive = models.Constraint(
        "CHECK (automatic_per_hour >= 0)", "The number of messages is 0 or more."
    )

    @api.onchange("is_coexistence")
    def _onchange_is_coexistence(self):
        self.rate = COEXISTENCE_RATE if self.is_coexistence else DEFAULT_RATE

    @api.depends("access_token_source", "fingerprint", "hold_until", "hold_cure")
    @api.depends_context("lang")
    def _compute_state(self):
        here = database_fingerprint(self.env)
        now = clock.now()
        for channel in self:
            if channel.fingerprint and channel.fingerprint != here:
                channel.state = "copied"
                channel.state_reason = self.env._(
                    "This database is a copy: the channel was set up in another one "
                    "and sends nothing here. If this is the real database now, arm it."
                )
            elif channel.access_token_source == "missing" or not channel.fingerprint:
                channel.state = "incomplete"
                channel.state_reason = self.env._(
                    "The access token is missing. Enter the credentials."
                )
            elif channel.hold_until and channel.hold_until > now:
                channel.state = "held"
                channel.state_reason = channel._tell_hold()
            else:
                channel.state = "ready"
                channel.state_reason = False

    def _compute_webhook_url(self):
        for channel in self:
            channel.webhook_url = channel._webhook_url()

    def _compute_whatsapp_message_count(self):
        counted = dict(
            self.env["whatsapp.clinic.message"]._read_group(
                [("channel_id", "in", self.ids)], ["channel_id"], ["__count"]
            )
        )
        for channel in self:
            channel.whatsapp_message_count = counted.get(channel, 0)

    @api.depends("active")
    def _compute_stranded_count(self):
        archived = self.filtered(lambda channel: not channel.active)
        waiting = [
            ("channel_id", "in", archived.ids),
            ("state", "in", WAITING_STATES),
        ]
        counted = dict(
            self.env["whatsapp.clinic.message"]._read_group(
                waiting, ["channel_id"], ["__count"]
            )
        )
        for channel in self:
            channel.stranded_count = counted.get(channel, 0)

    @api.constrains("base_url")
    def _check_base_url(self):
        require_known_host(self)

    @api.constrains("business_account_id", "account_id", "active", "company_id")
    def _check_business_account(self):
        """What is told of a WhatsApp account is obeyed where the account's app says it:
        nobody takes the account of another app. What a company has archived itself does
        not hinder it."""
        every = self.sudo().with_context(active_test=False)
        for channel in self:
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
            company = self._company_of(vals)
            vals.setdefault("portfolio_id", self._portfolio_of(vals).id)
            if not vals.get("account_id"):
                key = vals.get("business_account_id"), company
                if key not in apps:
                    apps[key] = self._account_of(vals)
                vals["account_id"] = apps[key].id
        forget_cached(self.env)
        channels = super().create(vals_list)
        channels.sudo().fingerprint = database_fingerprint(self.env)
        return channels

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
        result = super().write(vals)
        if _ROUTING_FIELDS & vals.keys():
            forget_cached(self.env)
        return result

    def _take_account_along(self, company_id: int):
        """To another company, unless it has numbers that stay: then it is shared."""
        for account in self.account_id:
            if account.company_id:
                stay = account.channel_ids - self
                account.company_id = False if stay else company_id

    def unlink(self):
        forget_cached(self.env)
        return super().unlink()

    @api.model
    @tools.ormcache("phone_number_id", "provider")
    def _id_of_number(
        self, phone_number_id: str, provider: str = "whatsapp"
    ) -> int | None:
        """The channel whose webhooks name this id, archived or not."""
        domain = [
            ("provider", "=", provider),
            ("phone_number_id", "=", phone_number_id),
        ]
        return self.with_context(active_test=False).search(domain).id or None

    def action_arm(self):
        """Bind the channel to this database, after it was moved here on purpose."""
        self.check_access("write")
        here = database_fingerprint(self.env)
        for channel in self:
            channel.sudo().fingerprint = here
            channel.message_post(
                body=self.env._("Armed for this database by %s.", self.env.user.name)
            )
        self.env["whatsapp.clinic.dispatcher"]._wake()

    def action_release_hold(self):
        """Send again now, for example after the token was renewed."""
        self.check_access("write")
        self.sudo()._release()
        self.env["whatsapp.clinic.dispatcher"]._wake()

    def action_enter_credentials(self):
        return self.account_id.action_enter_credentials()

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {}}

    def _set_credentials(self, values: dict[str, str]):
        """Store secrets of the channel's app; see `whatsapp.clinic.account`."""
        self.check_access("write")
        self.account_id._set_credentials(values)

    def _hold(self, policy, code: int, retry_after: float | None = None):
        """Send nothing for a while; the messages wait and are not burnt.

        For as long as the policy (`provider.door.Policy`) says for so many holds in
        a row, or the messenger itself (`retry_after`, seconds). A hold that lasts is
        the same one.
        """
        now = clock.now()
        for channel in self:
            if channel.hold_until and channel.hold_until > now:
                continue
            count = channel.hold_count + 1
            seconds = max(policy.delay(count), retry_after or 0.0)
            channel.write(
                {
                    "hold_until": now + timedelta(seconds=seconds),
                    "hold_reason": policy.title
                    if code == NO_CODE
                    else f"{policy.title} ({code})",
                    "hold_cure": policy.cure,
                    "hold_count": count,
                }
            )

    def _release(self):
        self.write(
            {
                "hold_until": False,
                "hold_reason": False,
                "hold_cure": False,
                "hold_count": 0,
            }
        )

    def _tell_hold(self) -> str:
        """Why it is on hold and what to do, in the user's language."""
        cure = self.hold_cure and self.env._(self.hold_cure)
        return ". ".join(filter(None, (self.hold_reason, cure)))

    def _webhook_url(self) -> str:
        base = parameter(self.env, "web.base.url")
        return f"{base}/whatsapp_clinic/webhook"
