from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.access import require_field
from ...tools.printing import print_action
from ..consent.latest_acts import expiring_patients
from ..vocabulary.reasons import REASON_SELECTION
from .consent_form import asking_branch, consent_form
from .consent_glance import CONSENT_STATES, PresentConsents, badge, patients_of
from .first_consent import take, ways_to_ask
from .res_partner import CLINIC_STAFF

DESK = "whatsapp_clinic.group_receptionist,whatsapp_clinic.group_privacy_officer"


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
    clinic_first_consent = fields.Selection(
        selection="_select_first_consent",
        string="Appointment Messages?",
        compute="_compute_first_consent",
        inverse="_inverse_first_consent",
        groups=DESK,
        help="How the patient agrees to messages about appointments.",
    )
    clinic_first_words = fields.Char(
        "What Was Said",
        compute="_compute_first_consent",
        inverse="_inverse_first_consent",
        groups=DESK,
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
        seen = self._origin._of_own_branches()
        reasons = seen._standing_reasons()
        for partner in self:
            is_hidden = partner._origin - seen
            partner.whatsapp_consent_state = (
                False if is_hidden else badge(partner, reasons)
            )

    @api.model
    def _search_whatsapp_consent_state(self, operator, value):
        """Only what consent alone decides can be looked for."""
        require_field(self, "whatsapp_consent_state")
        if operator not in ("in", "not in"):
            return NotImplemented
        decided = patients_of(self.env, value)
        if operator == "not in":
            return NotImplemented
        return decided & self._of_own_branches_domain()

    @api.depends("whatsapp_consent_state", "clinic_branch_id.channel_id")
    @api.depends_context("lang", "uid")
    def _compute_whatsapp_objection(self):
        seen = self._origin._of_own_branches()
        for partner in self:
            patient = partner._origin & seen
            objection = patient._why_not() if patient else None
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
        present = PresentConsents(self)
        for partner in self:
            partner.clinic_present_consent_ids = present.of(partner)
            partner.clinic_undecided_purpose_ids = present.undecided(partner)
            partner.clinic_consent_expires_soon = present.expire_soon(partner)

    @api.model
    def _search_clinic_consent_expires_soon(self, operator, value):
        require_field(self, "clinic_consent_expires_soon")
        if operator != "in" or True not in value:
            return NotImplemented
        self.env["whatsapp.clinic.consent"].flush_model()
        return Domain("id", "in", expiring_patients()) & self._of_own_branches_domain()

    @api.model
    def _select_first_consent(self):
        return ways_to_ask(self.env)

    def _compute_first_consent(self):
        self.clinic_first_consent = self.clinic_first_words = False

    def _inverse_first_consent(self):
        for patient in self:
            words = (patient.clinic_first_words or "").strip()
            take(patient, patient.clinic_first_consent, words)

    def action_fix_objection(self):
        """Do what ends the objection to writing, or open where it is ended."""
        self.ensure_one()
        self.check_access("read")
        return self._fix()

    def _standing_reasons(self) -> dict[int, str]:
        """What stands against writing to these, by id; told by the room of the gate."""
        return {}

    def _why_not(self):
        """Why this patient could not be written to now, if anything stands against
        it: a `reason`, the `next_step` and a button's `label`."""
        return None

    def _fix(self):
        """Do what ends the objection; an action for the client, or True."""
        return True

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
        """The branch that asks for consent: the home branch, or that of the user."""
        return asking_branch(self)

    def _consent_form_lang(self) -> str:
        return self.lang or self.env.lang or "en_US"

    def _consent_form(self) -> dict:
        """What the paper form shows, in the language of the context."""
        self.ensure_one()
        return consent_form(self)
