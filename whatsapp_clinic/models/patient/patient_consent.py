from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools import clock
from ...tools.access import require_field, require_group
from ...tools.printing import print_action
from ..consent.consent_state import OBJECTIONS
from ..consent.latest_acts import SOON, expiring_patients
from ..vocabulary.reasons import REASON_SELECTION, REASONS
from .guardianship import majority
from .res_partner import CLINIC_STAFF

CONSENT_STATES = [
    ("ready", "May be written to"),
    ("no_consent", "No consent"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
    ("expired", "Consent expired"),
    ("superseded", "New notice: ask again"),
    ("guardianship_ended", "Of age: ask the patient"),
    ("stopped", "Stopped messages"),
    ("no_number", "No WhatsApp number"),
    ("not_written_to", "Do not contact"),
]
_SEARCHABLE = {"no_consent", *OBJECTIONS}


class ResPartner(models.Model):
    """What a patient agreed to, and why the patient cannot be written to."""

    _inherit = "res.partner"

    whatsapp_consent_state = fields.Selection(
        CONSENT_STATES,
        "Appointment Messages",
        compute="_compute_whatsapp_consent_state",
        search="_search_whatsapp_consent_state",
        groups=CLINIC_STAFF,
        help="Whether messages about appointments may be sent to this patient now.",
    )
    whatsapp_objection = fields.Selection(
        REASON_SELECTION,
        "Why Can't I Write?",
        compute="_compute_whatsapp_objection",
        groups=CLINIC_STAFF,
    )
    whatsapp_next_step = fields.Char(
        "What to Do", compute="_compute_whatsapp_objection", groups=CLINIC_STAFF
    )
    whatsapp_remedy = fields.Char(
        "Fix",
        compute="_compute_whatsapp_objection",
        groups=CLINIC_STAFF,
        help="What the button does that ends the objection.",
    )
    clinic_has_left_number = fields.Boolean(
        "Number Reported as Not the Patient's",
        compute="_compute_clinic_has_left_number",
        groups=CLINIC_STAFF,
    )
    clinic_present_consent_ids = fields.Many2many(
        "whatsapp.clinic.consent",
        string="Present Consents",
        compute="_compute_clinic_present_consent_ids",
        groups=CLINIC_STAFF,
    )
    clinic_undecided_purpose_ids = fields.Many2many(
        "whatsapp.clinic.consent.purpose",
        string="Not Decided Yet",
        compute="_compute_clinic_present_consent_ids",
        groups=CLINIC_STAFF,
    )
    clinic_consent_expires_soon = fields.Boolean(
        "Consent Expires Soon",
        compute="_compute_clinic_present_consent_ids",
        search="_search_clinic_consent_expires_soon",
        groups=CLINIC_STAFF,
    )
    clinic_is_minor = fields.Boolean(
        "Minor", compute="_compute_clinic_is_minor", groups=CLINIC_STAFF
    )
    clinic_lacks_guardian = fields.Boolean(
        "Minor without Guardian",
        compute="_compute_clinic_is_minor",
        groups=CLINIC_STAFF,
    )

    @api.depends(
        "phone",
        "active",
        "clinic_branch_id",
        "clinic_deceased_on",
        "clinic_barred",
        "consent_ids",
        "guardianship_ids.end_date",
        "whatsapp_identity_ids.blocked_at",
    )
    @api.depends_context("uid")
    def _compute_whatsapp_consent_state(self):
        gate = self.env["whatsapp.clinic.gate"]
        seen = self._origin._of_own_branches()
        reasons = gate._standing_reasons(seen)
        for partner in self:
            if partner._origin - seen:
                partner.whatsapp_consent_state = False
                continue
            unsaved = None if partner._origin else partner._objection_before_saving()
            reason = reasons.get(partner._origin.id, unsaved)
            partner.whatsapp_consent_state = (
                REASONS[reason].badge if reason else "ready"
            )

    def _objection_before_saving(self) -> str:
        return "no_consent" if self._whatsapp_phone() else "no_number"

    @api.model
    def _search_whatsapp_consent_state(self, operator, value):
        """Only what consent alone decides can be looked for."""
        require_field(self, "whatsapp_consent_state")
        if operator not in ("in", "not in"):
            return NotImplemented
        if not set(value) <= _SEARCHABLE:
            raise UserError(
                self.env._(
                    "Only patients without consent, or whose consent ended, can be "
                    "looked for."
                )
            )
        if operator == "not in":
            return NotImplemented
        purpose = self.env.ref("whatsapp_clinic.purpose_appointment")
        coverage = self.env["whatsapp.clinic.consent.coverage"].sudo()
        found = coverage._search(
            [
                ("purpose_id", "=", purpose.id),
                ("state", "in", list(value)),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        decided = Domain("id", "in", found.subselect("partner_id"))
        return decided & self._of_own_branches_domain()

    @api.depends("whatsapp_consent_state", "clinic_branch_id.channel_id")
    @api.depends_context("lang", "uid")
    def _compute_whatsapp_objection(self):
        gate = self.env["whatsapp.clinic.gate"]
        seen = self._origin._of_own_branches()
        for partner in self:
            patient = partner._origin & seen
            objection = gate._why_not(patient) if patient else None
            partner.whatsapp_objection = objection and objection.reason
            partner.whatsapp_next_step = objection and objection.next_step
            partner.whatsapp_remedy = objection and objection.label

    @api.depends("phone", "whatsapp_identity_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_clinic_has_left_number(self):
        seen = self._origin._of_own_branches()
        for partner in self:
            known = (partner._origin & seen).sudo()
            partner.clinic_has_left_number = bool(known) and known._has_left(
                known._whatsapp_phone()
            )

    @api.depends("consent_ids")
    def _compute_clinic_present_consent_ids(self):
        consents = self.env["whatsapp.clinic.consent"]
        decisive = consents._decisive(self._origin)._filtered_access("read")
        askable = self.env["whatsapp.clinic.consent.purpose"].search(
            [("answers_only", "=", False)]
        )
        soon = clock.now().date() + SOON
        for partner in self:
            own = decisive.filtered(
                lambda one, partner=partner: one.partner_id == partner._origin
            ).sorted(lambda one: (one.purpose_id.sequence, one.purpose_id.id))
            partner.clinic_present_consent_ids = own
            partner.clinic_undecided_purpose_ids = askable - own.purpose_id
            partner.clinic_consent_expires_soon = any(
                one.present_state == "given"
                and one.expires_on
                and one.expires_on <= soon
                for one in own
            )

    @api.model
    def _search_clinic_consent_expires_soon(self, operator, value):
        require_field(self, "clinic_consent_expires_soon")
        if operator != "in" or True not in value:
            return NotImplemented
        self.env["whatsapp.clinic.consent"].flush_model()
        return Domain("id", "in", expiring_patients()) & self._of_own_branches_domain()

    @api.depends("clinic_birthdate", "guardianship_ids.end_date")
    def _compute_clinic_is_minor(self):
        today = clock.now().date()
        for partner in self:
            partner.clinic_is_minor = partner._is_minor(today)
            partner.clinic_lacks_guardian = partner.clinic_is_minor and not any(
                partner.guardianship_ids.mapped("is_in_force")
            )

    def _is_minor(self, day: date) -> bool:
        """Whether the patient is not of age on a day; who has no date of birth is."""
        born = self.clinic_birthdate
        return bool(born) and day < majority(born)

    def action_mend_objection(self):
        """Do what ends the objection to writing, or open where it is ended."""
        self.ensure_one()
        self.check_access("read")
        return self.env["whatsapp.clinic.gate"]._mend(self)

    def action_confirm_number(self):
        """Take back a number that was reported as somebody else's, unchanged.

        The patient said to staff that it is theirs.
        """
        self.ensure_one()
        self.check_access("write")
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        self._check_looked_after()
        if self.clinic_has_left_number:
            self.sudo()._confirm_number()
        return {"type": "ir.actions.act_window_close"}

    def _confirm_number(self):
        self._claim_number()
        self._note_for_staff(
            self.env._(
                "The number was confirmed with the patient: messages go there again."
            )
        )

    def action_print_consent_form(self):
        """The form to be signed on paper, in the patient's language.

        Raises UserError while no privacy notice is in force: nobody can be asked to
        sign for what they were not told.
        """
        self.ensure_one()
        if not self._consent_form()["text"]:
            raise UserError(
                self.env._("Publish a privacy notice first; the form shows it.")
            )
        return print_action(self, "whatsapp_clinic.consent_form_report")

    def _asking_branch(self):
        """The branch that asks for consent: the home branch, or that of the user.

        Who has an appointment at a branch may be asked there, by staff who do not see
        the home branch.
        """
        home = self.clinic_branch_id
        return home if home.has_access("read") else home._usual()

    def _consent_form_lang(self) -> str:
        return self.lang or self.env.lang or "en_US"

    def _consent_form(self) -> dict:
        """What the paper form shows, in the language of the context.

        `text` is that of the notice in force, or none; `guardians` are guardianships
        in force.
        """
        self.ensure_one()
        branch = self._asking_branch()
        company = branch.company_id or self.env.company
        notice = self.env["whatsapp.clinic.privacy.notice"]._current(company)
        return {
            "clinic": branch.name or company.name,
            "text": notice and notice._text(self.env.lang),
            "purposes": self.env["whatsapp.clinic.consent.purpose"].search(
                [("ask_by_default", "=", True), ("answers_only", "=", False)]
            ),
            "guardians": self.guardianship_ids._of_tree(company).filtered(
                "is_in_force"
            ),
        }
