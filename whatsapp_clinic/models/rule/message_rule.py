from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import clock
from ..vocabulary.anchors import ANCHORS, TELLING_WHEN
from ..vocabulary.reasons import REASONS
from ..vocabulary.states import LEFT_STATES, STOPPED_STATES, WAITING_STATES

UNIT_MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}
# A message whose time was already over when it was planned is not sent late.
LATE = timedelta(minutes=15)
# So much later it is sent if something stood against it when it was due.
GRACE = timedelta(hours=1)
# How long before the visit a message about it still helps.
USEFUL = timedelta(minutes=30)
# How long a message about something past is still worth sending.
SHELF_LIFE = timedelta(days=2)


class MessageRule(models.Model):
    """Writes to patients around their appointments, by itself.

    When the anchor appears the rule puts a row with its due time in the outbox. The row
    follows whatever it was made from: what changes is written anew, what goes cancels
    it, and what stood against it and has ended brings it back.
    """

    _name = "whatsapp.clinic.message.rule"
    _description = "Message Rule"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    branch_ids = fields.Many2many(
        "whatsapp.clinic.branch",
        "whatsapp_clinic_message_rule_branch",
        check_company=True,
        help="Empty: all branches.",
    )
    type_ids = fields.Many2many(
        "whatsapp.clinic.appointment.type",
        "whatsapp_clinic_message_rule_type",
        help="Empty: all types of appointment.",
    )
    anchor = fields.Selection(
        [(name, anchor.label) for name, anchor in ANCHORS.items()],
        default="start",
        required=True,
    )
    offset = fields.Integer(default=24, help="How long before or after.")
    offset_unit = fields.Selection(
        [("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days")],
        default="hours",
        required=True,
    )
    offset_side = fields.Selection(
        [("before", "Before"), ("after", "After")], default="before", required=True
    )
    template_id = fields.Many2one(
        "whatsapp.clinic.template",
        required=True,
        ondelete="restrict",
        check_company=True,
        domain=[
            ("stands_for_all", "=", True),
            ("model", "=", "whatsapp.clinic.appointment"),
        ],
        help="Patients get it in their own language where that variant is in use.",
    )
    purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose",
        required=True,
        ondelete="restrict",
        domain=[("answers_only", "=", False)],
        help="What the patient has to have agreed to.",
    )
    only_unconfirmed = fields.Boolean(
        help="Not to patients who have confirmed this appointment already."
    )
    in_quiet_hours = fields.Boolean(
        "Also in Quiet Hours",
        compute="_compute_in_quiet_hours",
        store=True,
        readonly=False,
        help="For answers to what was just done, as the confirmation of a booking.",
    )
    waiting_count = fields.Integer(compute="_compute_waiting_count")

    _offset_positive = models.Constraint(
        'CHECK ("offset" >= 0)', "Choose before or after; the number is 0 or more."
    )

    def _compute_waiting_count(self):
        counted = dict(
            self.env["whatsapp.clinic.message"]._read_group(
                [("rule_id", "in", self.ids), ("state", "in", WAITING_STATES)],
                ["rule_id"],
                ["__count"],
            )
        )
        for rule in self:
            rule.waiting_count = counted.get(rule, 0)

    @api.depends("anchor")
    def _compute_in_quiet_hours(self):
        for rule in self:
            rule.in_quiet_hours = ANCHORS[rule.anchor].is_just_done

    @api.constrains("anchor", "offset", "offset_side")
    def _check_before_only_for_start(self):
        for rule in self:
            is_event = not ANCHORS[rule.anchor].is_appointed
            if is_event and rule.offset and rule.offset_side == "before":
                raise ValidationError(
                    self.env._(
                        "Nobody knows in advance when this happens: use “after”."
                    )
                )

    @api.constrains("template_id", "active")
    def _check_template_in_use(self):
        for rule in self.filtered("active"):
            if not rule.template_id.enabled:
                raise ValidationError(
                    self.env._(
                        "The template “%s” is not in use yet: map its variables first.",
                        rule.template_id.title,
                    )
                )

    @api.constrains("template_id", "active")
    def _check_template_asks_nobody(self):
        for rule in self.filtered(
            lambda one: one.active and one.template_id.asks_sender
        ):
            raise ValidationError(
                self.env._(
                    "The template “%s” asks the sender for a text, a file or a place, "
                    "and a rule has nobody to ask: choose another one.",
                    rule.template_id.title,
                )
            )

    @api.onchange("template_id")
    def _onchange_template_id(self):
        """Propose what the template is most likely sent for."""
        if self.template_id and not self.purpose_id:
            self.purpose_id = self.template_id._default_purpose()

    @api.constrains("purpose_id")
    def _check_purpose_may_write_first(self):
        for rule in self:
            if rule.purpose_id.answers_only:
                raise ValidationError(
                    self.env._(
                        "“%s” is for answers only, and a rule writes first: choose "
                        "another purpose.",
                        rule.purpose_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._replan()
        return rules

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() - {"name", "sequence"}:
            self._replan()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_with_what_waits(self):
        self.env["whatsapp.clinic.message"]._cancel_open(
            [("rule_id", "in", self.ids)], "obsolete"
        )

    def _replan(self):
        """Plan anew after a rule was changed: what is to come, and what waits."""
        now = clock.now()
        rows = (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    ("rule_id", "in", self.ids),
                    "|",
                    ("state", "in", WAITING_STATES),
                    ("due_at", ">=", now - GRACE),
                ]
            )
        )
        visits = self._coming_visits() | rows.appointment_id.sudo(False)
        self._plan(visits, rules=self)

    def _coming_visits(self):
        return self.env["whatsapp.clinic.appointment"].search(
            [
                ("company_id", "in", self.company_id.ids),
                ("start", ">=", clock.now()),
                ("state", "=", "booked"),
            ]
        )

    @api.readonly
    def outlook_of_switch(self, is_on: bool) -> str:
        """What becomes of messages when the rule is switched on or off, as a sentence.

        Switched off they are cancelled, and come back when it is switched on again.
        """
        self.ensure_one()
        self.check_access("read")
        if not is_on:
            count = self.waiting_count
            return self.env._("Messages that wait and will not be sent: %s.", count)
        count = self._count_to_come()
        return self.env._("Messages that will be planned at once: about %s.", count)

    def _count_to_come(self) -> int:
        """How many messages about coming visits an idle rule would write."""
        rule, visits = self.sudo(), self._coming_visits().sudo()
        told_at = self._told_at(visits)
        wanted = [
            row
            for one in visits
            if (row := rule._wanted(one)) and not rule._is_spared(row, told_at[one])
        ]
        return len(self._with_basis(wanted))

    def action_open_waiting(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        domain = [("rule_id", "=", self.id), ("state", "in", WAITING_STATES)]
        return {**action, "domain": domain, "context": {}}

    @api.model
    def _anchors_of(self, template) -> set[str]:
        """When rules send a template, in whatever language; idle rules count."""
        rules = self.sudo().with_context(active_test=False)
        return set(rules._sending(template).mapped("anchor"))

    def _sending(self, template):
        """The rules that send a template, in whatever language."""
        if not template:
            return self.browse()
        return self.search(
            [
                ("template_id.name", "=", template.name),
                ("template_id.business_account_id", "=", template.business_account_id),
            ]
        )

    @property
    def _delta(self) -> timedelta:
        delta = timedelta(minutes=self.offset * UNIT_MINUTES[self.offset_unit])
        return -delta if self.offset_side == "before" else delta

    @api.model
    def _telling(self, appointment, anchor: str):
        """The rules that can tell of an anchor of this visit, idle ones last.

        Those for its branch and type whose template is in use at the branch's number.
        """
        rules = (
            self.sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "=", appointment.company_id.id),
                    ("anchor", "=", anchor),
                ]
            )
        )
        channel = appointment.sudo().branch_id.channel_id
        telling = rules.filtered(
            lambda one: (
                one._is_for(appointment) and one.template_id._is_in_use_at(channel)
            )
        )
        return telling.sorted("active", reverse=True)

    def _fits(self, appointment) -> bool:
        """Whether the rule writes about this appointment in its present state."""
        return self.active and self._is_about(appointment)

    def _is_about(self, appointment) -> bool:
        """Whether the rule, idle or not, is for such appointments in such a state."""
        return appointment.state in ANCHORS[self.anchor].states and self._is_for(
            appointment
        )

    def _is_for(self, appointment) -> bool:
        """Whether the rule is about visits of this company, branch and type."""
        return (
            appointment.company_id == self.company_id
            and (not self.branch_ids or appointment.branch_id in self.branch_ids)
            and (not self.type_ids or appointment.type_id in self.type_ids)
        )

    @api.model
    def _plan(self, appointments, rules=None):
        """Make the outbox say what the rules want for these appointments.

        `rules` default to those of their companies, and those that wrote about them.
        """
        appointments = appointments.sudo()
        written = self._written(appointments, rules)
        rules = rules or written.rule_id | self.sudo().search(
            [("company_id", "in", appointments.company_id.ids)]
        )
        rows = {}
        for row in written:
            rows.setdefault((row.rule_id.id, row.appointment_id.id), []).append(row)
        told_at = self._told_at(appointments)
        new, kept = [], written.browse()
        for rule in rules.sudo():
            for appointment in appointments:
                known = rows.get((rule.id, appointment.id), [])
                wanted, keeper = rule._plan_one(
                    appointment, known, told_at[appointment]
                )
                kept |= keeper
                if wanted and not keeper:
                    new.append(wanted)
        kept._follow_plan()
        new = self._with_basis(new)
        if new:
            written._enqueue(new)

    @api.model
    def _written(self, appointments, rules=None):
        """What rules wrote about appointments; nobody else changes what waits of it."""
        domain = [("appointment_id", "in", appointments.ids)]
        domain.append(
            ("rule_id", "in", rules.ids) if rules else ("rule_id", "!=", False)
        )
        written = self.env["whatsapp.clinic.message"].sudo().search(domain)
        written.filtered(lambda row: row.state in WAITING_STATES)._lock_open()
        return written

    @api.model
    def _plan_for(self, partners):
        """Plan what is to come for patients, and for those for whom they decide.

        For when something that stood against writing to them has ended.
        """
        people = partners.sudo()
        people |= people.ward_ids.patient_id
        if not people:
            return
        rules = self.sudo().search([("active", "=", True)])
        longest = max((rule._delta for rule in rules), default=timedelta())
        appointments = (
            self.env["whatsapp.clinic.appointment"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", people.ids),
                    ("stop", ">=", clock.now() - max(longest, SHELF_LIFE) - GRACE),
                ]
            )
        )
        if appointments:
            self._plan(appointments)

    @api.model
    def _with_basis(self, new: list[dict]) -> list[dict]:
        """Rows to write, without those ahead that nobody has agreed to.

        They are planned when consent comes. What is due at once is written and refused,
        so that somebody sees it.
        """
        now = clock.now()
        founded = self.env["whatsapp.clinic.gate"]._have_basis(new)
        return [
            values
            for values, has_basis in zip(new, founded, strict=True)
            if has_basis or values["due_at"] <= now
        ]

    @api.model
    def _told_at(self, appointments) -> dict:
        """When rules tell of each visit because it was booked or moved; else None."""
        telling = self.sudo().search(
            [
                ("anchor", "in", TELLING_WHEN),
                ("company_id", "in", appointments.company_id.ids),
            ]
        )
        return {
            one: max(
                (
                    rule._due(at, one)
                    for rule in telling
                    if (at := one[ANCHORS[rule.anchor].field]) and rule._fits(one)
                ),
                default=None,
            )
            for one in appointments
        }

    def _plan_one(self, appointment, known: list, told_at=None) -> tuple:
        """The row that is wanted and the one that serves for it, of `known` ones.

        Whatever else waits is cancelled; either may be missing. `known` are the rows
        that this rule wrote for the appointment.
        """
        nothing = self.env["whatsapp.clinic.message"].sudo()
        late = self._lateness(known)
        wanted = self._wanted(appointment, late) if self.active else None
        if wanted and self._is_spared(wanted, told_at):
            wanted = None
        keeper = (wanted and self._keeper(known, wanted)) or nothing
        waiting = [row for row in known if row.state in WAITING_STATES]
        _cancel([row for row in waiting if row != keeper])
        if keeper.state in WAITING_STATES or _may_come_back(keeper):
            _rewrite(keeper, wanted)
            return wanted, keeper
        # It has left, failed, or somebody decided against it.
        return (None, nothing) if keeper else (wanted, nothing)

    def _lateness(self, known: list) -> timedelta:
        """How long ago a row may have been due to be made, or brought back, now."""
        if any(_is_hindered(row) for row in known):
            return GRACE
        return SHELF_LIFE if ANCHORS[self.anchor].is_noted_later else LATE

    def _keeper(self, known: list, wanted: dict):
        """Which of the rows is the wanted one, or can become it.

        Not one of another person. What left before a move may name a time that has come
        back, but its buttons are out of date.
        """
        is_appointed = ANCHORS[self.anchor].is_appointed
        own = [row for row in known if row.partner_id.id == wanted["partner_id"]]
        exact = [
            row
            for row in own
            if row.occurrence == wanted["occurrence"]
            and not (
                is_appointed
                and row.state in LEFT_STATES
                and row.appointment_version != wanted["appointment_version"]
            )
        ]
        waiting = [row for row in own if row.state in WAITING_STATES]
        return max(exact or waiting, key=_usefulness, default=None)

    def _wanted(self, appointment, late: timedelta = LATE) -> dict | None:
        """The row this rule wants for an appointment now, idle or not; None for no row.

        `late` says how long ago it may have been due.
        """
        anchor = ANCHORS[self.anchor]
        at = appointment[anchor.field]
        if not at or not self._is_about(appointment):
            return None
        if self.only_unconfirmed and appointment.patient_status == "accepted":
            return None
        due_at = self._due(at, appointment)
        if due_at < clock.now() - late:
            return None
        expires_at = (
            appointment.start if anchor.is_before_visit else due_at + SHELF_LIFE
        )
        if anchor.is_noted_later:
            due_at = max(due_at, clock.now())
        due_at = self._out_of_quiet_hours(due_at, expires_at, appointment)
        if due_at >= expires_at:
            return None
        return {
            "rule_id": self.id,
            "appointment_id": appointment.id,
            "appointment_version": appointment.version,
            "occurrence": f"{self.anchor} {fields.Datetime.to_string(at)}",
            "channel_id": appointment.branch_id.channel_id.id,
            "branch_id": appointment.branch_id.id,
            "company_id": appointment.company_id.id,
            "partner_id": appointment.partner_id.id,
            "purpose_id": self.purpose_id.id,
            "template_id": self.template_id.id,
            "due_at": due_at,
            "expires_at": expires_at,
        }

    def _is_spared(self, wanted: dict, told_at) -> bool:
        """Whether a reminder would come along with word of the booking or the move.

        `told_at` is when that leaves (naive UTC), if a rule tells it.
        """
        is_reminder = self.anchor == "start" and self.offset_side == "before"
        return bool(is_reminder and told_at and wanted["due_at"] <= told_at + USEFUL)

    def _due(self, at, appointment):
        """When it is due about a moment (naive UTC); a day is one of the calendar.

        Over a change of clocks the hour of the day stays, by the branch's clock.
        """
        if self.offset_unit != "days":
            return at + self._delta
        zone = appointment.branch_id.tz
        wall = clock.in_zone(at, zone).replace(tzinfo=None) + self._delta
        return clock.from_zone(wall, zone)

    def _out_of_quiet_hours(self, due_at, expires_at, appointment):
        """Due after the night, or on the evening before where that is too late."""
        if self.in_quiet_hours:
            return due_at
        branch, partner = appointment.branch_id, appointment.partner_id
        period = branch._quiet_period(due_at, partner)
        if not period:
            return due_at
        evening, morning = period
        if morning + USEFUL <= expires_at:
            return morning
        evening -= timedelta(minutes=1)
        return evening if evening >= clock.now() else due_at


def _is_hindered(row) -> bool:
    """Whether something stood against it that was not the plan's own doing."""
    reason = REASONS.get(row.reason)
    return _may_come_back(row) and not (reason and reason.is_planned_away)


def _may_come_back(row) -> bool:
    reason = REASONS.get(row.reason)
    return row.state in STOPPED_STATES and not (reason and reason.is_final)


def _usefulness(row) -> tuple:
    """Which row serves for what is wanted: what left, then what waits, the latest."""
    is_waiting = row.state in WAITING_STATES
    return row.state in LEFT_STATES, is_waiting, row.appointment_version, row.id


def _cancel(rows: list):
    for row in rows:
        row._lock_open().write({"state": "cancelled", "reason": "obsolete"})


def _rewrite(row, wanted: dict):
    """Make a row that has not left what is wanted now."""
    changes = {
        name: value
        for name, value in wanted.items()
        if row._fields[name].convert_to_write(row[name], row) != value
    }
    was_due = row.state == "held" or (row.attempts and row.state in WAITING_STATES)
    is_due = wanted["due_at"] <= clock.now()
    if was_due and is_due and row.occurrence == wanted["occurrence"]:
        # It waits for something else than its time.
        changes.pop("due_at", None)
    if "channel_id" in changes:
        # A user id is known to the numbers of one portfolio only.
        changes["identity_id"] = False
    if changes:
        row.write(changes)
