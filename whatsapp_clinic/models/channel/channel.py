from datetime import timedelta

from odoo import api, fields, models, tools

from ...tools import clock
from ...tools.compat import forget_cached, parameter
from ...tools.fingerprint import database_fingerprint
from ..provider.door import NO_CODE
from ..vocabulary.states import WAITING_STATES

# Messages per second of a new number of WhatsApp (Cloud API, throughput).
DEFAULT_RATE = 80

# What the look-up of a webhook's channel depends on.
_ROUTING_FIELDS = {"provider", "external_id"}


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
    external_id = fields.Char(
        "ID at the Messenger",
        required=True,
        copy=False,
        help="By which the messenger calls the number in its webhooks.",
    )
    rate = fields.Integer(
        "Messages per Second",
        default=DEFAULT_RATE,
        required=True,
        help="80 for most numbers, 20 where the WhatsApp Business app is used as well, "
        "up to 1,000 after an upgrade by Meta.",
    )
    automatic_per_hour = fields.Integer(
        "Automatic Messages per Hour",
        default=10,
        required=True,
        help="The most that rules write to one WhatsApp number within an hour; the "
        "rest waits. 0 for no limit.",
    )
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

    _external_id_uniq = models.Constraint(
        "UNIQUE (provider, external_id)",
        "Another channel already uses this phone number id.",
    )
    _rate_positive = models.Constraint(
        "CHECK (rate BETWEEN 1 AND 1000)",
        "A channel sends 1 to 1,000 messages a second.",
    )
    _automatic_positive = models.Constraint(
        "CHECK (automatic_per_hour >= 0)", "The number of messages is 0 or more."
    )

    @api.depends("fingerprint", "hold_until", "hold_cure")
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
            elif not channel.fingerprint or channel._missing_credentials():
                channel.state = "incomplete"
                channel.state_reason = channel._missing_credentials()
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

    @api.model_create_multi
    def create(self, vals_list):
        self._check_given(vals_list)
        forget_cached(self.env)
        channels = super().create(vals_list)
        channels.sudo().fingerprint = database_fingerprint(self.env)
        return channels

    def write(self, vals):
        self._check_given([vals])
        result = super().write(vals)
        if _ROUTING_FIELDS & vals.keys():
            forget_cached(self.env)
        return result

    def unlink(self):
        forget_cached(self.env)
        return super().unlink()

    @api.model
    @tools.ormcache("external_id", "provider")
    def _id_of_number(self, external_id: str, provider: str = "whatsapp") -> int | None:
        """The channel whose webhooks name this id, archived or not."""
        domain = [
            ("provider", "=", provider),
            ("external_id", "=", external_id),
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

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {}}

    def _missing_credentials(self) -> str | None:
        """Hook: what is to be entered before anything can be sent; None for nothing."""
        return None

    @property
    def _user_scope(self):
        """Hook: among whose users the ids that patients have here mean somebody.

        A record that has a company.
        """
        raise NotImplementedError

    def _claim_order(self) -> str:
        """Hook: in which order what is due and equally urgent leaves, as SQL."""
        return "due_at, id"

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
