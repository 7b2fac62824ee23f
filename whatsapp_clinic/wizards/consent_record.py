import binascii
from datetime import date, datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.consent.consent_proof import MAX_SCAN_BYTES
from ..models.consent.consent_state import GIVEN, OBJECTIONS
from ..models.consent.evidence import notice_evidence, person_evidence
from ..models.message.message import BY_HAND
from ..models.outbox.undo import tell_sent
from ..models.vocabulary.visit_states import TOOK_PLACE_STATES
from ..tools import clock
from ..tools.access import require_group
from ..tools.compat import decoded
from ..tools.scan import kind_of

# What can be noted for a purpose, and the decision that it is.
ANSWERS = [
    ("given", "Agrees"),
    ("refused", "Does not agree"),
    ("withdrawn", "Takes it back"),
]
DECISIONS = {"given": "given", "refused": "withdrawn", "withdrawn": "withdrawn"}
# For so long a message that was refused for want of consent is worth sending after all.
STILL_OF_USE = timedelta(days=7)


def hours_of(day: date, tz: str) -> tuple[datetime, datetime]:
    """First and last second of a day that are that day in UTC too, as naive UTC.

    Guardianships and dates on screens count by either.
    """
    midnight = datetime.combine(day, time())
    length = timedelta(days=1, seconds=-1)
    local = [clock.from_zone(moment, tz) for moment in (midnight, midnight + length)]
    return max(local[0], midnight), min(local[1], midnight + length)


def _is_of_use(message) -> bool:
    """Not where it speaks of a visit to which nobody is expected any more."""
    visit = message._subjects("whatsapp.clinic.appointment")
    return visit.state in (False, *TOOK_PLACE_STATES) or not visit._is_over()


class ConsentRecord(models.TransientModel):
    """What a patient decided at the desk: signed on paper, or said to staff.

    Nothing is chosen beforehand but the withdrawal of a consent whose button was
    pressed, and a purpose left open records nothing.
    """

    _name = "whatsapp.clinic.consent.record"
    _description = "Record Consent"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    partner_id = fields.Many2one("res.partner", "Patient", required=True)
    appointment_id = fields.Many2one("whatsapp.clinic.appointment")
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    possible_guardian_ids = fields.Many2many(
        "res.partner", compute="_compute_possible_guardian_ids"
    )
    guardian_id = fields.Many2one(
        "res.partner",
        domain="[('id', 'in', possible_guardian_ids)]",
        help="Who decides for the patient; empty if the patient decides.",
    )
    notice_id = fields.Many2one(
        "whatsapp.clinic.privacy.notice",
        "Privacy Notice",
        compute="_compute_notice_id",
        store=True,
        readonly=False,
        domain="[('published_at', '!=', False),"
        " ('company_id', 'parent_of', company_id)]",
        help="The version that the patient was shown.",
    )
    method = fields.Selection(
        [("paper", "Signed on paper"), ("verbal", "Said to staff")],
        default="paper",
        required=True,
    )
    signed_on = fields.Date(
        "Date on the Paper",
        compute="_compute_signed_on",
        store=True,
        readonly=False,
        precompute=True,
    )
    scan = fields.Binary(attachment=False, help="PDF, PNG or JPEG, at most 10 MB.")
    scan_name = fields.Char()
    place = fields.Char(
        "Where the Paper Lies", help="Needed only where the paper is not scanned."
    )
    heard_by = fields.Char(default=lambda self: self.env.user.name)
    wording = fields.Char("What Was Said")
    line_ids = fields.One2many(
        "whatsapp.clinic.consent.record.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("partner_id", "appointment_id")
    def _compute_company_id(self):
        for wizard in self:
            own = wizard._branch.company_id
            wizard.company_id = own if own in self.env.companies else self.env.company

    @api.depends("partner_id", "appointment_id")
    def _compute_signed_on(self):
        """Today by the branch's clock, until another date is entered."""
        for wizard in self.filtered(lambda one: not one.signed_on):
            wizard.signed_on = wizard._today

    @api.depends("partner_id", "company_id", "signed_on", "method")
    @api.depends_context("uid")
    def _compute_possible_guardian_ids(self):
        today = clock.now().date()
        for wizard in self:
            day = wizard._is_paper and wizard.signed_on or today
            told = wizard.partner_id._origin._told_guardianships()
            known = told._of_tree(wizard.company_id)
            wizard.possible_guardian_ids = known.filtered(
                lambda one, day=day: one._covers(day)
            ).guardian_id

    @api.depends("company_id", "signed_on", "method")
    def _compute_notice_id(self):
        notices = self.env["whatsapp.clinic.privacy.notice"]
        for wizard in self:
            wizard.notice_id = notices._current(wizard.company_id, wizard._latest)

    @api.depends("partner_id", "company_id")
    def _compute_line_ids(self):
        purposes = self.env["whatsapp.clinic.consent.purpose"].search(
            [("answers_only", "=", False)]
        )
        withdrawn = self.env.context.get("withdrawn_purpose_id")
        for wizard in self:
            wizard.line_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(
                        {
                            "purpose_id": purpose.id,
                            "answer": purpose.id == withdrawn and "withdrawn",
                        }
                    )
                    for purpose in purposes
                ),
            ]

    @property
    def _is_paper(self) -> bool:
        return self.method == "paper"

    def action_record(self):
        """Write the proof and one consent for each answered purpose, and say which.

        Messages that only waited for it are offered to be sent. Raises UserError with
        what is missing or does not fit.
        """
        self.ensure_one()
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        answered = self.line_ids.filtered("answer")
        if not answered:
            raise UserError(
                self.env._("Choose for at least one purpose what the patient decided.")
            )
        how = self._on_paper(answered) if self._is_paper else self._by_word(answered)
        if "given" in answered.mapped("answer") and self._is_minor_alone():
            raise UserError(self.env._("The patient is a minor: choose a guardian."))
        values = {
            "partner_id": self.partner_id.id,
            "guardian_id": self.guardian_id.id,
            "company_id": self.company_id.id,
            "branch_id": self._branch.id,
            "method": self.method,
            "notice_id": self.notice_id.id,
            **how,
        }
        given = answered.filtered(lambda line: line.answer == "given").purpose_id
        waited = self._due(given)
        self.env["whatsapp.clinic.consent"]._enter(
            [{**values, **line._decision()} for line in answered]
        )
        held_back = self._held_back(answered)
        released = self._due(given) - waited
        if released:
            return self._tell_released(answered, released, held_back)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Recorded: %s", answered._told()),
                "next": held_back.action_ask_to_send()
                if held_back
                else {"type": "ir.actions.act_window_close"},
            },
        }

    def _due(self, purposes):
        """Messages to the patient for these purposes that leave at once."""
        # sudo: who records is told how many leave, whoever may read them
        return (
            self.env["whatsapp.clinic.message"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", self.partner_id.id),
                    ("company_id", "=", self.company_id.id),
                    ("purpose_id", "in", purposes.ids),
                    ("state", "=", "queued"),
                    ("due_at", "<=", clock.now()),
                ]
            )
        )

    def _tell_released(self, answered, released, held_back) -> dict:
        """The action that says what the consent lets leave, with an Undo for it."""
        leaves_at = self.company_id.with_context(**{BY_HAND: True})._undo_until()
        released._leave_not_before(leaves_at)
        rows = released.sudo(False)
        is_desk = self.env.user.has_group("whatsapp_clinic.group_receptionist")
        told = self.env._(
            "Recorded: %(decisions)s. Messages that waited for this and go now: "
            "%(count)s.",
            decisions=answered._told(),
            count=len(released),
        )
        can_be_undone = is_desk and rows.has_access("read")
        more = {"next": held_back.action_ask_to_send()} if held_back else {}
        return tell_sent(rows, told, leaves_at, can_be_undone, "action_cancel", **more)

    def _held_back(self, answered):
        """Messages refused for want of what was just given, and that may leave now."""
        messages = self.env["whatsapp.clinic.message"]
        if not messages.has_access("read"):
            return messages
        given = answered.filtered(lambda line: line.answer == "given")
        refused = messages.search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("purpose_id", "in", given.purpose_id.ids),
                ("state", "=", "refused"),
                ("reason", "in", ["no_consent", *OBJECTIONS.values()]),
                ("failed_at", ">=", clock.now() - STILL_OF_USE),
            ]
        )
        return refused.filtered(
            lambda message: not message.send_objection and _is_of_use(message)
        )

    def _is_minor_alone(self) -> bool:
        return not self.guardian_id and self.partner_id._is_minor(self._latest.date())

    @property
    def _day(self) -> date | None:
        """The day of the act where it is another than today, in the branch's zone."""
        is_other = self._is_paper and self.signed_on != self._today
        return self.signed_on if is_other else None

    @property
    def _today(self) -> date:
        return clock.in_zone(clock.now(), self._tz).date()

    @property
    def _earliest(self) -> datetime:
        return hours_of(self._day, self._tz)[0] if self._day else clock.now()

    @property
    def _latest(self) -> datetime:
        return hours_of(self._day, self._tz)[1] if self._day else clock.now()

    @property
    def _branch(self):
        return self.appointment_id.branch_id or self.partner_id._asking_branch()

    def _by_word(self, answered) -> dict:
        if not self.heard_by:
            raise UserError(self.env._("Note who heard what the patient said."))
        given = answered.filtered(lambda line: line.answer == "given")
        given.purpose_id._check_verbal_allowed()
        return {"heard_by": self.heard_by, "evidence": self.wording}

    def _on_paper(self, answered) -> dict:
        if not self.signed_on:
            raise UserError(self.env._("Enter the date on the paper."))
        if self._earliest > clock.now():
            raise UserError(self.env._("The date on the paper lies in the future."))
        born = self.partner_id.clinic_birthdate
        if born and self.signed_on < born:
            raise UserError(
                self.env._("The date on the paper lies before the patient's birth.")
            )
        if self.notice_id.valid_from and self.notice_id.valid_from > self._latest:
            raise UserError(
                self.env._(
                    "The privacy notice became valid only after the date on the paper."
                )
            )
        if not self.scan and not self.place:
            raise UserError(
                self.env._("Add a scan of the paper, or note where it lies.")
            )
        proof = self.env["whatsapp.clinic.consent.proof"]._seal(
            {
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "scan": self.scan and self._checked_scan(),
                "scan_name": self.scan and self.scan_name,
            },
            self._document(answered),
        )
        return {"proof_id": proof.id, "evidence": self.place}

    @property
    def _tz(self) -> str:
        return self._branch.tz or self.env.user.tz or "UTC"

    def _checked_scan(self) -> str:
        """The scan as base64, if it is one by its content and size."""
        scan = self.with_context(bin_size=False).scan
        try:
            data = decoded(scan)
        except (binascii.Error, ValueError):
            data = b""
        if len(data) > MAX_SCAN_BYTES:
            raise UserError(
                self.env._("The scan is larger than %s MB.", MAX_SCAN_BYTES // 2**20)
            )
        if not kind_of(data):
            raise UserError(
                self.env._("The scan is no PDF, PNG or JPEG file, whatever its name.")
            )
        return scan

    def _document(self, answered) -> dict:
        """What was signed, as evidence; purposes in the words of the paper."""
        lang = self.partner_id._consent_form_lang()
        text = self.notice_id._text(lang) if self.notice_id else None
        return {
            "act": "paper",
            "at": f"{clock.now().isoformat()}Z",
            "signed_on": self.signed_on.isoformat(),
            "choices": [
                {
                    "purpose": line.purpose_id.code,
                    "name": line.purpose_id.with_context(lang=lang).name,
                    "description": line.purpose_id.with_context(lang=lang).description
                    or None,
                    "answer": line.answer,
                    "decision": DECISIONS[line.answer],
                }
                for line in answered
            ],
            "company": self.company_id.name,
            "guardian": person_evidence(self.guardian_id),
            "language": lang,
            "notice": notice_evidence(text),
            "patient": person_evidence(self.partner_id),
            "place": self.place or None,
            "recorded_by": self.env.user.name,
        }


class ConsentRecordLine(models.TransientModel):
    """One purpose, and what was said to it; empty: it was not spoken of."""

    _name = "whatsapp.clinic.consent.record.line"
    _description = "Recorded Purpose"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    wizard_id = fields.Many2one(
        "whatsapp.clinic.consent.record", required=True, ondelete="cascade"
    )
    purpose_id = fields.Many2one("whatsapp.clinic.consent.purpose", required=True)
    present_state = fields.Selection(
        [
            ("none", "Not asked yet"),
            ("given", "Given"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
            ("expired", "Expired"),
            ("superseded", "New notice: ask again"),
            ("guardianship_ended", "Of age: ask the patient"),
        ],
        "So Far",
        compute="_compute_present_state",
    )
    is_fit = fields.Boolean(compute="_compute_is_fit")
    hint = fields.Char(compute="_compute_is_fit")
    answer = fields.Selection(ANSWERS)

    def _decision(self) -> dict:
        """Values of the consent.

        The hour of another day is not known: what was given counts from its beginning,
        what was withdrawn from its end, so that no withdrawal of the day is overruled.
        """
        decision = DECISIONS[self.answer]
        wizard = self.wizard_id
        return {
            "purpose_id": self.purpose_id.id,
            "decision": decision,
            "act_at": wizard._earliest if decision == GIVEN else wizard._latest,
        }

    @api.depends("wizard_id.partner_id", "wizard_id.company_id")
    @api.depends_context("uid")
    def _compute_present_state(self):
        """Nothing of patients of others."""
        self.present_state = False
        for wizard in self.wizard_id:
            if not wizard.partner_id._origin._is_of_own_branch():
                continue
            lines = self.filtered(lambda one, its=wizard: one.wizard_id == its)
            patient = wizard.partner_id
            states = self.env["whatsapp.clinic.consent"]._states(
                patient, lines.purpose_id, wizard.company_id
            )
            for line in lines:
                pair = (patient.id, line.purpose_id.id)
                line.present_state = states.get(pair, "none")

    @api.depends("wizard_id.method", "purpose_id.verbal_allowed")
    @api.depends_context("lang")
    def _compute_is_fit(self):
        hint = self.env._("Agreeing: only on paper or the personal page")
        for line in self:
            is_verbal = line.wizard_id.method == "verbal"
            line.is_fit = not is_verbal or line.purpose_id.verbal_allowed
            line.hint = "" if line.is_fit else hint

    def _told(self) -> str:
        """Each purpose with what was noted, in the user's language."""
        labels = dict(self._fields["answer"]._description_selection(self.env))
        return "; ".join(
            f"{line.purpose_id.name}: {labels[line.answer]}" for line in self
        )
