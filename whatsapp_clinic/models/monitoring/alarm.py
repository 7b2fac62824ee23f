import shutil
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import LazyTranslate, config, format_date

from ...tools import clock
from ...tools.fingerprint import database_fingerprint
from ...tools.parameter import number
from .alarm_causes import CAUSES, parameters

_lt = LazyTranslate(__name__)

ADVICE = {
    "held": _lt(
        "The messages wait and are not lost. The channel says why; when that is "
        "fixed, an administrator presses Send Again Now there."
    ),
    "queue": _lt(
        "Check that the scheduled actions “WhatsApp Clinic: send messages” run and "
        "that the server reaches WhatsApp."
    ),
    "no_status": _lt(
        "Nobody knows whether they arrived. Check at Meta that the app is subscribed "
        "to this WhatsApp account and to the field “messages”, and that no "
        "webhooks wait."
    ),
    "no_webhook": _lt(
        "Patients' answers do not arrive either. Check that the webhook address at "
        "Meta is the one of the channel and can be reached from outside."
    ),
    "parked": _lt(
        "Answers of patients may be among them. An administrator can process them "
        "again after an update; their content is removed from %(date)s on."
    ),
    "unrecognised": _lt(
        "What patients wrote may be among it, and is in no conversation. An "
        "administrator reads it, tells reception what concerns a patient, and presses "
        "Looked At; it is removed from %(date)s on."
    ),
    "payment": _lt(
        "Messages that cost something are not sent. Add or repair the payment method "
        "of this WhatsApp account in Meta Business Suite under Billing & Payments, and "
        "check its time zone and currency; then an administrator presses Send Again "
        "Now on the channel."
    ),
    "quality": _lt(
        "Patients block or report the number. Send fewer messages that nobody "
        "asked for, or WhatsApp will lower your messaging limit."
    ),
    "name": _lt(
        "Correct the display name in WhatsApp Manager, under Phone numbers; then check "
        "the connection."
    ),
    "barred": _lt(
        "Messages wait or fail. The connection check and the history of the channel "
        "say why; ask for a review in WhatsApp Manager under Account quality."
    ),
    "limit": _lt(
        "You can start fewer conversations per 24 hours; the rest wait. The limit "
        "rises again with good quality."
    ),
    "throughput": _lt(
        "Messages are sent at the lower pace, so that large sendings take longer; "
        "nothing is lost. This notice ends after a week."
    ),
    "token": _lt(
        "Create a new access token that never expires for the system user in Meta "
        "Business Suite, and enter it under Change Credentials."
    ),
    "standby": _lt(
        "What patients write is answered by the agent and shown among the messages; "
        "nothing is sent to them automatically. Write to a patient to take a "
        "conversation over. If the clinic did not want the agent, switch it off "
        "in WhatsApp Manager."
    ),
    "disk": _lt(
        "When the disk is full, patients' messages and files are lost. Make room on "
        "the server, and look who sends so much."
    ),
    "evidence": _lt(
        "Somebody wrote past the clinic into the database, or a backup was restored in "
        "part. Compare consents and proofs with a backup, and tell the privacy "
        "officer, who finds the rows with “Verify All” and “Verify”."
    ),
    "connection": _lt(
        "The connection check of the channel says what is wrong and what to do."
    ),
}
# While one of these is open nothing leaves.
STOPPING = ("held", "payment", "queue")
_SHOWN = ("display_name", "advice", "since", "is_fixable")
# Where what concerns the whole database is fixed: action, filter, what is in it.
_PLACES = {
    "parked": (
        "webhook_event_action",
        "parked",
        ("whatsapp.clinic.webhook.event", [("state", "=", "parked")]),
    ),
    "unrecognised": (
        "unrecognised_action",
        "open",
        ("whatsapp.clinic.unrecognised", [("is_open", "=", True)]),
    ),
}


class Alarm(models.Model):
    """Something that stops messages without a word, from its notice to its end.

    The watchdog opens and closes alarms; nobody else has the right to.
    """

    _name = "whatsapp.clinic.alarm"
    _description = "WhatsApp Alarm"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "since desc, id desc"

    kind = fields.Selection(
        [
            ("held", "Nothing is sent: the number is on hold"),
            ("queue", "Messages are overdue and do not leave"),
            ("no_status", "WhatsApp says nothing about sent messages"),
            ("no_webhook", "Nothing comes from WhatsApp any more"),
            ("parked", "Webhooks could not be processed"),
            ("unrecognised", "Something from WhatsApp was not understood"),
            ("payment", "WhatsApp finds no payment method"),
            ("quality", "WhatsApp rates the number's quality lower"),
            ("name", "WhatsApp does not accept the display name"),
            ("barred", "WhatsApp does not let the number send freely"),
            ("limit", "WhatsApp lowered the messaging limit"),
            ("throughput", "WhatsApp lowered the messages a second"),
            ("token", "The access token ends soon"),
            ("standby", "Meta's AI agent answers patients"),
            ("connection", "Part of the connection does not work"),
            ("disk", "The server's disk is nearly full"),
            ("evidence", "Consents or proofs are not as they were written"),
        ],
        required=True,
        readonly=True,
    )
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel", readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    since = fields.Datetime(required=True, readonly=True)
    last_seen = fields.Datetime(required=True, readonly=True)
    closed_at = fields.Datetime("Closed", readonly=True)
    count = fields.Integer(
        readonly=True, help="Messages or webhooks concerned when it was last seen."
    )
    advice = fields.Char("What to Do", compute="_compute_advice")
    is_fixable = fields.Boolean(
        "Can Be Fixed",
        compute="_compute_is_fixable",
        search="_search_is_fixable",
        help="Whether this user may open the place where it can be fixed.",
    )
    notice_ids = fields.Many2many(
        "mail.activity", readonly=True, groups=fields.NO_ACCESS
    )

    _open_uniq = models.UniqueIndex(
        "(kind, (COALESCE(channel_id, 0))) WHERE closed_at IS NULL",
        "This alarm is open already.",
    )

    @api.depends("kind", "channel_id.name", "count")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for alarm in self:
            place = f"{alarm.channel_id.name}: " if alarm.channel_id else ""
            extent = f" ({alarm.count})" if alarm.count else ""
            alarm.display_name = f"{place}{labels.get(alarm.kind, '')}{extent}"

    @api.depends("kind", "since")
    @api.depends_context("lang")
    def _compute_advice(self):
        kept = timedelta(days=number(self.env, "parked_body_days"))
        for alarm in self:
            date = format_date(self.env, alarm.since and alarm.since + kept)
            advice = self.env._(ADVICE[alarm.kind]) if alarm.kind else ""
            alarm.advice = advice % {"date": date}

    @api.depends("kind")
    @api.depends_context("uid")
    def _compute_is_fixable(self):
        kinds = self._kinds_with_entries()
        for alarm in self:
            alarm.is_fixable = bool(alarm.channel_id) or alarm.kind in kinds

    @api.model
    def _search_is_fixable(self, operator, value):
        """Also asked by the record rule: who may read nothing of it is not alarmed."""
        if operator != "in":
            return NotImplemented
        kinds = self._kinds_with_entries()
        return Domain("channel_id", "!=", False) | Domain("kind", "in", list(kinds))

    @api.model
    def _kinds_with_entries(self) -> set[str]:
        """Kinds of alarm about entries of which the user may read some."""
        return {
            kind
            for kind, (_action, _filter, (name, entries)) in _PLACES.items()
            if self.env[name].sudo(False).has_access("read")
            and self.env[name].sudo(False).search_count(entries, limit=1)
        }

    @api.model
    def banner(self) -> list[dict]:
        """What stands above lists: open alarms; for who fixes nothing, what it means.

        Members of a branch are told that its number does not send.
        """
        opened = [("closed_at", "=", False)]
        if self.has_access("read"):
            return self.search_read(opened, _SHOWN)
        if not self.env.user.has_group("whatsapp_clinic.group_staff"):
            return []
        channels = self.env.user._branches().channel_id
        mine = [("channel_id", "in", channels.ids), ("kind", "in", STOPPING)]
        # sudo: that nothing leaves concerns everybody who relies on it
        alarms = self.sudo().search([*opened, *mine], order="since desc")
        since = {alarm.channel_id: alarm.since for alarm in alarms}
        return [self._tell_stop(*one) for one in since.items()]

    @api.model
    def _tell_stop(self, channel, since: datetime) -> dict:
        """In the shape of an alarm, what it means for who has to reach patients."""
        return {
            "id": channel.id,
            "display_name": self.env._(
                "WhatsApp accepts nothing from %s at the moment.", channel.name
            ),
            "advice": self.env._(
                "What waits is not lost. Call the patients for whom it is urgent; "
                "the clinic's managers know of it."
            ),
            "since": since,
            "is_fixable": False,
        }

    def action_fix(self):
        """Open the place where the cause can be fixed."""
        self.ensure_one()
        if self.channel_id:
            return {
                "type": "ir.actions.act_window",
                "res_model": "whatsapp.clinic.channel",
                "res_id": self.channel_id.id,
                "views": [(False, "form")],
            }
        name, shown, _entries = _PLACES[self.kind]
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"whatsapp_clinic.{name}"
        )
        return {**action, "context": {f"search_default_{shown}": 1}}

    @api.model
    def _settle(self, kind: str, causes: dict[int, tuple[datetime, int]]):
        """Open, keep and close the alarms of a kind.

        `causes` has since when (naive UTC) and how many rows, by channel id; the whole
        database has the id 0.
        """
        now = clock.now()
        opened = self.search([("kind", "=", kind), ("closed_at", "=", False)])
        for alarm in opened:
            since, count = causes.pop(alarm.channel_id.id or 0, (None, 0))
            if since:
                alarm.write({"last_seen": now, "count": count})
            else:
                alarm._close()
        new = self.create(
            [
                {
                    "kind": kind,
                    "channel_id": channel_id or False,
                    "since": since,
                    "last_seen": now,
                    "count": count,
                }
                for channel_id, (since, count) in causes.items()
            ]
        )
        for alarm in new:
            alarm._tell_managers()

    def _close(self):
        """The cause is gone, and what it asked of the managers with it."""
        self.write({"closed_at": clock.now()})
        self.notice_ids.unlink()

    def _tell_managers(self):
        """Give each of them an activity, in their language."""
        for user in self._managers():
            alarm = self.with_context(lang=user.lang)
            record = alarm.channel_id or alarm
            self.notice_ids |= record.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=alarm.display_name,
                note=alarm.advice,
                user_id=user.id,
            )

    def _managers(self):
        """Managers who work at the channel's branches, else those of its company.

        What concerns the whole database concerns the administrators who may see it;
        if there is none, every one: somebody has to find one of all companies.
        """
        if not self.channel_id:
            every = self.env.ref("whatsapp_clinic.group_administrator").all_user_ids
            return every.filtered(self._is_seen_by) or every
        managers = self.env.ref("whatsapp_clinic.group_manager").all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids
        )
        return managers & self.channel_id.branch_ids.member_ids or managers

    def _is_seen_by(self, user) -> bool:
        """Whether the user may read this alarm in all of their companies at once."""
        companies = {"allowed_company_ids": user.company_ids.ids}
        return self.with_user(user).with_context(**companies).has_access("read")

    @api.model
    def _full_disk(self) -> dict[int, tuple[datetime, int]]:
        """The cause of an alarm when too little is free where files are kept."""
        least = number(self.env, "alarm_disk_gigabytes") * 10**9
        is_full = shutil.disk_usage(config["data_dir"]).free < least
        return {0: (clock.now(), 0)} if is_full else {}

    @api.model
    def _cron_watch(self):
        """Notice what goes wrong without a word, and what is well again."""
        self._watch()

    @api.model
    def _causes(self) -> dict[str, str]:
        """Hook: a statement for each kind, as `alarm_causes.py` tells."""
        return CAUSES

    @api.model
    def _cause_values(self) -> dict:
        """Hook: values for the statements."""
        return parameters(self.env, database_fingerprint(self.env), clock.now())

    @api.model
    def _watch(self, *kinds: str):
        """Look for the causes of some kinds of alarm, default all."""
        if not kinds:
            self._settle("disk", self._full_disk())
        self.env.flush_all()
        causes, values = self._causes(), self._cause_values()
        for kind in kinds or causes:
            self.env.cr.execute(causes[kind], values)
            self._settle(
                kind,
                {
                    channel_id or 0: (since, int(count))
                    for channel_id, since, count in self.env.cr.fetchall()
                },
            )
            self.env.flush_all()
