from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import clock

# Anchor: the field of the appointment that holds its time, and the states in which a
# message about it makes sense.
ANCHORS = {
    "booked": ("booked_at", ("booked",)),
    "moved": ("moved_at", ("booked",)),
    "confirmed": ("confirmed_at", ("booked",)),
    "start": ("start", ("booked",)),
    "end": ("stop", ("booked", "arrived", "fulfilled")),
    "noshow": ("missed_at", ("noshow",)),
    "cancelled": ("cancelled_at", ("cancelled",)),
}
# Their messages make sense when the visit is over, or was cancelled.
AFTERWARDS = frozenset({"end", "noshow", "cancelled"})
# Something was just done, so that somebody is awake.
_JUST_DONE = ("booked", "moved", "confirmed", "cancelled")
UNIT_MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}
# A message whose time was already over when it was planned is not sent late.
LATE = timedelta(minutes=15)
# How long before the visit a message about it still helps.
USEFUL = timedelta(minutes=30)
# How long a message about something past is still worth sending.
SHELF_LIFE = timedelta(days=2)

# What changes in a waiting row when its appointment moves.
_MOVING = ("due_at", "expires_at", "occurrence", "appointment_version")
# Cancelled with the appointment, by the patient or with a number that was not the
# patient's, and not by staff: comes back when that is over.
_REVIVABLE = (
    "obsolete",
    "already_confirmed",
    "wrong_person",
    "number_changed",
    "identity_blocked",
    "marketing_blocked",
    "consent_withdrawn",
)


class MessageRule(models.Model):
    """Writes to patients around their appointments, by itself.

    When the anchor appears the rule puts a row with its due time in the outbox; when it
    moves or goes the row is moved or cancelled.
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
        [
            ("booked", "When booked"),
            ("moved", "When moved"),
            ("confirmed", "When confirmed by the patient"),
            ("start", "Start of the appointment"),
            ("end", "End of the appointment"),
            ("noshow", "When missed"),
            ("cancelled", "When cancelled"),
        ],
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
        domain=[("enabled", "=", True), ("model", "=", "whatsapp.clinic.appointment")],
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
                [("rule_id", "in", self.ids), ("state", "in", ("queued", "held"))],
                ["rule_id"],
                ["__count"],
            )
        )
        for rule in self:
            rule.waiting_count = counted.get(rule, 0)

    @api.depends("anchor")
    def _compute_in_quiet_hours(self):
        for rule in self:
            rule.in_quiet_hours = rule.anchor in _JUST_DONE

    @api.constrains("anchor", "offset", "offset_side")
    def _check_before_only_for_start(self):
        for rule in self:
            is_event = rule.anchor not in ("start", "end")
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
                        rule.template_id.display_name,
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
                    rule.template_id.display_name,
                )
            )

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

    def _replan(self):
        """Plan the coming appointments anew after a rule was changed."""
        upcoming = self.env["whatsapp.clinic.appointment"].search(
            [
                ("company_id", "in", self.company_id.ids),
                ("start", ">=", clock.now()),
                ("state", "=", "booked"),
            ]
        )
        self._plan(upcoming, rules=self)

    def action_open_waiting(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.message_action"
        )
        domain = [("rule_id", "=", self.id), ("state", "in", ("queued", "held"))]
        return {**action, "domain": domain, "context": {}}

    @api.model
    def _anchors_of(self, template) -> set[str]:
        """When rules send a template, in whatever language; idle rules count."""
        rules = self.sudo().with_context(active_test=False)
        same = [
            ("template_id.name", "=", template.name),
            ("template_id.business_account_id", "=", template.business_account_id),
        ]
        return set(rules.search(same).mapped("anchor")) if template else set()

    @property
    def _delta(self) -> timedelta:
        delta = timedelta(minutes=self.offset * UNIT_MINUTES[self.offset_unit])
        return -delta if self.offset_side == "before" else delta

    def _fits(self, appointment) -> bool:
        """Whether the rule writes about this appointment in its present state."""
        _field, states = ANCHORS[self.anchor]
        return (
            self.active
            and appointment.state in states
            and appointment.company_id == self.company_id
            and (not self.branch_ids or appointment.branch_id in self.branch_ids)
            and (not self.type_ids or appointment.type_id in self.type_ids)
        )

    @api.model
    def _plan(self, appointments, rules=None):
        """Make the outbox say what the rules want for these appointments."""
        rules = rules or self.sudo().search(
            [("company_id", "in", appointments.company_id.ids)]
        )
        appointments = appointments.sudo()
        messages = self.env["whatsapp.clinic.message"].sudo()
        written = messages.search(
            [("rule_id", "in", rules.ids), ("appointment_id", "in", appointments.ids)]
        )
        rows = {}
        for row in written:
            rows.setdefault((row.rule_id.id, row.appointment_id.id), []).append(row)
        new = []
        for rule in rules.sudo():
            for appointment in appointments:
                known = rows.get((rule.id, appointment.id), [])
                new += rule._plan_one(appointment, known)
        if new:
            messages._enqueue(new)

    @api.model
    def _plan_again(self, domain: list):
        """What kept patients from being written to is over: plan for the time to come.

        `domain` says of which rows.
        """
        rows = (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    *domain,
                    ("state", "=", "cancelled"),
                    ("reason", "in", _REVIVABLE),
                    ("rule_id", "!=", False),
                    ("due_at", ">=", clock.now() - LATE),
                ]
            )
        )
        if rows.appointment_id:
            self._plan(rows.appointment_id)

    def _plan_one(self, appointment, known: list) -> list[dict]:
        """Move, revive or cancel the rows there are; returns values of rows to write.

        `known` are the rows that this rule wrote for the appointment.
        """
        wanted = self._wanted(appointment)
        waiting = [row for row in known if row.state in ("queued", "held")]
        if wanted is None:
            _cancel(waiting)
            return []
        exact = [row for row in known if row.occurrence == wanted["occurrence"]]
        keeper = (exact or waiting or [None])[0]
        _cancel([row for row in waiting if row != keeper])
        if keeper is None:
            return [wanted]
        if keeper in waiting:
            _move(keeper, wanted)
        elif keeper.state == "cancelled" and keeper.reason in _REVIVABLE:
            _move(keeper, wanted)
            keeper._revive(_REVIVABLE)
        return []

    def _wanted(self, appointment) -> dict | None:
        """The row this rule wants for an appointment now; None for no row."""
        field, _states = ANCHORS[self.anchor]
        at = appointment[field]
        if not at or not self._fits(appointment):
            return None
        if self.only_unconfirmed and appointment.patient_status == "accepted":
            return None
        due_at = at + self._delta
        if due_at < clock.now() - LATE:
            return None
        is_before_visit = self.anchor in ("booked", "moved", "confirmed", "start")
        expires_at = appointment.start if is_before_visit else due_at + SHELF_LIFE
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


def _cancel(rows: list):
    for row in rows:
        row._lock_open().write({"state": "cancelled", "reason": "obsolete"})


def _move(row, wanted: dict):
    changes = {name: wanted[name] for name in _MOVING if row[name] != wanted[name]}
    if changes:
        row.write({**changes, "branch_id": wanted["branch_id"]})
