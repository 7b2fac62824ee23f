from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import clock
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
# Subjects that are looked at to tell about how many messages a rule would write.
SAMPLE = 500


class MessageRule(models.Model):
    """Writes to patients around their visits and whatever else is a subject, by itself.

    When the anchor appears the rule puts a row with its due time in the outbox. The row
    follows whatever it was made from: what changes is written again, what goes cancels
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
    anchor = fields.Selection("_select_anchors", default="start", required=True)
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
        domain=lambda self: [
            ("stands_for_all", "=", True),
            ("model", "in", self.env["whatsapp.clinic.message.subject"]._models()),
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
    plan_version = fields.Integer(
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="Counts up when what it writes changes.",
    )
    planning_progress = fields.Integer(
        compute="_compute_planning_progress",
        compute_sudo=True,
        help="Percent of what is planned again; 0 where nothing is.",
    )

    _offset_positive = models.Constraint(
        'CHECK ("offset" >= 0)', "Choose before or after; the number is 0 or more."
    )

    @api.model
    def _select_anchors(self) -> list[tuple]:
        """The moments of everything that messages may be about."""
        labels = {}
        for model in self.env["whatsapp.clinic.message.subject"]._models():
            for name, anchor in self.env[model]._anchors().items():
                labels.setdefault(name, self.env._(anchor.label))
        return [*labels.items()]

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

    def _compute_planning_progress(self):
        plannings = self.env["whatsapp.clinic.message.planning"].search(
            [("rule_id", "in", self.ids)]
        )
        for rule in self:
            latest = plannings.filtered(lambda one, its=rule: one.rule_id == its)[-1:]
            total = max(latest.total_count, latest.planned_count, 1)
            share = latest.planned_count * 100 // total
            rule.planning_progress = latest and max(1, share)

    @api.depends("anchor")
    def _compute_in_quiet_hours(self):
        for rule in self:
            rule.in_quiet_hours = bool(rule._moment and rule._moment.is_just_done)

    @api.constrains("anchor", "template_id")
    def _check_anchor_of_subject(self):
        for rule in self.filtered(lambda one: not one._moment):
            raise ValidationError(
                self.env._(
                    "What the template “%s” is about has no such moment: choose "
                    "another one.",
                    rule.template_id.title,
                )
            )

    @api.constrains("anchor", "offset", "offset_side")
    def _check_before_only_for_start(self):
        for rule in self:
            is_event = rule._moment and not rule._moment.is_appointed
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
        if vals.keys() - {"name", "sequence", "plan_version"}:
            for rule in self.sudo():
                rule.plan_version += 1
            self._replan()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_with_what_waits(self):
        self.env["whatsapp.clinic.message"]._cancel_open(
            [("rule_id", "in", self.ids)], "obsolete"
        )

    def _replan(self):
        """Plan again after a rule was changed: what is to come, and what waits."""
        plannings = self.env["whatsapp.clinic.message.planning"]
        plannings._begin([{"rule_id": rule.id} for rule in self])

    def _coming_domain(self) -> list:
        """What a rule may write about that it has not written about yet."""
        subjects = self.env[self.template_id.model]
        return subjects._planned_domain(self.company_id)

    def _version_about(self, subject) -> int:
        """Both only count up, so that their sum tells whether one of them has."""
        return self.sudo().plan_version + subject.branch_id.sudo().plan_version

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
        """How many messages about what is coming an idle rule would write.

        Of many subjects a sample is looked at.
        """
        rule = self.sudo()
        subjects = rule.env[rule.template_id.model]
        domain = rule._coming_domain()
        sample = subjects.search(domain, order="id", limit=SAMPLE)
        told_at = self._told_at(sample)
        wanted = [
            row
            for one in sample
            for row in rule._wanted(one)
            if not rule._is_spared(row, told_at[one])
        ]
        count = len(self._with_basis(wanted))
        if len(sample) < SAMPLE:
            return count
        return round(count * subjects.search_count(domain) / SAMPLE)

    def action_open_waiting(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        domain = [("rule_id", "=", self.id), ("state", "in", WAITING_STATES)]
        return {**action, "domain": domain, "context": {}}

    @api.model
    def _all_sending(self, template):
        """The rules that send a template, in whatever language; idle rules count."""
        return self.sudo().with_context(active_test=False)._sending(template)

    @api.model
    def _tell_afterwards(self, template) -> bool:
        """Whether rules send a template only when a visit is over, or was cancelled."""
        rules = self._all_sending(template)
        return bool(rules) and not any(one._moment.is_before_visit for one in rules)

    def _sending(self, template):
        """The rules that send a template, in whatever language."""
        if not template:
            return self.browse()
        return self.search(
            [
                ("template_id.name", "=", template.name),
                ("template_id.company_id", "=", template.company_id.id),
            ]
        )

    @api.model
    def _reminding_with(self, template):
        """The rules that send a template, in whatever language, before a visit."""
        before = [("anchor", "=", "start"), ("offset_side", "=", "before")]
        return self._sending(template).filtered_domain([*before, ("offset", ">", 0)])

    @property
    def _moment(self):
        """The anchor, as what the template is about has it; None if it has none.

        Before a template is chosen it is that of whatever has one of this name.
        """
        about = self.template_id.model
        found = (
            self.env[model]._anchors().get(self.anchor)
            for model in self.env["whatsapp.clinic.message.subject"]._models()
            if about in (False, model)
        )
        return next(filter(None, found), None)

    @property
    def _delta(self) -> timedelta:
        delta = timedelta(minutes=self.offset * UNIT_MINUTES[self.offset_unit])
        return -delta if self.offset_side == "before" else delta

    @api.model
    def _telling(self, subject, anchor: str):
        """The rules that can tell of an anchor of this visit, idle ones last.

        Those for its branch and type whose template is in use at the branch's number.
        """
        rules = (
            self.sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "=", subject.company_id.id),
                    ("anchor", "=", anchor),
                ]
            )
        )
        channel = subject.sudo().branch_id.channel_id
        telling = rules.filtered(
            lambda one: one._is_for(subject) and one.template_id._ready_at(channel)
        )
        return telling.sorted("active", reverse=True)

    def _objection_to(self, subject) -> str | None:
        """Why what the rule wrote about something should not be sent now: a reason."""
        if not self.active or not self._is_about(subject):
            return "obsolete"
        if self.only_unconfirmed and subject._is_confirmed():
            return "already_confirmed"
        return None

    def _is_about(self, subject) -> bool:
        """Whether the rule, idle or not, is for such subjects in such a state."""
        return self._is_for(subject) and bool(subject._occurrences(self))

    def _is_for(self, subject) -> bool:
        """Whether the rule is about what is of this company, branch and type."""
        return (
            subject._name == self.template_id.model
            and subject.company_id == self.company_id
            and (not self.branch_ids or subject.branch_id in self.branch_ids)
            and (not self.type_ids or subject._kind() in self.type_ids)
        )

    @api.model
    def _plan(self, subjects, rules=None):
        """Make the outbox say what the rules want for these subjects of one model.

        `rules` default to those of their companies, and those that wrote about them.
        """
        subjects = subjects.sudo()
        written = self._written(subjects, rules)
        rules = rules or written.rule_id | self.sudo().search(
            [("company_id", "in", subjects.company_id.ids)]
        )
        rows = {}
        for row in written:
            rows.setdefault((row.rule_id.id, row.res_id), []).append(row)
        told_at = self._told_at(subjects)
        new, kept = [], written.browse()
        for rule in rules.sudo():
            for subject in subjects:
                known = rows.get((rule.id, subject.id), [])
                missing, keepers = rule._plan_one(subject, known, told_at[subject])
                kept |= keepers
                new += missing
        kept._follow_plan()
        new = self._with_basis(new)
        if new:
            written._enqueue(new)

    @api.model
    def _written(self, subjects, rules=None):
        """What rules wrote about subjects; nobody else changes what waits of it."""
        domain = subjects._messages_domain()
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
        since = clock.now() - max(longest, SHELF_LIFE) - GRACE
        for model in self.env["whatsapp.clinic.message.subject"]._models():
            subjects = self.env[model].sudo()
            found = subjects.search(subjects._of_patients_domain(people, since))
            if found:
                self._plan(found)

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
    def _told_at(self, subjects) -> dict:
        """When rules tell of each subject because it was booked or moved; else None."""
        tell = [name for name, one in subjects._anchors().items() if one.tells_when]
        telling = self.sudo().search(
            [("anchor", "in", tell), ("company_id", "in", subjects.company_id.ids)]
        )
        return {
            subject: max(
                (
                    rule._due(one.at, subject)
                    for rule in telling
                    if rule._is_for(subject)
                    for one in subject._occurrences(rule)
                ),
                default=None,
            )
            for subject in subjects
        }

    def _plan_one(self, subject, known: list, told_at=None) -> tuple:
        """Values of rows that are wanted and missing, and the rows that serve.

        Whatever else waits is cancelled. `known` are the rows that this rule wrote
        about the subject.
        """
        late = self._lateness(known)
        wanted = self._wanted(subject, late) if self.active else []
        wanted = [one for one in wanted if not self._is_spared(one, told_at)]
        served = self._serve(known, wanted)
        serving = [row for _values, row in served]
        waiting = [row for row in known if row.state in WAITING_STATES]
        _cancel([row for row in waiting if row not in serving])
        missing, kept = [], self.env["whatsapp.clinic.message"].sudo()
        for values, row in served:
            if row is None:
                missing.append(values)
            elif row.state in WAITING_STATES or _may_come_back(row):
                _rewrite(row, values)
                kept |= row
            # Else it has left, failed, or somebody decided against it.
        return missing, kept

    def _lateness(self, known: list) -> timedelta:
        """How long ago a row may have been due to be made, or brought back, now."""
        if any(_is_hindered(row) for row in known):
            return GRACE
        is_noted_later = self._moment and self._moment.is_noted_later
        return SHELF_LIFE if is_noted_later else LATE

    def _serve(self, known: list, wanted: list[dict]) -> list[tuple]:
        """Each wanted row with the known one that is it, or can become it; else None.

        Not one of another person. Those of the same time first; what waits for another
        time, which is not wanted any more, serves in their order.
        """
        free = set(known)
        serving = {}
        for choose in (self._is_exact, _is_waiting):
            for place, values in enumerate(wanted):
                fitting = (row for row in free if choose(row, values))
                if place not in serving:
                    row = max(fitting, key=_usefulness, default=None)
                    serving |= {place: row} if row else {}
                    free.discard(row)
        return [(values, serving.get(place)) for place, values in enumerate(wanted)]

    def _is_exact(self, row, wanted: dict) -> bool:
        """Whether a row is about the time that is wanted, and of the same person.

        What left before a move may name a time that has come back, but its buttons are
        out of date.
        """
        is_outdated = (
            self._moment.is_appointed
            and row.state in LEFT_STATES
            and row.subject_version != wanted["subject_version"]
        )
        is_same = row.occurrence == wanted["occurrence"] and not is_outdated
        return is_same and row.partner_id.id == wanted["partner_id"]

    def _wanted(self, subject, late: timedelta = LATE) -> list[dict]:
        """The rows this rule wants about a subject now, idle or not.

        `late` says how long ago one may have been due.
        """
        is_for = self._is_for(subject)
        if not is_for or self.only_unconfirmed and subject._is_confirmed():
            return []
        rows = (self._wanted_at(subject, one, late) for one in self._times(subject))
        return [row for row in rows if row]

    def _times(self, subject) -> list:
        return sorted(subject._occurrences(self), key=lambda one: one.at)

    def _wanted_at(self, subject, occurrence, late: timedelta) -> dict | None:
        due_at = self._due(occurrence.at, subject)
        if due_at < clock.now() - late:
            return None
        expires_at = occurrence.useful_until or due_at + SHELF_LIFE
        if self._moment.is_noted_later:
            due_at = max(due_at, clock.now())
        due_at = self._out_of_quiet_hours(due_at, expires_at, subject)
        if due_at >= expires_at:
            return None
        at = fields.Datetime.to_string(occurrence.at)
        return {
            **subject._reference(),
            "rule_id": self.id,
            "is_automatic": True,
            "in_quiet_hours": self.in_quiet_hours,
            "plan_version": self._version_about(subject),
            "occurrence": f"{self.anchor} {at}",
            "channel_id": subject.branch_id.channel_id.id,
            "branch_id": subject.branch_id.id,
            "company_id": subject.company_id.id,
            "partner_id": subject._recipient().id,
            "purpose_id": self.purpose_id.id,
            "template_id": self.template_id.id,
            "due_at": due_at,
            "expires_at": expires_at,
        }

    def _is_spared(self, wanted: dict, told_at) -> bool:
        """Whether a reminder would come along with word of the booking or the move.

        `told_at` is when that leaves (naive UTC), if a rule tells it.
        """
        moment = self._moment
        is_appointed = moment.is_appointed and moment.is_before_visit
        is_reminder = is_appointed and self.offset_side == "before"
        return bool(is_reminder and told_at and wanted["due_at"] <= told_at + USEFUL)

    def _due(self, at, subject):
        """When it is due about a moment (naive UTC); a day is one of the calendar.

        Over a change of clocks the hour of the day stays, by the branch's clock.
        """
        if self.offset_unit != "days":
            return at + self._delta
        zone = subject.branch_id.tz
        wall = clock.in_zone(at, zone).replace(tzinfo=None) + self._delta
        return clock.from_zone(wall, zone)

    def _out_of_quiet_hours(self, due_at, expires_at, subject):
        """Due after the night, or on the evening before where that is too late."""
        if self.in_quiet_hours:
            return due_at
        patient = subject._recipient()
        guardians = patient.sudo().guardianship_ids._receiving(self, due_at.date())
        period = subject.branch_id._quiet_period(due_at, guardians or patient)
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


def _is_waiting(row, wanted: dict) -> bool:
    is_own = row.partner_id.id == wanted["partner_id"]
    return is_own and row.state in WAITING_STATES


def _usefulness(row) -> tuple:
    """Which row serves for what is wanted: what left, then what waits, the latest."""
    is_waiting = row.state in WAITING_STATES
    return row.state in LEFT_STATES, is_waiting, row.subject_version, row.id


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
