import secrets
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools import clock
from ...tools.access import require_group
from ...tools.text import clean_text
from ..provider.door import Outgoing, Traits
from ..template.template_variable import LINK, MissingValue
from ..vocabulary.priorities import PRIORITY_APPOINTMENT
from ..vocabulary.reasons import REASON_SELECTION, REASONS, next_step
from ..vocabulary.states import (
    ENDED_STATES,
    OPEN_STATES,
    STATE_SELECTION,
    WAITING_STATES,
)

# Set by the buttons with which people send; programs that call the same method do not.
BY_HAND = "clinic_sent_by_hand"


def _tells(message, verdict) -> bool:
    """Whether a row was refused for what this verdict says."""
    if message.state != "refused" or not verdict:
        return False
    return (message.reason, message.detail or None) == (verdict.reason, verdict.detail)


def _may_be_sent(message) -> bool:
    waits = message.state in (*OPEN_STATES, *ENDED_STATES)
    return message.direction == "out" and waits


# The reason that is told about patients whom the user does not look after.
_ELSEWHERE = "looked_after_elsewhere"
# What became of it and what it cost: neither gate nor dispatcher asks for these, so
# they are read together, and apart from the rest.
REPORT = "report"
# Characters, of which a name shows sixty.
_BEGINNING = 400


class _SameSubjects:
    """Ids of what messages are about that are read together, to read those at once."""

    def __init__(self, message):
        self.message = message

    def __iter__(self):
        rows = self.message.browse(self.message._prefetch_ids)
        model = self.message.res_model
        return iter({row.res_id: None for row in rows if row.res_model == model})

    def __reversed__(self):
        return reversed([*self])


class Message(models.Model):
    """One message to or from a patient: the outbox and the log of deliveries in one.

    Rows are made by `_enqueue` and change in the dispatcher and the event processor
    only; nobody has the right to create or write them.
    """

    _name = "whatsapp.clinic.message"
    _description = "WhatsApp Message"
    _order = "due_at desc, id desc"
    _rec_name = "body"

    direction = fields.Selection(
        [("out", "Outgoing"), ("in", "Incoming")], default="out", required=True
    )
    state = fields.Selection(
        STATE_SELECTION, default="draft", required=True, index=True
    )
    kind = fields.Char(default="text", required=True, help="WhatsApp's message type.")
    channel_id = fields.Many2one("whatsapp.clinic.channel", ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True)
    branch_id = fields.Many2one("whatsapp.clinic.branch", index="btree_not_null")
    identity_id = fields.Many2one(
        "whatsapp.clinic.identity", ondelete="restrict", index="btree_not_null"
    )
    partner_id = fields.Many2one(
        "res.partner", "Patient", ondelete="restrict", index="btree_not_null"
    )
    guardian_id = fields.Many2one(
        "res.partner",
        ondelete="restrict",
        index="btree_not_null",
        help="Who gets it, for a patient who does not get messages themselves.",
    )
    purpose_id = fields.Many2one("whatsapp.clinic.consent.purpose", ondelete="restrict")
    asked_purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose",
        ondelete="restrict",
        help="It asks for consent to this; the answer is recorded.",
    )
    consent_request_id = fields.Many2one(
        "whatsapp.clinic.consent.request",
        ondelete="set null",
        index="btree_not_null",
        help="Its text leads to this request's page.",
    )
    template_id = fields.Many2one("whatsapp.clinic.template", ondelete="restrict")
    # No foreign key guards it: the gate asks whether it exists.
    res_model = fields.Char("Kind of Subject")
    res_id = fields.Many2oneReference("Subject", model_field="res_model")
    subject_name = fields.Char(
        "About",
        compute="_compute_subject_name",
        help="The visit, or whatever else it is about, as far as you may see it.",
    )
    subject_version = fields.Integer(help="The version that the text speaks of.")
    occurrence = fields.Char(help="Which time of the anchor this message is for.")
    is_automatic = fields.Boolean(
        "Automatic", help="Written automatically, not by a person or as an answer."
    )
    in_quiet_hours = fields.Boolean(
        "Also in Quiet Hours", help="Leaves at night too, though it is automatic."
    )
    reply_to_id = fields.Many2one(
        "whatsapp.clinic.message", ondelete="set null", index="btree_not_null"
    )
    # A patient may write 65,536 characters: they are read where they are shown.
    body = fields.Text("Text", prefetch=False)
    shown_body = fields.Text(
        "Message",
        compute="_compute_shown_body",
        compute_sudo=True,
        help="The text; while a template message waits, what it would say now.",
    )
    beginning = fields.Char(compute="_compute_beginning", compute_sudo=True)
    priority = fields.Integer(default=PRIORITY_APPOINTMENT, required=True)
    due_at = fields.Datetime("Due", default=lambda self: clock.now(), required=True)
    expires_at = fields.Datetime(help="Never sent after this time.")
    key = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: secrets.token_urlsafe(16),
        groups="base.group_system",
        help="Random; stands in button payloads and in what statuses carry back.",
    )
    attempts = fields.Integer(default=0)
    refusals = fields.Integer(
        default=0, help="Times that WhatsApp refused it for a passing reason."
    )
    attempt_ids = fields.One2many(
        "whatsapp.clinic.message.attempt", "message_id", "Tries", readonly=True
    )
    came_twice = fields.Boolean(
        compute="_compute_came_twice",
        help="A try that was given up and repeated has arrived as well.",
    )
    reaches_out = fields.Boolean(
        help="The patient had not written for 24 hours: counts for the messaging limit."
    )
    message_id = fields.Char("WhatsApp Message ID", groups="base.group_system")
    tapped = fields.Char(help="The button that the patient tapped.")
    claimed_at = fields.Datetime(prefetch=REPORT)
    unknown_at = fields.Datetime(prefetch=REPORT)
    status_at = fields.Datetime("Last Status", prefetch=REPORT)
    sent_at = fields.Datetime("Sent", prefetch=REPORT)
    delivered_at = fields.Datetime("Delivered", prefetch=REPORT)
    read_at = fields.Datetime("Read", prefetch=REPORT)
    failed_at = fields.Datetime("Failed", prefetch=REPORT)
    occurred_at = fields.Datetime(help="When the patient wrote, by WhatsApp's clock.")
    reason = fields.Selection(REASON_SELECTION)
    objection = fields.Selection(
        REASON_SELECTION,
        "Why Not",
        compute="_compute_objection",
        compute_sudo=True,
        help="Why it was not sent; while it waits, why it would not be sent now.",
    )
    send_objection = fields.Selection(
        REASON_SELECTION,
        "Why Not Now",
        compute="_compute_send_objection",
        compute_sudo=True,
        help="Why it would not be sent now; empty if it would.",
    )
    send_next_step = fields.Char(
        "What to Do", compute="_compute_send_objection", compute_sudo=True
    )
    can_be_sent_now = fields.Boolean(
        compute="_compute_send_objection",
        compute_sudo=True,
        help="Whether sending it now makes sense, or what stands against it can end.",
    )
    detail = fields.Char(
        prefetch=REPORT, help="Which variable, which limit, which answer of WhatsApp."
    )
    content_warning = fields.Char(
        "Tells Too Much", help="What of the text should not have left, in short."
    )
    error_code = fields.Integer(prefetch=REPORT)
    next_step = fields.Char(compute="_compute_next_step")
    pricing = fields.Json(prefetch=REPORT)
    buttons = fields.Json(
        help="Buttons under a text within the 24 hours: [[action, title], …]."
    )
    answers_tap = fields.Boolean(help="Says automatically what a tapped button did.")
    confirms_stop = fields.Boolean(
        help="The one answer to a stop; it goes to who just stopped all messages."
    )

    _due = models.Index(
        "(channel_id, priority, due_at, id) WHERE state IN ('queued', 'held')"
    )
    _underway = models.Index("(channel_id, claimed_at) WHERE state = 'sending'")
    _unsettled = models.Index("(channel_id, unknown_at) WHERE state = 'unknown'")
    _claimed = models.Index("(channel_id, claimed_at) WHERE status_at IS NOT NULL")
    _recent = models.Index("(identity_id, claimed_at) WHERE claimed_at IS NOT NULL")
    _reached = models.Index("(channel_id, claimed_at, identity_id) WHERE reaches_out")
    _unreported = models.Index(
        "(channel_id, claimed_at) WHERE state = 'sent' AND status_at IS NULL"
    )
    _failed = models.Index("(failed_at) WHERE state IN ('failed', 'refused')")
    _window = models.Index(
        "(identity_id, channel_id, occurred_at) WHERE direction = 'in'"
    )
    _key_uniq = models.UniqueIndex("(key)", "The key of a message is its own.")
    _message_id_uniq = models.UniqueIndex(
        "(channel_id, message_id) WHERE message_id IS NOT NULL",
        "This WhatsApp message is already stored.",
    )
    _stop_confirmed_once = models.UniqueIndex(
        "(reply_to_id) WHERE confirms_stop", "A stop is confirmed once."
    )
    _question = models.Index(
        "(identity_id, channel_id, id) WHERE asked_purpose_id IS NOT NULL"
    )
    _tap_answers = models.Index("(identity_id, due_at) WHERE answers_tap")
    _about = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")

    @api.constrains("res_model")
    def _check_subject_model(self):
        known = {False, *self.env["whatsapp.clinic.message.subject"]._models()}
        if not known.issuperset(self.mapped("res_model")):
            raise ValidationError(self.env._("No message is about such a record."))

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "lang", "tz", "allowed_company_ids")
    def _compute_subject_name(self):
        for model, rows in self.grouped("res_model").items():
            seen = rows.sudo(False)._subjects(model)._filtered_access("read")
            names = {one.id: one.display_name for one in seen}
            for row in rows:
                row.subject_name = names.get(row.res_id)

    @api.depends("state", "reason")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_objection(self):
        waiting = self.filtered(lambda message: message.state in WAITING_STATES)
        seen = waiting._of_own_patients()
        verdicts = seen._verdicts()
        (waiting - seen).objection = _ELSEWHERE
        for message in self - (waiting - seen):
            verdict = verdicts.get(message.id)
            told = message.reason if message.state in ("held", *ENDED_STATES) else None
            message.objection = (verdict and verdict.reason) or told

    @api.depends_context("lang", "uid", "allowed_company_ids")
    def _compute_send_objection(self):
        sendable = self.filtered(_may_be_sent)
        seen = sendable._of_own_patients()
        by_hand = seen.with_context(**{BY_HAND: True})
        verdicts = by_hand._verdicts(leaves_now=True)
        for message in self:
            verdict = verdicts.get(message.id)
            unasked = _ELSEWHERE if message in sendable - seen else "not_sendable"
            message.send_objection = verdict.reason if verdict else unasked
            objection = REASONS.get(message.send_objection)
            message.can_be_sent_now = not (objection and objection.is_hopeless)
            message.send_next_step = next_step(self.env, message.send_objection)

    def _of_own_patients(self):
        """Those of nobody in particular, and of patients whom the user looks after.

        Of others nobody is told what stands against writing to them now; why a row of
        one's own was not sent, then, is that row's story.
        """
        patients = self.sudo().partner_id
        others = patients - patients._of_own_branches()
        return self.filtered(lambda one: one.sudo().partner_id not in others)

    @api.depends("state", "attempt_ids.delivered_at")
    def _compute_came_twice(self):
        for message in self:
            has_arrived = message.state in ("delivered", "read")
            earlier = message.attempt_ids.filtered("delivered_at")
            message.came_twice = has_arrived and bool(earlier)

    @api.depends("body", "state", "template_id")
    def _compute_shown_body(self):
        for message in self:
            is_planned = message.template_id and not message.body
            message.shown_body = message._foresee() if is_planned else message.body

    @api.depends("shown_body", "edited_at")
    def _compute_beginning(self):
        """The first words that are shown; of a text no more is read for a list."""
        self.flush_recordset(["body", "edited_at"])
        self.env.cr.execute(
            r"SELECT id, ltrim(left(body, %s), E' \t\r\n') "
            "FROM whatsapp_clinic_message WHERE id = ANY(%s) AND edited_at IS NULL",
            [_BEGINNING, self.ids],
        )
        texts = dict(self.env.cr.fetchall())
        others = self.filtered(lambda one: not texts.get(one.id))
        for message in others.with_prefetch(others._ids):
            texts[message.id] = (message.shown_body or "").lstrip()[:_BEGINNING]
        for message in self:
            message.beginning = texts[message.id]

    @api.depends("objection", "error_code")
    @api.depends_context("lang")
    def _compute_next_step(self):
        for message in self:
            message.next_step = message._tell_next_step()

    def _tell_next_step(self) -> str | None:
        """What a person can do about the objection, in the user's language."""
        if self.objection == "error":
            # sudo: which messenger it is says nothing of the channel
            provider = self.env["whatsapp.clinic.provider"]._of(self.channel_id.sudo())
            return self.env._(provider.policy(self.error_code).cure)
        return next_step(self.env, self.objection)

    @api.depends("beginning", "kind")
    def _compute_display_name(self):
        for message in self:
            text = " ".join((message.beginning or message.kind or "").split())
            message.display_name = text if len(text) <= 60 else f"{text[:57]}…"

    def action_cancel(self):
        """Stop what has not left yet."""
        self.check_access("read")
        require_group(self.env, "group_receptionist", "group_practitioner")
        if not self.filtered(lambda message: message.state in OPEN_STATES):
            raise UserError(
                self.env._("Only a message that still waits can be stopped.")
            )
        self.sudo()._cancel_open([("id", "in", self.ids)], "cancelled_by_user")

    def action_ask_to_send(self):
        """Show what the gate says to sending these now, before anybody clicks."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Now"),
            "res_model": "whatsapp.clinic.message.send",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_message_ids": [fields.Command.set(self.ids)],
                "dialog_size": "extra-large",
            },
        }

    def action_send_again(self):
        """Send now what waits, failed, was cancelled or is unknown; the gate is asked.

        Raises UserError if nothing of it may be sent.
        """
        self.check_access("read")
        require_group(self.env, "group_receptionist", "group_practitioner")
        sendable = self.filtered(_may_be_sent)
        if not sendable:
            raise UserError(
                self.env._(
                    "Only what waits, failed, was cancelled or is unknown can be sent."
                )
            )
        sendable.sudo().partner_id.with_env(self.env)._check_looked_after()
        sendable.sudo().by_hand = True
        sendable.sudo()._requeue()

    def action_open_subject(self):
        """Open what the message is about."""
        self.ensure_one()
        self.check_access("read")
        subject = self._subjects(self.res_model)
        if not subject:
            return False
        subject.check_access("read")
        return subject.get_formview_action()

    def action_reply(self):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reply to %s", self._who_reads_the_reply()),
            "res_model": "whatsapp.clinic.message.reply",
            "view_mode": "form",
            "target": "new",
            "context": {"default_message_id": self.id},
        }

    def _who_reads_the_reply(self) -> str:
        """The patient's name where the user may know it, else the number's."""
        message = self.sudo()
        patient = message.partner_id & message.identity_id.partner_ids
        if patient and patient.with_env(self.env)._is_of_own_branch():
            return patient.name
        return self.identity_id.display_name

    @api.model
    def _enqueue(self, vals_list: list[dict]):
        """Write outbox rows; the only way to send anything.

        Each dict has `channel_id`, `partner_id` or `identity_id`, `purpose_id`, and
        `template_id` or `body`; optional: `due_at` and `expires_at` (naive UTC),
        `priority`, what a subject's `_reference` tells, `branch_id`, `occurrence`,
        `is_automatic`, `reply_to_id`; `kind`, `content` and `attachment_id` as
        `outbox/rendering.py` tells. The gate is asked at once: what it refuses and is
        due now becomes `refused` with the reason; what is due later waits, and
        `objection` tells. Returns the rows, in order.
        """
        channels = self.env["whatsapp.clinic.channel"].browse(
            {vals["channel_id"] for vals in vals_list if vals.get("channel_id")}
        )
        companies = {channel.id: channel.company_id.id for channel in channels}
        rows = self.sudo().create(
            [
                {
                    "company_id": companies.get(vals.get("channel_id"))
                    or self.env.company.id,
                    "kind": "template" if vals.get("template_id") else "text",
                    **vals,
                    "body": clean_text(vals.get("body") or ""),
                    "state": "queued",
                    "direction": "out",
                }
                for vals in vals_list
            ]
        )
        rows._judge_at_entry()
        return rows

    def _judge_at_entry(self):
        """Ask the gate about rows that were just queued, and have them sent."""
        self._address()
        now = clock.now()
        for message, verdict in self._refused_now().items():
            message._refuse(verdict)
        if any(one.state in WAITING_STATES and one.due_at <= now for one in self):
            self._on_due()

    def _refused_now(self) -> dict:
        """Those that are due and would be refused now, with the verdicts."""
        now, verdicts = clock.now(), self._verdicts()
        found = {one: verdicts.get(one.id) for one in self if one.due_at <= now}
        return {
            one: verdict
            for one, verdict in found.items()
            if verdict and verdict.action == "refuse"
        }

    def _verdicts(self, leaves_now: bool = False) -> dict:
        """What the gate says to these, by id; `leaves_now` as if each were due."""
        return {}

    def _verdicts_on_patients(self) -> dict:
        """What stands against writing to their patients, whatever they say, by id."""
        return {}

    @api.model
    def _on_due(self):
        """Some are due now: who sends them is to look."""

    @property
    def _subject(self):
        """The record that it is about, which may be gone; an empty one without."""
        name = self.res_model
        if not name or name not in self.env:
            return self.env["whatsapp.clinic.message.subject"]
        return self.env[name].browse(self.res_id).with_prefetch(_SameSubjects(self))

    def _subjects(self, model: str):
        """The records of a model that these messages are about and that still exist."""
        if not model or model not in self.env:
            return self.env["whatsapp.clinic.message.subject"]
        ids = {row.res_id for row in self if row.res_model == model}
        return self.env[model].browse(filter(None, ids)).exists()

    @property
    def _anchor(self) -> str:
        """Which moment of what it is about it was written for; "" for none."""
        return (self.occurrence or "").partition(" ")[0]

    @property
    def _addressee(self):
        """The person who gets it: the guardian, else the patient."""
        return self.guardian_id or self.partner_id

    @property
    def _is_advertising(self) -> bool:
        return self.template_id._is_advertising or self.purpose_id.is_commercial

    def _address(self):
        """Find who gets each row, and their identity by the present phone number."""
        rows = self.filtered(lambda message: message.partner_id)
        rows._choose_guardians()
        for provider, theirs in rows.grouped(lambda row: row._messenger).items():
            theirs._address_at(provider)

    @property
    def _messenger(self) -> str:
        """The name of the messenger by which it leaves or would leave."""
        return self.channel_id.provider or "whatsapp"

    def _address_at(self, provider: str):
        phones = {row.id: row._addressee._whatsapp_phone() for row in self}
        known = self.env["whatsapp.clinic.identity"]._for_phones(
            sorted({phone for phone in phones.values() if phone}), provider
        )
        for row in self:
            identity = known.get(phones[row.id]) or row._identity_without_phone()
            is_answer = row.reply_to_id.direction == "in"
            if row.identity_id and (is_answer or not row.identity_id.wa_id):
                continue
            identity._link(row._addressee)
            if row.identity_id != identity:
                row.identity_id = identity

    def _choose_guardians(self):
        """Whose number it goes to, where a guardian gets a patient's messages.

        The first of them, on the day when it is due, who has a number that may be
        written to; the patient's own number where nobody receives messages for this
        purpose.
        """
        now = clock.now()
        receivers = self.env["whatsapp.clinic.guardianship"]._receivers(self.partner_id)
        for row in self:
            day = max(now, row.due_at or now).date()
            guardian = row.guardian_id.browse()
            found = receivers.get(row.partner_id.id)
            if found and row.reply_to_id.direction != "in":
                guardian = found._receiving(row, day)
            if row.guardian_id != guardian:
                row.guardian_id = guardian

    def _refuse(self, verdict):
        self.write(
            {
                "state": "refused",
                "failed_at": clock.now(),
                "reason": verdict.reason,
                "detail": verdict.detail,
            }
        )

    def _requeue(self, due_at=None):
        """Queue rows again, due now unless told (naive UTC); the gate is asked."""
        self.write(
            {
                "state": "queued",
                "due_at": due_at or clock.now(),
                "message_id": False,
                "reason": False,
                "detail": False,
                "error_code": False,
                "refusals": 0,
            }
        )
        self._judge_at_entry()

    def _follow_plan(self):
        """What rules have just written again goes where it would go now.

        What was cancelled or refused is queued again, due when it is, unless something
        still stands against writing to its patient, or it would be refused again for
        what it was refused for.
        """
        waiting = self.filtered(lambda row: row.state in WAITING_STATES)
        stopped = self - waiting
        stopped._address()
        against = stopped._verdicts_on_patients()
        stopped = stopped.filtered(lambda one: not against.get(one.id))
        refusals = stopped._refused_now()
        for row in stopped:
            if not _tells(row, refusals.get(row)):
                row._requeue(row.due_at)
        waiting._judge_at_entry()

    @api.model
    def _cancel_open(self, domain: list, reason: str):
        """Cancel what has not left yet among the rows of a domain; returns the rows.

        What a dispatcher has claimed meanwhile has left: it keeps its state.
        """
        rows = self.sudo().search([*domain, ("state", "in", OPEN_STATES)])
        rows = rows._lock_open()
        rows.write({"state": "cancelled", "reason": reason})
        return rows

    def _lock_open(self):
        """Those that are open once nobody else changes them; they stay locked."""
        if not self:
            return self
        self.flush_recordset(["state"])
        self.env.cr.execute(
            "SELECT id FROM whatsapp_clinic_message WHERE id = ANY(%s) "
            "AND state = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [self.ids, list(OPEN_STATES)],
        )
        found = {row_id for (row_id,) in self.env.cr.fetchall()}
        (self - self.browse(found)).invalidate_recordset()
        return self.filtered(lambda message: message.id in found)

    def _choose_variants(self):
        """Take each template in the patient's language, where it is in use in it."""
        chosen = {}
        for message in self.filtered("template_id"):
            lang, branch = message.partner_id.lang, message.branch_id
            key = (message.template_id, lang, branch, message.channel_id)
            if key not in chosen:
                chosen[key] = message.template_id._for_language(*key[1:])
            if chosen[key] != message.template_id:
                message.template_id = chosen[key]

    def _correlation(self, attempts: int) -> str:
        """What every status carries back: the row's key and the attempt."""
        return f"{self.key}.{attempts}"

    def _values(self, template) -> dict:
        """Values of a template's variables for this row's record.

        Raises MissingValue.
        """
        record = self.partner_id if template.model == "res.partner" else self._subject
        if record._name != template.model:
            record = self.env[template.model]
        record = record.with_company(self.company_id).with_context(
            lang=self.partner_id.lang or self.env.lang
        )
        return template.with_env(record.env)._values(record, self.variables)

    def _foresee(self) -> str:
        """What a template message would say now; the bare template if it cannot."""
        variant = self.template_id._for_language(
            self.partner_id.lang, self.branch_id, self.channel_id
        )
        try:
            return variant._render(self._values(variant))
        except (MissingValue, UserError):
            return variant.body_text

    def _render(self, attempts: int) -> tuple[dict, str]:
        """The messenger's call and the text to show, for this attempt.

        A personal link is minted here, for this attempt alone; the text to show has it
        without its key. Raises MissingValue, or `door.NotAllowed` for what the
        messenger would refuse; a room above may raise what should not leave.
        """
        return self._render_unchecked(attempts)

    def _render_unchecked(self, attempts: int) -> tuple[dict, str]:
        self.ensure_one()
        provider = self.env["whatsapp.clinic.provider"]._of(self.channel_id)
        outgoing, text = self._outgoing(provider.traits, attempts)
        return provider.render(outgoing), text

    def _outgoing(self, traits: Traits, attempts: int) -> tuple[Outgoing, str]:
        """What leaves by a messenger with these traits, and the text to show."""
        if self.template_id:
            return self._outgoing_template(traits, attempts)
        text = self.body or ""
        if LINK in text:
            text = text.replace(LINK, self._personal_link())
        outgoing = Outgoing(
            self.identity_id._recipient,
            self._correlation(attempts),
            text,
            self._replies(self.buttons or ()),
            self.reply_to_id.message_id or None,
        )
        return outgoing, self.body

    def _outgoing_template(self, traits: Traits, attempts: int) -> tuple[Outgoing, str]:
        """A template as such where the messenger has them, as a text elsewhere."""
        template, to = self.template_id, self.identity_id._recipient
        correlation, values = self._correlation(attempts), self._values(template)
        shown, filled = template._render(values), self._with_link(values)
        if "template" in traits.kinds:
            header, cards = self._template_header(), self._card_headers()
            told = filled, self.key, correlation, header, cards
            name = template._name_at(self.channel_id)
            native = partial(template._payload, to, *told, name)
            return Outgoing(to, correlation, native=native), shown
        replies = template.button_ids.filtered(
            lambda one: one.kind == "QUICK_REPLY" and one.action != "none"
        )
        titles = [(one.action, one.text) for one in replies[: traits.buttons]]
        text = template._render(filled)
        return Outgoing(to, correlation, text, self._replies(titles)), shown

    def _template_header(self):
        """What fills the header of a template; None for a text. Raises MissingValue."""
        return None

    def _card_headers(self) -> list:
        """What fills the headers of a template's cards; none without cards."""
        return []

    def _replies(self, buttons) -> tuple[tuple[str, str], ...]:
        """What comes back when (action, title) is tapped, with the title."""
        return tuple((f"{action}:{self.key}", title) for action, title in buttons)

    def _with_link(self, values: dict) -> dict:
        """Values of a template, with the address where LINK stands; a button takes the
        key alone, after the address that it was approved with."""
        if LINK not in values.values():
            return values
        link = self._personal_link()
        key = link.rpartition("/")[2]
        return {
            (part, name): (key if "button:" in part else link) if text == LINK else text
            for (part, name), text in values.items()
        }

    def _personal_link(self) -> str:
        """The address that stands for LINK; MissingValue if nothing is asked now."""
        if not self.consent_request_id._is_open:
            raise MissingValue("personal_link")
        return self.consent_request_id._url()
