import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ....tools.given_secret import ENVIRONMENT, FILE, SECRETS, given_secret
from ....tools.ruled_lines import RuledOne2many

SOURCES = [
    ("missing", "Missing"),
    ("stored", "Kept in the database"),
    (ENVIRONMENT, "From the server's environment"),
    (FILE, "From Odoo's configuration file"),
]


class Account(models.Model):
    """An app at Meta with its secrets, which the channels of the app share."""

    _name = "whatsapp.clinic.account"
    _description = "Meta App"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "name, id"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        help="Empty for an app with numbers of several companies.",
    )
    app_id = fields.Char(
        "App ID", copy=False, help="App dashboard, App settings, Basic."
    )
    environment_name = fields.Char(
        "Name on the Server",
        copy=False,
        help="Capital letters, digits and underscores. With MAIN, secrets are taken "
        "from WHATSAPP_CLINIC_MAIN_ACCESS_TOKEN, …_APP_SECRET and …_VERIFY_TOKEN in "
        "the server's environment, or from main_access_token and so on in the section "
        "[whatsapp_clinic] of Odoo's configuration file, and are not stored.",
    )
    channel_ids = RuledOne2many("whatsapp.clinic.channel", "account_id")
    access_token = fields.Char(copy=False, prefetch=False, groups=fields.NO_ACCESS)
    app_secret = fields.Char(copy=False, prefetch=False, groups=fields.NO_ACCESS)
    verify_token = fields.Char(copy=False, prefetch=False, groups=fields.NO_ACCESS)
    access_token_source = fields.Selection(
        SOURCES, compute="_compute_sources", compute_sudo=True
    )
    app_secret_source = fields.Selection(
        SOURCES, compute="_compute_sources", compute_sudo=True
    )
    verify_token_source = fields.Selection(
        SOURCES, compute="_compute_sources", compute_sudo=True
    )

    _app_id_digits = models.Constraint(
        "CHECK (app_id ~ '^[0-9]+$')", "An app id consists of digits."
    )
    _environment_name_form = models.Constraint(
        "CHECK (environment_name ~ '^[A-Z][A-Z0-9_]*$')",
        "The name on the server has capital letters, digits and underscores.",
    )
    _environment_name_uniq = models.UniqueIndex(
        "(environment_name)", "Another app has this name on the server."
    )

    @api.depends("environment_name", *SECRETS)
    def _compute_sources(self):
        # One by one they would be a query each, and the dispatcher asks at every claim.
        self._origin.fetch(SECRETS)
        for account in self:
            for kind in SECRETS:
                _value, source = given_secret(account.environment_name, kind)
                stored = "stored" if account[kind] else "missing"
                account[f"{kind}_source"] = source or stored

    @api.constrains("environment_name")
    def _check_given_secret(self):
        for account in self:
            secret, _source = given_secret(account.environment_name, "app_secret")
            if secret and account._is_taken(secret):
                raise ValidationError(account._tell_taken())

    def action_enter_credentials(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credentials of %s", self.name),
            "res_model": "whatsapp.clinic.channel.credentials",
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": self.id},
        }

    def _secret(self, kind: str) -> str | None:
        """One of SECRETS as it counts: what the server gives before what is stored."""
        account = self.sudo()
        value, _source = given_secret(account.environment_name, kind)
        return value or account[kind] or None

    @api.model
    def _ids_with_secret_of(self, account_id: int | None) -> set[int]:
        """The app, and those that were given the same app secret; none for None."""
        account = self.sudo().browse(account_id).exists()
        secret = account and account._secret("app_secret")
        return {*account.ids, *account._others_with(secret).ids} if secret else set()

    def _is_taken(self, app_secret: str) -> bool:
        """Whether another app has this secret: then webhooks would be of both."""
        return bool(self._others_with(app_secret))

    def _others_with(self, app_secret: str):
        others = self.sudo().search([("id", "not in", self.ids)])
        return others.filtered(lambda one: one._secret("app_secret") == app_secret)

    @api.model
    def _tell_taken(self) -> str:
        return self.env._(
            "Another app has this app secret already. Numbers of one Meta app share "
            "its credentials: choose that app for this number."
        )

    def _set_credentials(self, values: dict[str, str]):
        """Store secrets (access_token, app_secret, verify_token) and lift holds.

        Raises UserError for a text that can be no secret, for one that the server gives
        already, and for an app secret that another app has.
        """
        self.ensure_one()
        self.check_access("write")
        cleaned = {kind: value.strip() for kind, value in values.items() if value}
        if any(not re.fullmatch("[!-~]+", value) for value in cleaned.values()):
            raise UserError(
                self.env._("A token has no blanks inside. Please copy it again.")
            )
        if any(given_secret(self.environment_name, kind)[1] for kind in cleaned):
            raise UserError(
                self.env._("The server gives this secret already; change it there.")
            )
        if "app_secret" in cleaned and self._is_taken(cleaned["app_secret"]):
            raise UserError(self._tell_taken())
        self.sudo().write(cleaned)
        self.channel_ids.sudo()._release()
        self.env["whatsapp.clinic.dispatcher"]._wake()
