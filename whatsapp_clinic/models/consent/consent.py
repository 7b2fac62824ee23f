from collections.abc import Iterable
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import clock
from ...tools.access import create_as_system, require_group
from .acting import Acting
from .consent_state import DECISIONS, GIVEN, PRESENT_STATES, States
from .consent_triggers import EVIDENCE, PEOPLE
from .latest_acts import decided_by_id, decisive_ids
from .reported_decision import ReportedDecision, find_patient, told_states
from .write_once_mixin import BOOKKEEPING

METHODS = [
    ("web", "Signed on a web page"),
    ("paper", "Signed on paper"),
    ("verbal", "Said to staff"),
    ("chat", "In the chat"),
    ("import", "Imported"),
    ("api", "Reported by another program"),
    ("merge", "Contact merge"),
]
# Signed by the patient's hand: the proof is made with the act.
SIGNED = ("web", "paper")
# By which WhatsApp's clock may be ahead of ours; no longer, as a withdrawal made
# meanwhile would count as the earlier act.
CLOCK_TOLERANCE = clock.TOLERANCE


class Consent(models.Model):
    """One act of a patient: giving or withdrawing consent for one purpose.

    Rows are written once, and by nobody's hand: the access list lets no role create
    any. Wizard, import, page, chat and API check what they write, and come to `_enter`.
    The present state is the row with the latest time of the act; on a tie the
    withdrawal counts.
    """

    _name = "whatsapp.clinic.consent"
    _description = "Consent"
    _inherit = ["whatsapp.clinic.given.ids.mixin", "whatsapp.clinic.write.once.mixin"]
    _order = "act_at desc, id desc"
    _rec_name = "purpose_id"
    # The people may become others in a contact merge; what was agreed to may not.
    _write_once_except = (*BOOKKEEPING, "partner_id", "guardian_id")
    _chained = (
        "id",
        "act_at",
        "branch_id",
        "create_date",
        "decision",
        "evidence",
        "guardian_name",
        "heard_by",
        "message_id",
        "method",
        "notice_id",
        "patient_name",
        "patient_phone",
        "proof_id",
        "purpose_id",
        "recorded_by",
        "reference",
    )

    partner_id = fields.Many2one(
        "res.partner", "Patient", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    branch_id = fields.Many2one("whatsapp.clinic.branch", ondelete="restrict")
    purpose_id = fields.Many2one(
        "whatsapp.clinic.consent.purpose", required=True, ondelete="restrict"
    )
    decision = fields.Selection(
        [("given", "Given"), ("withdrawn", "Refused or withdrawn")], required=True
    )
    act_at = fields.Datetime(
        "Time of the Act",
        required=True,
        default=lambda self: clock.now(),
        help="When the patient decided, for paper its date; not when it was entered.",
    )
    method = fields.Selection(METHODS, required=True)
    notice_id = fields.Many2one(
        "whatsapp.clinic.privacy.notice",
        "Privacy Notice",
        ondelete="restrict",
        index="btree_not_null",
        help="The version that the patient had been shown.",
    )
    guardian_id = fields.Many2one(
        "res.partner",
        ondelete="restrict",
        index="btree_not_null",
        help="Who decided for the patient.",
    )
    evidence = fields.Text(
        help="What proves it: the wording, the source, the place of the paper."
    )
    heard_by = fields.Char(help="Who of the staff heard it, where it was said.")
    proof_id = fields.Many2one(
        "whatsapp.clinic.consent.proof",
        "Signed Proof",
        ondelete="restrict",
        index="btree_not_null",
    )
    patient_name = fields.Char(
        "Name at the Time", compute="_compute_at_the_time", store=True, precompute=True
    )
    patient_phone = fields.Char(
        "Phone at the Time", compute="_compute_at_the_time", store=True, precompute=True
    )
    guardian_name = fields.Char(
        "Guardian's Name at the Time",
        compute="_compute_at_the_time",
        store=True,
        precompute=True,
    )
    recorded_by = fields.Char(
        compute="_compute_at_the_time",
        store=True,
        precompute=True,
        help="The user's name at the time; it stays when the user is removed.",
    )
    reference = fields.Char(
        "Outside Reference",
        copy=False,
        help="What another program or an imported file calls this act; the same act is "
        "never recorded twice.",
    )
    present_state = fields.Selection(
        PRESENT_STATES, "Now", compute="_compute_present_state"
    )
    expires_on = fields.Date(compute="_compute_expires_on")
    decided = fields.Selection(
        DECISIONS, "What Was Decided", compute="_compute_decided"
    )

    _state = models.Index("(partner_id, purpose_id, act_at)")
    _verbal_was_heard = models.Constraint(
        "CHECK (method <> 'verbal' OR heard_by IS NOT NULL)",
        "Note who heard what the patient said.",
    )
    _import_has_source = models.Constraint(
        "CHECK (method <> 'import' OR evidence IS NOT NULL)",
        "Note where an imported consent comes from.",
    )
    # Without the patient, or a contact merge could collide.
    _reference_uniq = models.UniqueIndex(
        "(company_id, reference) WHERE reference IS NOT NULL",
        "This act is recorded already.",
    )

    def _protect(self):
        result = super()._protect()
        self.env.cr.execute(EVIDENCE)
        self.env.cr.execute(PEOPLE)
        return result

    @api.depends()
    def _compute_at_the_time(self):
        for consent in self:
            consent.patient_name = consent.partner_id.name
            consent.patient_phone = consent.partner_id.phone
            consent.guardian_name = consent.guardian_id.name
            consent.recorded_by = self.env.user.name

    @api.depends("decision", "act_at")
    def _compute_present_state(self):
        decisive = self._decisive(self.partner_id)
        states = self.sudo()._states(self.partner_id, self.purpose_id, self.company_id)
        for consent in self:
            if consent in decisive:
                pair = (consent.partner_id.id, consent.purpose_id.id)
                consent.present_state = states.of(consent.company_id).get(pair)
            else:
                consent.present_state = "replaced"

    @api.depends("decision", "act_at", "purpose_id.validity_months")
    def _compute_expires_on(self):
        for consent in self:
            months = consent.purpose_id.validity_months
            lasts = consent.decision == GIVEN and months and consent.act_at
            consent.expires_on = (
                consent.act_at + relativedelta(months=months) if lasts else False
            )

    @api.depends("decision", "act_at")
    def _compute_decided(self):
        self.flush_model()
        decided = decided_by_id(self.env, self._origin.ids)
        for consent in self:
            consent.decided = decided.get(consent._origin.id)

    @api.constrains("act_at", "method")
    def _check_not_in_future(self):
        now = clock.now()
        for consent in self:
            ahead = CLOCK_TOLERANCE if consent.method == "chat" else timedelta()
            if consent.act_at > now + ahead:
                raise ValidationError(self.env._("The act lies in the future."))

    @api.constrains("method", "proof_id", "partner_id", "company_id")
    def _check_proof_was_made_for_it(self):
        for consent in self:
            is_signed = consent.method in SIGNED or consent.proof_id
            if is_signed and not consent.proof_id._is_made_for(consent):
                raise ValidationError(
                    self.env._(
                        "What is signed needs the proof that is made with it: record "
                        "it with “Record Consent”, or let the patient sign on the "
                        "personal page."
                    )
                )

    @api.constrains("decision", "guardian_id", "partner_id", "act_at")
    def _check_no_minor_agrees_alone(self):
        for consent in self:
            is_alone = consent.decision == "given" and not consent.guardian_id
            if is_alone and not consent._still_decided(consent.act_at):
                raise ValidationError(
                    self.env._("The patient is a minor: choose a guardian.")
                )

    @api.constrains("method", "purpose_id", "decision")
    def _check_verbal_allowed(self):
        given_by_word = self.filtered(
            lambda one: one.method == "verbal" and one.decision == "given"
        )
        given_by_word.purpose_id._check_verbal_allowed()

    @api.constrains("guardian_id", "purpose_id", "partner_id", "company_id")
    def _check_guardian_may_decide(self):
        for consent in self.filtered("guardian_id"):
            if not consent._still_decided(consent.act_at):
                raise ValidationError(
                    self.env._(
                        "%(guardian)s may not decide about “%(purpose)s” for "
                        "%(patient)s.",
                        guardian=consent.guardian_id.name,
                        purpose=consent.purpose_id.display_name,
                        patient=consent.partner_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("method") == "verbal":
                vals.setdefault("heard_by", self.env.user.name)
        consents = super().create(vals_list)
        consents.flush_recordset()
        if not self.env.context.get("more_acts_follow"):
            consents._on_entered()
        return consents

    def action_withdraw(self) -> dict:
        """Open what records that the patient withdraws this, said to staff."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.consent_record_action"
        )
        context = {
            "default_partner_id": self.partner_id.id,
            "default_company_id": self.company_id.id,
            "default_method": "verbal",
            "withdrawn_purpose_id": self.purpose_id.id,
        }
        return {**action, "context": context}

    @api.model
    def record_decision(
        self,
        purpose: str,
        decision: str,
        act_at: str,
        source: str,
        reference: str,
        patient_id: int | None = None,
        phone: str | None = None,
    ) -> int:
        """Record what a patient decided in another program; returns the consent's id.

        `purpose` is a purpose's code, `decision` is `given` or `withdrawn`, `act_at`
        ISO 8601 with its zone, `source` says where it was said or signed, `reference`
        is the other program's own name for the act: the same one again returns the same
        id. The patient is told by database id or by phone number. Raises UserError with
        what does not fit, AccessError without the right to record consents, or to see
        this patient's.
        """
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        patient = find_patient(self.env, patient_id, phone)
        self._check_may_enter(patient)
        told = ReportedDecision(self.env, patient, reference)
        values = told.checked(purpose, decision, act_at, source)
        return (told.recorded(values) or told.record(values)).id

    @api.model
    @api.readonly
    def read_state(
        self, patient_id: int | None = None, phone: str | None = None
    ) -> dict:
        """What a patient has agreed to now.

        Returns `{"patient_id": …, "purposes": {code: {"state", "consent_id",
        "act_at"}}}`: `state` is `given`, `withdrawn`, `expired`, `superseded`,
        `guardianship_ended`, `no_consent`, or `not_needed` where nobody has to be
        asked; `act_at` is ISO 8601 in UTC, None where nothing was decided. Raises
        UserError if it is not clear who is meant, AccessError if the patient's consents
        may not be read.
        """
        patient = find_patient(self.env, patient_id, phone)
        return {"patient_id": patient.id, "purposes": told_states(self.env, patient)}

    @api.model
    def _states(
        self, partners, purposes, companies=None, at: datetime | None = None
    ) -> States:
        """What patients have agreed to at a time (naive UTC; default: now).

        A consent counts in the company tree in which it was given; `companies` default
        to the present one. Answers a mapping of (partner id, purpose id) to `given`,
        `withdrawn`, `expired`, `superseded` or `guardianship_ended`, for each company
        tree by `of(company)`.
        """
        return States.load(
            self.env, partners, purposes, companies or self.env.company, at
        )

    @api.model
    def _decisive(self, partners):
        """The acts that count: the latest of each patient for each purpose.

        In every company tree for itself.
        """
        self.flush_model()
        return self.browse(decisive_ids(self.env, partners))

    @api.model
    def _enter(self, acts: list[dict]):
        """Write acts with the rights of the system, in the name of the user.

        Who enters an act must be allowed to see it: AccessError for a patient of
        another branch or a company of others.
        """
        self._check_may_enter(
            self.env["res.partner"].browse({one["partner_id"] for one in acts})
        )
        return create_as_system(self, acts)

    def _still_decided(self, at: datetime) -> bool:
        """Whether who gave this consent decides at a time (naive UTC)."""
        patient = self.partner_id
        return self._acting(patient.ids, at).may_agree(
            self.company_id, self.guardian_id.id, patient.id, self.purpose_id.id
        )

    @api.model
    def _acting(self, patient_ids: list[int], at: datetime) -> Acting:
        """Who decides for patients at a time (naive UTC), told by the room of
        patients."""
        return Acting()

    @api.model
    def _check_may_enter(self, patients):
        """Raise AccessError where the user may not enter what they decided."""

    @api.model
    def _patients_behind(self, phone: str):
        """Patients who have a number and are the user's to look after, told by the
        room of numbers."""
        return self.env["res.partner"]

    def _on_entered(self):
        """What was decided acts at once, also on what it was decided about."""

    @api.model
    def _record(self, decisions: Iterable[tuple], **values):
        """Write the acts of one moment, one row per purpose.

        `decisions` are pairs of a purpose and `given` or `withdrawn`; `values` are
        those of every row. Returns the rows.
        """
        return self._enter(
            [
                {**values, "purpose_id": purpose.id, "decision": decision}
                for purpose, decision in decisions
            ]
        )
