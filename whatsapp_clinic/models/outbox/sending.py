import logging
import time
from dataclasses import dataclass
from textwrap import shorten

import psycopg2

from odoo import api, fields, models
from odoo.tools import groupby

from ...tools.access import named, require_group, unreadable
from ...tools.quiet_sql import place
from ...tools.transaction import TRY_AGAIN
from ...tools.wake_up import report_progress, wake_after_commit
from ..gate.verdict import Verdict
from ..vocabulary.priorities import PRIORITY_ANSWER, PRIORITY_CAMPAIGN
from ..vocabulary.states import LEFT_STATES, WAITING_STATES
from .undo import tell_stopped

_logger = logging.getLogger(__name__)

BRANCH = "whatsapp.clinic.branch"
# Up to so many recipients are written while the user waits.
AT_ONCE = 200
# Recipients written in one transaction of the scheduled action.
BATCH = 100
# Seconds; other scheduled actions wait for this one's worker.
SLICE = 6.0


@dataclass(frozen=True)
class Recipient:
    """Whom a message about a record goes to, and from where.

    Partner, branch and channel may be empty; without a channel, `company` says whose
    message it is.
    """

    record: models.Model
    partner: models.Model
    branch: models.Model
    channel: models.Model
    company: models.Model


class Sending(models.Model):
    """What somebody sends to one or many records, until the last row is written.

    The rows of a large sending are written by a scheduled action, batch by batch; a row
    and the count of those written are committed together.
    """

    _name = "whatsapp.clinic.sending"
    _description = "WhatsApp Sending"
    _order = "id desc"

    user_id = fields.Many2one(
        "res.users", "Sender", required=True, default=lambda self: self.env.user
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        "Send From",
        help="For records whose branch has no number of its own.",
    )
    template_id = fields.Many2one("whatsapp.clinic.template", ondelete="restrict")
    body = fields.Text("Text")
    variables = fields.Json(help="What the sender wrote for the template.")
    purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose", required=True, ondelete="restrict"
    )
    only_coming = fields.Boolean(
        help="Only about visits that are still to come when it leaves."
    )
    res_model = fields.Char("Model", required=True)
    res_ids = fields.Json("Records", required=True)
    record_count = fields.Integer("Recipients", required=True)
    written_count = fields.Integer("Written", readonly=True)
    leaves_at = fields.Datetime(
        "Sent From", help="Nothing is sent before, so that it can be undone."
    )
    state = fields.Selection(
        [
            ("writing", "Being written"),
            ("done", "In the outbox"),
            ("cancelled", "Stopped"),
            ("failed", "Stopped by an error"),
        ],
        default="writing",
        required=True,
        index=True,
    )
    progress = fields.Float(compute="_compute_progress", help="Per cent written.")
    message_ids = fields.One2many(
        "whatsapp.clinic.message", "sending_id", "WhatsApp Messages"
    )
    stop_ids = fields.One2many(
        "whatsapp.clinic.sending.stop", "sending_id", groups="base.group_system"
    )
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    sent_count = fields.Integer("Sent", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    refused_count = fields.Integer("Not Sent", compute="_compute_counts")
    cancelled_count = fields.Integer("Cancelled", compute="_compute_counts")
    can_be_undone = fields.Boolean(compute="_compute_counts")

    @api.depends("template_id", "body")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for sending in named(self):
            text = sending.template_id.title or sending.body or ""
            sending.display_name = shorten(text, 60, placeholder="…")

    @api.depends("record_count", "written_count")
    def _compute_progress(self):
        for sending in self:
            total = sending.record_count or 1
            sending.progress = 100.0 * sending.written_count / total

    @api.depends("state", "message_ids.state", "stop_ids")
    def _compute_counts(self):
        counted = self.env["whatsapp.clinic.message"]._read_group(
            [("sending_id", "in", self.ids)], ["sending_id", "state"], ["__count"]
        )
        found = {(sending.id, state): count for sending, state, count in counted}
        for sending in self:
            for name, states in _COUNTS.items():
                sending[name] = sum(found.get((sending.id, one), 0) for one in states)
            is_writing = sending.state == "writing" and not sending.sudo().stop_ids
            sending.can_be_undone = is_writing or bool(sending.waiting_count)

    def action_undo(self) -> dict:
        """Stop what has not left yet; says how much had."""
        self.ensure_one()
        self.check_access("read")
        require_group(self.env, "group_receptionist", "group_practitioner")
        self.sudo()._stop()
        return tell_stopped(self.env, self.sent_count)

    def action_open_messages(self) -> dict:
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        return {**action, "domain": [("sending_id", "=", self.id)], "context": {}}

    def _stop(self):
        """Cancel the rows that wait, and have no further ones written."""
        writing = self.filtered(lambda one: one.state == "writing")
        if writing:
            self.env["whatsapp.clinic.sending.stop"].create(
                [{"sending_id": sending.id} for sending in writing]
            )
            self._wake()
        self._cancel_waiting()

    def _cancel_waiting(self):
        self.env["whatsapp.clinic.message"]._cancel_open(
            [("sending_id", "in", self.ids)], "cancelled_by_user"
        )

    @api.model
    def _begin(self, records, values: dict):
        """Send about records as the present user; `values` say what, from where.

        AccessError, as if they were not there, for patients whom the user does not look
        after: what the gate says of them is not the user's to know.
        """
        if records - self._about_own_patients(records):
            raise unreadable(self.env)
        template = self.template_id.browse(values.get("template_id") or [])
        distinct = self._distinct(records, template)
        sending = self.sudo().create(
            {
                **values,
                "res_model": distinct._name,
                "res_ids": distinct.ids,
                "record_count": len(distinct),
            }
        )
        sending._start()
        return sending.sudo(False)

    def _start(self):
        """Write the rows now if they are few, else wake the scheduled action."""
        self.ensure_one()
        if self.record_count > AT_ONCE:
            self._wake()
            return
        while self.state == "writing":
            self._write_batch()

    @api.model
    def _wake(self):
        wake_after_commit(self.env, "write_sendings")

    @api.model
    def _cron_write(self):
        """Write what waits, a batch in a transaction, until the slice is over."""
        report_progress(self.env)
        deadline = time.monotonic() + SLICE
        domain = [("state", "=", "writing")]
        stops = self.env["whatsapp.clinic.sending.stop"]
        while stops.search_count([], limit=1) or self.search_count(domain, limit=1):
            if time.monotonic() >= deadline:
                self._wake()
                return
            try:
                stops.search([], limit=BATCH)._obey()
                self.search(domain, order="id", limit=1)._write_batch_or_fail()
            except TRY_AGAIN:
                # The dispatcher has a row that is to be cancelled.
                self.env.cr.rollback()
            self.env["ir.cron"]._commit_progress(1)

    def _write_batch_or_fail(self):
        """A sending that raises must not stop the others."""
        for sending in self:
            try:
                with self.env.cr.savepoint():
                    sending._write_batch()
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                _logger.error("Sending %s stops: %s", sending.id, place(error))
                sending._end("failed")

    def _write_batch(self):
        """Write the rows of the next records, with the rights of the sender.

        Records that are gone, or that the sender may no longer read, are passed over.
        """
        self.ensure_one()
        start, end = self.written_count, self.written_count + BATCH
        as_sender = self.with_user(self.user_id).with_company(self.company_id)
        records = as_sender._records(self.res_ids[start:end])
        rows = as_sender._send(records, self._content(), channel=self.channel_id)
        rows._leave_not_before(self.leaves_at)
        self.written_count = min(end, self.record_count)
        if self.written_count == self.record_count:
            self._end("done")

    def _end(self, state: str):
        """No further row is written: one-time codes are not kept."""
        self.state = state
        self.filtered(lambda one: one.template_id._is_code).variables = False

    def _records(self, ids: list[int]):
        records = self.env[self.sudo().res_model].with_context(active_test=False)
        readable = records.browse(ids).exists()._filtered_access("read")
        return self._about_own_patients(readable)

    @api.model
    def _about_own_patients(self, records):
        """Those of records whose patients their user looks after, or that have none."""
        if records.env.su or not records:
            return records
        partners = records.env["res.partner"]
        people = partners.union(*(partner_of(one) for one in records))
        own = people._of_own_branches()
        return records.filtered(lambda one: partner_of(one) <= own)

    def _content(self) -> dict:
        """What every row of the sending says."""
        return {
            "template_id": self.template_id.id,
            "body": self.body,
            "variables": self.variables,
            "purpose_id": self.purpose_id.id,
            "priority": self._priority(self.record_count),
            "only_coming": self.only_coming,
            "sending_id": self.id,
        }

    @api.model
    def _priority(self, count: int) -> int:
        """What goes to one may go at night, as an answer may."""
        return PRIORITY_ANSWER if count == 1 else PRIORITY_CAMPAIGN

    @api.model
    def _send(self, records, content: dict, channel=None):
        """Queue a message about each record and show it in the record's chatter.

        `content` are values of a row: `template_id` or `body`, `purpose_id`,
        `priority`. `channel` is for records whose branch has none. Records, branches
        and channels that the user may not read are not used; as superuser all are.
        Returns the rows, in order.
        """
        recipients = self._recipients(records, channel)
        notes = self._note_in_chatter(recipients)
        rows = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {**self._row_values(recipient, content), "mail_message_id": note.id}
                for recipient, note in zip(recipients, notes, strict=True)
            ]
        )
        rows._notify_in_chatter()
        return rows

    @api.model
    def _foresee(self, records, content: dict, channel=None) -> list[tuple]:
        """What would come of sending now: a (Recipient, Verdict, row) for each record.

        Nothing is written but identities of numbers that are not known yet.
        """
        recipients = self._recipients(records, channel)
        messages = self.env["whatsapp.clinic.message"].sudo()
        rows = messages.concat(
            *(
                messages.new(
                    {
                        **self._row_values(recipient, content),
                        "state": "queued",
                    },
                    ref=str(place_in_list),
                )
                for place_in_list, recipient in enumerate(recipients)
            )
        )
        rows._address()
        rows._choose_variants()
        verdicts = self.env["whatsapp.clinic.gate"].sudo()._judge(rows, leaves_now=True)
        return [
            (recipient, _rendered(row, verdicts[row.id]), row)
            for recipient, row in zip(recipients, rows, strict=True)
        ]

    @api.model
    def _row_values(self, recipient: Recipient, content: dict) -> dict:
        record = recipient.record
        is_subject = isinstance(record, self.pool["whatsapp.clinic.message.subject"])
        return {
            **content,
            "partner_id": recipient.partner.id,
            "branch_id": recipient.branch.id,
            "channel_id": recipient.channel.id,
            "company_id": (recipient.channel.company_id or recipient.company).id,
            **(record._reference() if is_subject else {}),
        }

    @api.model
    def _recipients(self, records, channel=None) -> list[Recipient]:
        """Partner, branch and channel of each record.

        The channel is the branch's, else the one given, else the only one of the
        record's company.
        """
        branches = self.env[BRANCH]
        of_record = {one.id: _branch_of(one) for one in records}
        wanted = branches.union(*of_record.values())
        visible = branches.search([("id", "in", wanted.ids)])
        companies = {one.id: _company_of(one) or self.env.company for one in records}
        only = {one: self._only_channel(one) for one in {*companies.values()}}
        recipients = []
        for record in records:
            branch, company = of_record[record.id] & visible, companies[record.id]
            from_channel = branch.sudo().channel_id or channel or only[company]
            recipients.append(
                Recipient(record, partner_of(record), branch, from_channel, company)
            )
        return recipients

    @api.model
    def _only_channel(self, company):
        """A company's channel if there is no choice, as far as the user sees."""
        channels = self.env["whatsapp.clinic.channel"].search(
            [("company_id", "=", company.id)], limit=2
        )
        return channels if len(channels) == 1 else channels.browse()

    @api.model
    def _distinct(self, records, template):
        """One record of each patient, unless each is what the template is about."""
        if template and template.model == records._name:
            return records
        first = {partner_of(one).id or -one.id: one.id for one in reversed(records)}
        return records & records.browse(first.values())

    @api.model
    def _note_in_chatter(self, recipients: list[Recipient]) -> list:
        """A note for each recipient on its record, else on the partner.

        It does not hold the text: who may read the row reads it there.
        """
        threads = [_thread_of(recipient) for recipient in recipients]
        notes = {}
        for model, same in groupby(threads, lambda thread: thread._name):
            posted = (
                self.env[model]
                .union(*same)
                .sudo()
                ._message_log_batch(bodies={}, message_type="whatsapp_message")
                .sudo(False)
            )
            notes |= {(model, note.res_id): note for note in posted}
        nothing = self.env["mail.message"]
        return [notes.get((thread._name, thread.id), nothing) for thread in threads]


class SendingStop(models.Model):
    """Somebody undid a sending whose rows are still being written.

    A record of its own: the sending is rewritten with each batch, so that who wants to
    change it as well would be turned away again and again.
    """

    _name = "whatsapp.clinic.sending.stop"
    _description = "WhatsApp Sending to Stop"

    sending_id = fields.Many2one(
        "whatsapp.clinic.sending", required=True, ondelete="cascade", index=True
    )

    def _obey(self):
        """Write no further row and cancel what was written since somebody undid it."""
        sendings = self.sending_id
        sendings.filtered(lambda one: one.state == "writing")._end("cancelled")
        sendings._cancel_waiting()
        self.unlink()


_COUNTS = {
    "waiting_count": ("draft", *WAITING_STATES),
    "sent_count": LEFT_STATES,
    "failed_count": ("failed",),
    "refused_count": ("refused",),
    "cancelled_count": ("cancelled",),
}


def partner_of(record):
    """Whom a message about a record is for: the record itself, or its partner."""
    return record if record._name == "res.partner" else record.partner_id


def has_partner(model) -> bool:
    """Whether a message can be about records of a model.

    The partner of a user who is in charge, as of a calendar's event, is no patient.
    """
    if model._name == "res.partner":
        return True
    field = model._fields.get("partner_id")
    if field is None or field.comodel_name != "res.partner":
        return False
    through = model._fields.get((field.related or "").split(".")[0])
    return through is None or through.comodel_name != "res.users"


def _thread_of(recipient: Recipient):
    """Where a message to a recipient is shown: its record, else the partner."""
    record = recipient.record
    has_chatter = isinstance(record, record.pool["mail.thread"])
    return record if has_chatter else recipient.partner


def _branch_of(record):
    """The branch that a record belongs to, else the home branch of its partner."""
    field = record._fields.get("branch_id")
    if field is not None and field.comodel_name == BRANCH:
        return record.branch_id
    return partner_of(record).sudo().clinic_branch_id


def _company_of(record):
    """The company that a record belongs to, else that of its partner; may be empty."""
    of_partner = partner_of(record).sudo().company_id
    return ("company_id" in record._fields and record.company_id) or of_partner


def _rendered(row, verdict: Verdict) -> Verdict:
    """The verdict, or what keeps the message from being made."""
    if verdict.is_refusal:
        return verdict
    row._take_sample_file()
    return row._judge_text() or verdict
