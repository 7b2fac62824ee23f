from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import LazyTranslate

from ...tools import clock
from ...tools.access import named
from ..message.subject import Occurrence
from ..vocabulary import locks
from ..vocabulary.reasons import REASON_SELECTION
from ..vocabulary.states import LEFT_STATES, WAITING_STATES
from ..vocabulary.visit_states import (
    COMING_STATES,
    ENGAGED_STATES,
    OFF_STATES,
    SLOT_STATES,
    UNBOOKED_STATES,
    VISIT_STATE_SELECTION,
    VISIT_STATES,
)
from .anchors import ANCHORS
from .appointment_slot import tell_taken
from .free_times import free_times, objection

_lt = LazyTranslate(__name__)

# FHIR ParticipationStatus of the patient.
PATIENT_STATUSES = [
    ("needs_action", "No answer yet"),
    ("accepted", "Confirmed"),
    ("tentative", "Asks for another time"),
    ("declined", "Will not come"),
]
# What a message spoke of has changed when one of these does.
_SLOT_FIELDS = {"start", "stop", "duration", "practitioner_id", "type_id", "state"}
# What messages about it were made from.
_FOLLOWED_FIELDS = {*_SLOT_FIELDS, "partner_id", "branch_id", "patient_status"}
# Who sees a patient's records is decided by these: they follow, nobody says them.
_FOLLOWING_FIELDS = {"entered_at", "is_real"}
# A visit without an appointment may be entered so much later.
WALK_IN_GRACE = timedelta(days=1)
# What answers, or makes pointless, what the patient wanted.
_SETTLING_FIELDS = {"partner_id", "start", "state", "patient_status"}
# What reception is asked where no text may take back what somebody was told.
_TOLD_BY_MISTAKE = _lt(
    "{patient} was told of this visit by mistake and gets no message: please call."
)
# What a patient is told after a tap, by what the tap made of the answer.
_TAPPED = {"accepted": "tap_confirmed", "tentative": "tap_another_time"}
# The patient has not said anything to what holds now.
_UNANSWERED = {"confirmed_at": False, "patient_status": "needs_action"}


class Appointment(models.Model):
    """A patient's visit to a practitioner.

    PostgreSQL excludes overlaps (buffers included) of appointments that hold their
    slot; the advisory lock of the practitioner is taken first, or the losers of a race
    would deadlock.
    """

    _name = "whatsapp.clinic.appointment"
    _description = "Appointment"
    _inherit = [
        "whatsapp.clinic.given.ids.mixin",
        "whatsapp.clinic.message.subject",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "start desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"
    _mail_names_nobody = True

    partner_id = fields.Many2one(
        "res.partner",
        "Patient",
        required=True,
        ondelete="restrict",
        index=True,
        tracking=True,
    )
    branch_id = fields.Many2one(
        "whatsapp.clinic.branch",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        default=lambda self: self._default_branch(),
    )
    company_id = fields.Many2one(
        related="branch_id.company_id", store=True, precompute=True
    )
    practitioner_id = fields.Many2one(
        "whatsapp.clinic.practitioner",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        domain="[('branch_ids', 'in', branch_id)]",
        default=lambda self: self._default_practitioner(),
    )
    type_id = fields.Many2one(
        "whatsapp.clinic.appointment.type",
        required=True,
        check_company=True,
        default=lambda self: self._default_type(),
    )
    start = fields.Datetime(required=True, index=True, tracking=True)
    duration = fields.Float(
        compute="_compute_duration",
        store=True,
        readonly=False,
        precompute=True,
        help="In hours.",
    )
    stop = fields.Datetime(
        compute="_compute_stop",
        inverse="_inverse_stop",
        store=True,
        precompute=True,
        readonly=False,
    )
    busy_from = fields.Datetime(compute="_compute_busy", store=True, precompute=True)
    busy_until = fields.Datetime(compute="_compute_busy", store=True, precompute=True)
    state = fields.Selection(
        VISIT_STATE_SELECTION,
        default="booked",
        required=True,
        tracking=True,
        index=True,
        group_expand=True,
    )
    holds_slot = fields.Boolean(
        compute="_compute_holds_slot", store=True, precompute=True
    )
    patient_status = fields.Selection(
        PATIENT_STATUSES,
        "Patient's Answer",
        default="needs_action",
        required=True,
        tracking=True,
    )
    version = fields.Integer(
        default=1,
        readonly=True,
        copy=False,
        help="Counts up when patient, time, place or practitioner change; buttons of "
        "earlier messages are out of date then.",
    )
    entered_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When it was noted that this patient has this appointment.",
    )
    is_real = fields.Boolean(
        compute="_compute_is_real",
        store=True,
        precompute=True,
        help="The patient came or is to come: the branch looks after the patient. Not "
        "so what is cancelled, or was over when it was entered.",
    )
    booked_at = fields.Datetime(readonly=True, copy=False)
    confirmed_at = fields.Datetime(readonly=True, copy=False)
    moved_at = fields.Datetime(readonly=True, copy=False)
    cancelled_at = fields.Datetime(readonly=True, copy=False)
    missed_at = fields.Datetime(readonly=True, copy=False)
    note = fields.Html("Internal Note", help="Never sent to the patient.")
    color = fields.Integer(related="practitioner_id.color")
    can_be_written_to = fields.Selection(related="partner_id.whatsapp_consent_state")
    whatsapp_objection = fields.Selection(
        REASON_SELECTION, "Why Can't I Write?", compute="_compute_whatsapp_objection"
    )
    whatsapp_next_step = fields.Char(
        "What to Do", compute="_compute_whatsapp_objection"
    )
    whatsapp_remedy = fields.Char("Fix", compute="_compute_whatsapp_objection")
    patient_phone = fields.Char(compute="_compute_patient_phone")
    branch_time = fields.Char(
        "At the Branch",
        compute="_compute_branch_time",
        help="By the branch's clock, where it is not the user's.",
    )
    other_visit = fields.Char(
        compute="_compute_other_visit",
        help="That the patient is expected elsewhere at this time.",
    )
    free_times = fields.Json(compute="_compute_free_times")
    time_objection = fields.Char(
        "Not Possible Because",
        compute="_compute_time_objection",
        help="Why the practitioner cannot see anybody at this time.",
    )

    _no_double_booking = models.Constraint(
        "EXCLUDE USING gist (practitioner_id WITH =, "
        "tsrange(busy_from, busy_until, '[)') WITH &&) WHERE (holds_slot)",
        tell_taken,
    )
    _stop_after_start = models.Constraint(
        "CHECK (stop > start)", "An appointment ends after it starts."
    )

    def _default_branch(self):
        branches = self.env["whatsapp.clinic.branch"].search(
            [("company_id", "=", self.env.company.id)]
        )
        mine = branches.filtered(lambda branch: self.env.user in branch.member_ids)
        return (mine or branches)[:1]

    @api.model
    def _default_practitioner(self):
        """Who is logged in if they see patients, else the only one there is."""
        practitioners = self.env["whatsapp.clinic.practitioner"].search(
            [("branch_ids", "in", self._default_branch().ids)]
        )
        mine = practitioners.filtered(lambda one: one.user_id == self.env.user)
        only = practitioners if len(practitioners) == 1 else practitioners.browse()
        return mine[:1] or only

    @api.model
    def _default_type(self):
        types = self.env["whatsapp.clinic.appointment.type"].search(
            [("company_id", "in", (False, self.env.company.id))], limit=2
        )
        return types if len(types) == 1 else types.browse()

    @api.depends("partner_id", "start", "branch_id")
    @api.depends_context("hide_appointment_start", "tz", "uid")
    def _compute_display_name(self):
        hide_start = self.env.context.get("hide_appointment_start")
        for appointment in named(self):
            name = appointment.partner_id.name or self.env._("New appointment")
            when = appointment.start and not hide_start and appointment._when("short")
            appointment.display_name = " · ".join(filter(None, (name, when)))

    @api.depends("start", "branch_id.tz")
    @api.depends_context("lang", "tz", "uid")
    def _compute_branch_time(self):
        for one in self:
            is_elsewhere = one.start and one.branch_id._foreign_zone(one.start)
            one.branch_time = is_elsewhere and one._when()

    @api.depends("partner_id", "start", "stop", "state")
    @api.depends_context("lang", "tz", "uid")
    def _compute_other_visit(self):
        for one in self:
            other = one._visits_at_the_same_time()[:1]
            one.other_visit = bool(other) and self.env._(
                "The patient is expected elsewhere at this time: %(when)s, "
                "%(practitioner)s, %(branch)s.",
                when=other._when(),
                practitioner=other.practitioner_id.name,
                branch=other.branch_id.name,
            )

    @api.depends(
        "start", "duration", "practitioner_id", "branch_id", "type_id", "partner_id"
    )
    @api.depends_context("lang", "uid")
    def _compute_free_times(self):
        for one in self:
            is_asked = one.branch_id and not one._is_settled()
            one.free_times = free_times(one) if is_asked else False

    @api.depends(
        "start", "duration", "practitioner_id", "branch_id", "type_id", "partner_id"
    )
    @api.depends_context("lang", "uid")
    def _compute_time_objection(self):
        for one in self:
            one.time_objection = not one._is_settled() and objection(one)

    def _is_settled(self) -> bool:
        """Whether no other time is looked for: it is over, or was."""
        return bool(self._origin) and bool(self.start) and self._is_over()

    def _visits_at_the_same_time(self):
        """Others that this patient is to come to meanwhile, of those the user sees."""
        self.ensure_one()
        patient = self.partner_id._origin
        if not (patient and self.start and self.stop) or self._is_over():
            return self.browse()
        return self.search(
            [
                ("partner_id", "=", patient.id),
                ("id", "!=", self._origin.id),
                ("state", "in", ENGAGED_STATES),
                ("start", "<", self.stop),
                ("stop", ">", self.start),
            ],
            order="start",
        )

    @api.depends("partner_id.phone")
    @api.depends_context("uid")
    def _compute_patient_phone(self):
        readable = self.partner_id._origin._filtered_access("read")
        for appointment in self:
            patient = appointment.partner_id._origin & readable
            appointment.patient_phone = patient.phone

    @api.depends("type_id")
    def _compute_duration(self):
        for appointment in self:
            if appointment.type_id:
                appointment.duration = appointment.type_id.duration

    @api.depends("start", "duration")
    def _compute_stop(self):
        for appointment in self:
            appointment.stop = appointment.start and appointment.start + timedelta(
                minutes=round((appointment.duration or 0.5) * 60)
            )

    def _inverse_stop(self):
        for appointment in self:
            if appointment.start and appointment.stop:
                length = appointment.stop - appointment.start
                appointment.duration = length.total_seconds() / 3600

    @api.depends("start", "stop", "type_id.buffer_before", "type_id.buffer_after")
    def _compute_busy(self):
        for appointment in self:
            before = timedelta(minutes=appointment.type_id.buffer_before)
            after = timedelta(minutes=appointment.type_id.buffer_after)
            appointment.busy_from = appointment.start and appointment.start - before
            appointment.busy_until = appointment.stop and appointment.stop + after

    @api.depends("state")
    def _compute_holds_slot(self):
        for appointment in self:
            appointment.holds_slot = appointment.state in SLOT_STATES

    @api.depends("state", "start", "entered_at")
    def _compute_is_real(self):
        for one in self:
            entered = one.entered_at or one.create_date or clock.now()
            was_ahead = bool(one.start) and one.start >= entered - WALK_IN_GRACE
            one.is_real = was_ahead and one.state != "cancelled"

    @api.depends("can_be_written_to", "branch_id.channel_id")
    @api.depends_context("lang", "uid")
    def _compute_whatsapp_objection(self):
        gate = self.env["whatsapp.clinic.gate"]
        seen = self.partner_id._origin._of_own_branches()
        for one in self:
            patient = one.partner_id._origin & seen
            channel = one.branch_id.channel_id._origin
            objection = gate._why_not(patient, channel=channel) if patient else None
            one.whatsapp_objection = objection and objection.reason
            one.whatsapp_next_step = objection and objection.next_step
            one.whatsapp_remedy = objection and objection.label

    @api.constrains("practitioner_id", "branch_id")
    def _check_practitioner_works_there(self):
        for appointment in self:
            if appointment.branch_id not in appointment.practitioner_id.branch_ids:
                raise ValidationError(
                    self.env._(
                        "%(practitioner)s does not work at %(branch)s.",
                        practitioner=appointment.practitioner_id.name,
                        branch=appointment.branch_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_given(vals_list)
        self._check_follows(vals_list)
        self._lock_practitioners({vals.get("practitioner_id") for vals in vals_list})
        now = clock.now()
        for vals in vals_list:
            vals.setdefault("entered_at", now)
            if vals.get("state", "booked") == "booked":
                vals.setdefault("booked_at", now)
        appointments = super().create(vals_list)
        appointments.flush_recordset()
        for branch, booked in appointments.grouped("branch_id").items():
            booked.partner_id._become_patients(branch)
        appointments._plan_messages()
        return appointments

    def write(self, vals):
        self._check_given([vals])
        self._check_follows([vals])
        if "partner_id" in vals and self.partner_id.ids != [vals["partner_id"]]:
            self._check_may_correct_patient()
        if not vals.keys() & _FOLLOWED_FIELDS:
            return super().write(vals)
        if vals.keys() & _SLOT_FIELDS:
            self._lock_practitioners(
                {*self.practitioner_id.ids, vals.get("practitioner_id")}
            )
        known = {one: (one.partner_id, one._local_start()) for one in self}
        for one in self:
            super(Appointment, one).write({**one._consequences(vals), **vals})
        self.flush_recordset()
        if vals.keys() & _SETTLING_FIELDS:
            self._settle_answers()
        for one, (patient, start) in known.items():
            if patient != one.partner_id:
                one._correct_patient(patient, start)
        self._move_messages()
        self._plan_messages()
        return True

    def _check_follows(self, vals_list: list[dict]):
        """Raise AccessError where a client says what is to follow."""
        said = {name for one in vals_list for name in _FOLLOWING_FIELDS & one.keys()}
        if said and not self.env.su:
            raise AccessError(
                self.env._(
                    "These follow from when a visit is entered, leave them out: %s.",
                    ", ".join(sorted(said)),
                )
            )

    def _check_may_correct_patient(self):
        """Whose visit it is decides who sees that patient's records."""
        is_reception = self.env.user.has_group("whatsapp_clinic.group_receptionist")
        if not self.env.su and not is_reception:
            raise AccessError(
                self.env._("Ask reception to correct whose appointment it is.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_told(self):
        if any(one.whatsapp_message_ids.filtered("sent_at") for one in self):
            raise UserError(
                self.env._(
                    "The patient was told about this appointment: cancel it instead."
                )
            )

    def _consequences(self, vals: dict) -> dict:
        """What a write brings with it: times of what happened, a new version."""
        now = clock.now()
        state = vals.get("state", self.state)
        is_new_state = state != self.state
        news = {}
        is_of_another = vals.get("partner_id", self.partner_id.id) != self.partner_id.id
        if is_new_state and VISIT_STATES[state].stamp:
            news[VISIT_STATES[state].stamp] = now
        if is_of_another:
            news["entered_at"] = now
        if self._is_moved_by(vals):
            news.update(_UNANSWERED, moved_at=now)
        if is_of_another and state == "booked":
            news.update(_UNANSWERED, booked_at=now, moved_at=False)
        if is_new_state and state == "booked":
            news.update(_UNANSWERED, moved_at=False)
        is_off = is_new_state and {state, self.state} & {*OFF_STATES}
        if "moved_at" in news or is_of_another or is_off:
            news["version"] = self.version + 1
        return news

    def _is_moved_by(self, vals: dict) -> bool:
        """Whether time, place or practitioner differ from what the patient knows."""
        start = fields.Datetime.to_datetime(vals.get("start", self.start))
        return start != self.start or any(
            vals.get(name, self[name].id) != self[name].id
            for name in ("practitioner_id", "branch_id")
        )

    def _correct_patient(self, former, start):
        """It turned out to be another patient's: what the former one heard is undone.

        `start` is what the former patient was told. What waits for them is cancelled;
        what has left is taken back in words, by reception where no text may be sent.
        """
        self.partner_id._become_patients()
        # Whom reception was asked to call is the patient after all.
        self.env["mail.activity"]._end_calls(
            self, "told_by_mistake", about=self.partner_id
        )
        messages = self.env["whatsapp.clinic.message"].sudo()
        about = [*self._messages_domain(), ("partner_id", "=", former.id)]
        messages._cancel_open(about, "other_patient")
        told = messages.search(
            [*about, ("direction", "=", "out"), ("state", "in", LEFT_STATES)],
            order="id desc",
            limit=1,
        )
        if not told or start <= clock.in_zone(clock.now(), "UTC"):
            return
        if not self._take_back(told, start):
            self._ask_reception(
                "told_by_mistake",
                _TOLD_BY_MISTAKE,
                about=former,
                told=lambda _env: {"patient": former.name},
            )

    def _take_back(self, told, start) -> bool:
        """Say that a message (`told`) of a visit at `start` was a mistake; whether that
        goes out."""
        return False

    def _move_messages(self):
        """What was written by hand and waits leaves from where the visit is now."""
        waiting = (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    *self._messages_domain(),
                    ("is_automatic", "=", False),
                    ("reply_to_id", "=", False),
                    ("state", "in", WAITING_STATES),
                ]
            )
        )
        astray = waiting.filtered(lambda row: row.branch_id != row._subject.branch_id)
        for row in astray._lock_open():
            branch = row._subject.branch_id
            is_own = row.channel_id.company_id == branch.company_id
            kept = row.channel_id if is_own else row.channel_id.browse()
            row.write(
                {
                    "branch_id": branch.id,
                    "company_id": branch.company_id.id,
                    "channel_id": (branch.channel_id or kept).id,
                    "identity_id": False,
                }
            )
            row._judge_at_entry()

    def _lock_practitioners(self, ids):
        """Wait until nobody else books them; holds until the transaction ends."""
        for practitioner_id in sorted(filter(None, ids)):
            self.env.cr.execute(
                "SELECT pg_advisory_xact_lock(%s, %s)",
                [locks.PRACTITIONER, practitioner_id],
            )

    def action_confirm(self):
        """Note that the patient confirmed, for example on the telephone."""
        self._accept()

    def action_arrive(self):
        self.write({"state": "arrived"})

    def action_fulfill(self):
        self.write({"state": "fulfilled"})

    def action_noshow(self):
        self.write({"state": "noshow"})

    def action_cancel(self):
        self.write({"state": "cancelled"})

    def action_book(self):
        self.write({"state": "booked"})

    def action_fix_objection(self):
        """Do what ends the objection to writing, or open where it is ended."""
        self.ensure_one()
        self.check_access("read")
        channel = self.branch_id.channel_id
        gate = self.env["whatsapp.clinic.gate"]
        action = gate._fix(self.partner_id, channel=channel)
        if action is not True:
            action["context"] = {
                **action.get("context", {}),
                "default_appointment_id": self.id,
            }
        return action

    def action_print_consent_form(self):
        return self.partner_id.action_print_consent_form()

    def _accept(self):
        waiting = self.filtered(lambda one: one.patient_status != "accepted")
        waiting.write({"patient_status": "accepted", "confirmed_at": clock.now()})

    def _obey_patient(self, action: str, message):
        """Do what the patient tapped: `confirm`, `reschedule` or `cancel`.

        A tap on a `message` about an earlier version of the appointment, or after its
        start, changes nothing and is left to reception.
        """
        self.ensure_one()
        is_coming = self.state in COMING_STATES
        if message.subject_version != self.version or not is_coming:
            self._ask_about_tap(
                _lt("The patient tapped “{button}” on an outdated message: {message}."),
                message,
                action,
            )
        elif self.start <= clock.now():
            self._ask_about_tap(
                _lt("The patient tapped “{button}” after the visit had begun."),
                message,
                action,
            )
        elif action == "confirm":
            self._accept()
            if self.state in UNBOOKED_STATES:
                self._ask_reception(
                    "patients_answer",
                    _lt("The patient accepts this time, which is not booked yet."),
                )
        elif action == "cancel":
            self.write(
                {
                    "state": "cancelled",
                    "cancelled_by": "patient",
                    "patient_status": "declined",
                }
            )
            self._ask_reception(
                "patients_answer", _lt("The patient cancelled on WhatsApp.")
            )
        elif action == "reschedule":
            self.write({"patient_status": "tentative"})
            self._ask_reception(
                "patients_answer", _lt("The patient asks for another time.")
            )

    def _what_holds(self, patient, version: int, action: str) -> str:
        """Which automatic answer tells a patient who tapped a button what holds now."""
        self.ensure_one()
        if patient != self.partner_id:
            return "not_yours"
        if self.state == "cancelled":
            return "tap_cancelled" if action == "cancel" else "tap_was_cancelled"
        if self._is_over():
            return "tap_past"
        answer = self.patient_status if version == self.version else None
        if self.state in UNBOOKED_STATES and answer != "tentative":
            return "tap_unbooked"
        return _TAPPED.get(answer, "tap_moved")

    def _settle_answers(self):
        """What the patient's last word asked of reception is done with."""
        self.env["mail.activity"]._end_calls(self, "patients_answer", "idle_tap")

    def _ask_about_tap(self, sentence, message, action: str):
        """Tell reception of the last tap that changed nothing, with its words."""
        self._ask_reception(
            "idle_tap",
            sentence,
            told=lambda env: message.with_env(env)._told_of_tap(action),
        )

    def _ask_reception(self, cause: str, sentence, **more):
        """Leave an activity for who made the appointment, else for reception."""
        staff = self.branch_id._reception(self.create_uid) or self.create_uid
        self.env["mail.activity"]._call_reception(self, cause, sentence, staff, **more)

    @api.model
    def _anchors(self) -> dict:
        return ANCHORS

    def _occurrences(self, rule) -> list[Occurrence]:
        anchor = ANCHORS.get(rule.anchor)
        at = anchor and self.state in anchor.states and self[anchor.field]
        if not at:
            return []
        return [Occurrence(at, self.start if anchor.is_before_visit else None)]

    @property
    def _version(self) -> int:
        return self.version

    def _objection_to(self, message) -> str | None:
        self.ensure_one()
        if message.is_automatic:
            return super()._objection_to(message)
        if message.only_coming:
            return self._objection_to_announcing(message)
        return None

    def _objection_to_words_of_rules(self) -> str | None:
        self.ensure_one()
        return "not_booked" if self.state in UNBOOKED_STATES else None

    def _merge_key(self):
        """A patient comes once a day, to however many appointments."""
        return self.partner_id, self._local_start().date()

    def _kind(self):
        return self.type_id

    def _is_confirmed(self) -> bool:
        return self.patient_status == "accepted"

    def _specialty(self) -> str | None:
        return self.practitioner_id.specialty

    @api.model
    def _planned_domain(self, companies) -> list:
        return [
            *super()._planned_domain(companies),
            ("start", ">=", clock.now()),
            ("state", "=", "booked"),
        ]

    @api.model
    def _of_patients_domain(self, partners, since) -> list:
        return [*super()._of_patients_domain(partners, since), ("stop", ">=", since)]

    def _local_start(self):
        """Start in the branch's time zone, aware."""
        self.ensure_one()
        return clock.in_zone(self.start, self.branch_id.tz or "UTC")
