from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

DESK = "whatsapp_clinic.group_receptionist,whatsapp_clinic.group_privacy_officer"
SAID = [("said", _lt("Agrees: said to staff"))]
REFUSED = [("refused", _lt("Does not agree: said to staff"))]
LINKS = [("sms", _lt("Ask by a link: SMS")), ("email", _lt("Ask by a link: e-mail"))]


class ResPartner(models.Model):
    """What somebody new says about appointment messages, noted while they are entered.

    Nothing of it is kept on the contact: it is recorded, or asked, by the dialogs for
    consent, with all that they check.
    """

    _inherit = "res.partner"

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

    @api.model
    def _select_first_consent(self):
        """By word of mouth only where the purpose may be agreed to so."""
        may_be_said = self._appointment_purpose().sudo().verbal_allowed
        ways = SAID + REFUSED + LINKS if may_be_said else REFUSED + LINKS
        return [(value, self.env._(label)) for value, label in ways]

    def _compute_first_consent(self):
        self.clinic_first_consent = self.clinic_first_words = False

    def _inverse_first_consent(self):
        for patient in self:
            way = patient.clinic_first_consent
            words = (patient.clinic_first_words or "").strip()
            if way == "said" and not words:
                raise UserError(self.env._("Write what the patient said."))
            if way in ("said", "refused"):
                patient._record_what_was_said(way, words)
            elif way:
                patient._ask_by_link(way)

    def _record_what_was_said(self, way: str, words: str):
        """A decision about appointment messages; a guardian's where one decides."""
        wizard = self.env["whatsapp.clinic.consent.record"].create(
            {"partner_id": self.id, "method": "verbal", "wording": words}
        )
        guardians = wizard.possible_guardian_ids
        wizard.guardian_id = guardians if len(guardians) == 1 else False
        purpose = self._appointment_purpose()
        asked = wizard.line_ids.filtered(lambda one: one.purpose_id == purpose)
        asked.answer = "given" if way == "said" else "refused"
        wizard.action_record()

    def _ask_by_link(self, way: str):
        """Send the personal link on which the patient decides; `way`: one of LINKS."""
        asking = self.env["whatsapp.clinic.consent.ask"].create({"partner_id": self.id})
        send = {"sms": asking.action_sms, "email": asking.action_email}
        send[way]()

    @api.model
    def _appointment_purpose(self):
        return self.env.ref("whatsapp_clinic.purpose_appointment")
