from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.consent.consent_state import decided_by
from ..models.gate.objection import Objections
from ..models.message.message import BY_HAND, LINK
from ..models.vocabulary.priorities import PRIORITY_ANSWER
from ..models.vocabulary.states import FAILED_STATES
from ..tools import clock
from ..tools.access import require_group
from ..tools.phone import spellings

_WAYS = ("email_objection", "sms_objection", "whatsapp_objection", "chat_objection")


class ConsentAsk(models.TransientModel):
    """Asks a patient, or who decides for them, on a personal page or in the chat.

    Says for each way why it is closed, and what to do.
    """

    _name = "whatsapp.clinic.consent.ask"
    _description = "Ask for Consent"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    partner_id = fields.Many2one(
        "res.partner",
        "Patient",
        required=True,
        ondelete="cascade",
        default=lambda self: self._default_partner(),
    )
    guardian_id = fields.Many2one(
        "res.partner",
        compute="_compute_guardian_id",
        store=True,
        readonly=False,
        help="Who is asked, for a patient who does not decide alone.",
    )
    possible_guardian_ids = fields.Many2many(
        "res.partner", compute="_compute_possible_guardian_ids"
    )
    appointment_id = fields.Many2one("whatsapp.clinic.appointment")
    request_id = fields.Many2one("whatsapp.clinic.consent.request")
    purpose_ids = fields.Many2many(
        "whatsapp.clinic.consent.purpose",
        "whatsapp_clinic_consent_ask_purpose",
        string="Asked for",
        default=lambda self: self.env[
            "whatsapp.clinic.consent.request"
        ]._default_purposes(),
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        "Language",
        compute="_compute_lang",
        store=True,
        readonly=False,
    )
    problem = fields.Char(compute="_compute_problem")
    email_objection = fields.Char(compute="_compute_ways")
    sms_objection = fields.Char(compute="_compute_ways")
    whatsapp_objection = fields.Char(compute="_compute_ways")
    chat_objection = fields.Char(compute="_compute_ways")

    @api.model
    def _default_partner(self):
        if self.env.context.get("active_model") == "res.partner":
            return self.env.context.get("active_id")
        return None

    @api.depends("partner_id")
    @api.depends_context("uid")
    def _compute_possible_guardian_ids(self):
        today = clock.now().date()
        for wizard in self:
            known = wizard.partner_id._origin._told_guardianships()
            guardianships = known._of_tree(wizard._company)
            wizard.possible_guardian_ids = guardianships.filtered(
                lambda one: one._covers(today)
            ).guardian_id

    @api.depends("partner_id")
    def _compute_guardian_id(self):
        for wizard in self:
            wizard.guardian_id = wizard.possible_guardian_ids[:1]

    @api.depends("partner_id", "guardian_id")
    def _compute_lang(self):
        for wizard in self:
            wizard.lang = wizard._asked.lang or self.env.lang

    @api.depends("partner_id", "guardian_id", "purpose_ids")
    @api.depends_context("lang", "uid")
    def _compute_problem(self):
        for wizard in self:
            wizard.problem = (
                wizard._find_problem()
                if wizard._is_told
                else self.env._(
                    "Another branch looks after the patient. Book a visit at yours, "
                    "or ask there."
                )
            )

    @api.depends("partner_id", "guardian_id", "purpose_ids")
    @api.depends_context("lang", "uid")
    def _compute_ways(self):
        """Nothing of patients of others, where `problem` closes every way."""
        told = self.filtered(lambda one: one._is_told)
        for name in _WAYS:
            (self - told)[name] = False
        for wizard in told:
            wizard.email_objection = wizard._object_to_email()
            wizard.sms_objection = wizard._object_to_sms()
            wizard.whatsapp_objection = wizard._object_to_whatsapp()
            wizard.chat_objection = wizard._object_to_chat()

    def action_show(self):
        """Show the link, as a QR code and to copy."""
        request = self._request()
        request._note_sent("screen")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Personal Link"),
            "res_model": "whatsapp.clinic.consent.link",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_url": request.sudo()._url(),
                "default_partner_name": self._asked.name,
            },
        }

    def action_email(self):
        """Send the link by e-mail, which says nothing about why."""
        request = self._request(self.email_objection)
        template = self.env.ref("whatsapp_clinic.consent_request_mail").sudo()
        # On no record: who may read a request must not read its link in the mail.
        template.with_context(personal_link=request.sudo()._url()).send_mail(
            request.id, email_values={"model": False, "res_id": False}
        )
        return self._sent(request, "email")

    def action_sms(self):
        """Send the link by Odoo's SMS."""
        request = self._request(self.sms_objection)
        self.env["sms.sms"].sudo().create(
            {
                "partner_id": self._asked.id,
                "number": self._asked._whatsapp_phone(),
                "body": self._text(request.sudo()._url()),
            }
        )
        return self._sent(request, "sms")

    def action_whatsapp(self):
        """Send the link by WhatsApp, where there is a basis for that."""
        request = self._request(self.whatsapp_objection)
        purpose, template = self._basis(self._link_templates())
        message = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self._branch.channel_id.id,
                    "branch_id": self._branch.id,
                    "partner_id": self.partner_id.id,
                    "purpose_id": purpose.id,
                    "consent_request_id": request.id,
                    "priority": PRIORITY_ANSWER,
                    "template_id": template.id,
                    "body": False if template else self._text(LINK),
                    "by_hand": True,
                }
            ]
        )
        if message.state in FAILED_STATES:
            raise UserError(self._sentence(message.reason))
        return self._sent(request, "whatsapp")

    def action_chat(self):
        """Ask in the chat, where the answer itself is the consent and its proof."""
        self._check(self.chat_objection)
        basis, template = self._basis(self._question_templates())
        questions = self.env["whatsapp.clinic.consent.question"]
        question = questions.with_context(**{BY_HAND: True})._ask_consent(
            self.partner_id, self.purpose_ids, self._channel, template, basis
        )
        if question.state in FAILED_STATES:
            raise UserError(self._sentence(question.reason))
        return self._told(
            self.env._("The question is on its way to %s.", self._asked.name)
        )

    @property
    def _asked(self):
        """The person who is asked: the guardian, else the patient."""
        return self.guardian_id or self.partner_id

    @property
    def _branch(self):
        return self.appointment_id.branch_id or self.partner_id._asking_branch()

    def _request(self, objection: str | None = None):
        """The request that a link is sent for, made when the first one is.

        One that asks somebody else, or about somebody else, is not used.
        """
        self._check(objection)
        known = self.request_id
        if (known.partner_id, known.guardian_id) != (self.partner_id, self.guardian_id):
            self.request_id = self.env["whatsapp.clinic.consent.request"]._open_for(
                {
                    "partner_id": self.partner_id.id,
                    "guardian_id": self.guardian_id.id,
                    "company_id": self._company.id,
                    "branch_id": self._branch.id,
                    "appointment_id": self.appointment_id.id,
                    "purpose_ids": [fields.Command.set(self.purpose_ids.ids)],
                    "lang": self.lang,
                }
            )
        return self.request_id

    def _check(self, objection: str | None):
        """Raise UserError for what the screen says in grey."""
        self.ensure_one()
        require_group(self.env, "group_receptionist", "group_privacy_officer")
        if self.problem or objection:
            raise UserError(self.problem or objection)

    @property
    def _company(self):
        return self._branch.company_id or self.env.company

    def _sent(self, request, way: str) -> dict:
        request._note_sent(way)
        return self._told(self.env._("The link is on its way to %s.", self._asked.name))

    def _told(self, sentence: str) -> dict:
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": sentence,
                "type": "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _text(self, link: str) -> str:
        """What is written around the link: nothing about health."""
        return self.with_context(lang=self.lang).env._(
            "%(clinic)s asks what it may write to you about: %(link)s",
            clinic=self._branch.name or self._company.name,
            link=link,
        )

    def _find_problem(self) -> str | None:
        """Why nothing can be asked, in one sentence with the next step."""
        patient = self.partner_id
        if not patient:
            return None
        if patient.clinic_deceased_on:
            return self._sentence("patient_deceased")
        if patient.clinic_barred:
            return self._sentence("patient_barred")
        if not patient.active:
            return self._sentence("patient_archived")
        if not self.env["whatsapp.clinic.privacy.notice"]._current(self._company):
            return self.env._(
                "No privacy notice is in force. Ask the privacy officer to publish one."
            )
        if self.guardian_id and self.guardian_id not in self.possible_guardian_ids:
            return self.env._("%s does not decide for the patient.", self._asked.name)
        if patient.clinic_is_minor and not self.guardian_id:
            return self.env._("The patient is a minor: choose a guardian.")
        if not self.purpose_ids:
            return self.env._("Choose what to ask for.")
        if self.guardian_id and not self._guardian_decides():
            return self.env._(
                "%s may not decide about any of these purposes.", self.guardian_id.name
            )
        return None

    def _guardian_decides(self) -> bool:
        """Whether about one of the purposes at least; the page asks for those."""
        who = (self.guardian_id._origin, self.partner_id._origin)
        asked = self.purpose_ids._origin
        return bool(decided_by(*who, asked, self._company, clock.now()))

    @property
    def _is_told(self) -> bool:
        """Whether the user sees what is kept about the patient, if one is chosen."""
        patient = self.partner_id._origin
        return not patient or patient._is_of_own_branch()

    def _object_to_email(self) -> str | None:
        if not self._asked.email_normalized:
            return self.env._("There is no e-mail address.")
        return None

    def _object_to_sms(self) -> str | None:
        phone = self.partner_id and self._asked._whatsapp_phone()
        if not phone:
            return self._sentence("no_number")
        blacklist = self.env["phone.blacklist"].sudo()
        if blacklist.search([("number", "in", spellings(phone))], limit=1):
            return self._sentence("phone_blacklisted")
        return None

    def _object_to_whatsapp(self) -> str | None:
        return self._object_to_writing(
            self._link_templates(),
            self.env._(
                "More than 24 hours since the patient wrote, and no template with a "
                "personal link for what the patient has agreed to."
            ),
        )

    def _object_to_chat(self) -> str | None:
        if len(self.purpose_ids) != 1:
            return self.env._("Choose one purpose: in the chat each is asked alone.")
        return self._object_to_writing(
            self._question_templates(),
            self.env._(
                "More than 24 hours since the patient wrote, and no template that asks "
                "about this may be sent."
            ),
        )

    def _object_to_writing(self, templates, without_template: str) -> str | None:
        if not self.partner_id or self._basis(templates):
            return None
        gate = Objections(self.env)
        receiver = gate.sketch(self.partner_id)._addressee
        if receiver != self._asked:
            return self.env._(
                "WhatsApp messages about this patient go to %s.", receiver.name
            )
        objection = gate.why_not(self.partner_id, self._conversation, self._channel)
        sentence = objection.sentence
        if objection.reason == "window_closed":
            sentence = without_template
        return self.env._("%s Choose another way.", sentence)

    @property
    def _conversation(self):
        return self.env.ref("whatsapp_clinic.purpose_conversation")

    @property
    def _channel(self):
        return self._branch.channel_id

    def _link_templates(self):
        templates = self.env["whatsapp.clinic.template"].sudo()
        return templates._with_personal_link(self._channel)

    def _question_templates(self):
        templates = self.env["whatsapp.clinic.template"].sudo()
        return templates._asking_about(self.purpose_ids._origin, self._channel)

    def _basis(self, templates) -> tuple:
        """Purpose and template with which the patient may be written to; () if none.

        An answer within 24 hours needs no template.
        """
        gate = Objections(self.env)
        if gate.sketch(self.partner_id)._addressee != self._asked:
            return ()
        if not gate.why_not(self.partner_id, self._conversation, self._channel):
            return self._conversation, templates.browse()
        for template in templates:
            for purpose in self.env["whatsapp.clinic.consent.purpose"].search(
                [("answers_only", "=", False)]
            ):
                if purpose._allows_category(
                    template.expected_category
                ) and not gate.why_not(self.partner_id, purpose, self._channel):
                    return purpose, template
        return ()

    def _sentence(self, reason: str) -> str:
        told = Objections(self.env).tell(reason)
        return " ".join(filter(None, (told.sentence, told.next_step)))
