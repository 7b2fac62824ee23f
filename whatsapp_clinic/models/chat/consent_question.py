from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from ...tools import clock
from ..vocabulary.actions import DECISIONS

_lt = LazyTranslate(__name__)

_FORMER_GUARDIAN = _lt("A former guardian answered: ask for consent again.")
_MINOR = _lt("A minor agreed alone: ask a guardian for consent.")
# A word answers the last question for so long.
ANSWERABLE = timedelta(hours=24)


class ConsentQuestion(models.AbstractModel):
    """Asks for consent in the chat; the patient's answer is the proof.

    A question is an outbox row with the purpose that it asks about, one at a time.
    """

    _name = "whatsapp.clinic.consent.question"
    _description = "Consent Question in the Chat"

    @api.model
    def _ask_consent(
        self, partner, purpose, channel, template=None, basis=None, answers=None
    ):
        """Ask a patient to agree to a purpose; returns the outbox row.

        Without `template` it is a text with two buttons, which leaves within 24 hours
        of what the patient wrote (`answers`, a message of theirs, if it is one). A
        template asks about this purpose by buttons that agree and decline, and needs
        `basis`, a purpose for which the patient may be written to. Raises UserError
        where no answer could count.
        """
        notice = self.env["whatsapp.clinic.privacy.notice"]._current(channel.company_id)
        if not notice:
            raise UserError(
                self.env._("Publish a privacy notice first: patients agree to it.")
            )
        if purpose.answers_only:
            raise UserError(
                self.env._("Answering needs no consent: “%s”.", purpose.display_name)
            )
        if template:
            words = self._template_values(template, purpose, basis)
        else:
            words = self._text_values(partner, purpose, channel, notice, answers)
        (row,) = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": channel.id,
                    "partner_id": partner.id,
                    "branch_id": self._branch(partner, channel).id,
                    "identity_id": answers.identity_id.id if answers else False,
                    "reply_to_id": answers.id if answers else False,
                    "asked_purpose_id": purpose.id,
                    "notice_id": notice.id,
                    **words,
                }
            ]
        )
        if not self._may_agree(row, clock.now()):
            raise UserError(self._why_nobody_may_agree(row))
        return row

    @api.model
    def _why_nobody_may_agree(self, question) -> str:
        if not question.guardian_id:
            return self.env._("The patient is a minor: choose a guardian.")
        return self.env._(
            "%(guardian)s may not decide about “%(purpose)s” for %(patient)s.",
            guardian=question.guardian_id.name,
            purpose=question.asked_purpose_id.display_name,
            patient=question.partner_id.name,
        )

    @api.model
    def _mark(self, message):
        """Make a question of a message whose template asks, whoever sends it.

        Done when it leaves: the patient is asked in this language's words, and shown
        the notice of this moment.
        """
        notices = self.env["whatsapp.clinic.privacy.notice"]
        message.write(
            {
                "asked_purpose_id": message.template_id.asked_purpose_id.id,
                "notice_id": notices._current(message.company_id).id,
            }
        )

    @api.model
    def _template_values(self, template, purpose, basis) -> dict:
        actions = set(template.button_ids.mapped("action"))
        if not actions.issuperset(DECISIONS):
            raise UserError(
                self.env._(
                    "The template “%s” needs one button that agrees and one that "
                    "declines.",
                    template.display_name,
                )
            )
        if template.asked_purpose_id != purpose:
            raise UserError(
                self.env._(
                    "The template “%(template)s” does not ask about “%(purpose)s”.",
                    template=template.display_name,
                    purpose=purpose.display_name,
                )
            )
        if not basis:
            raise UserError(
                self.env._("Choose the purpose for which the patient may be asked.")
            )
        return {"template_id": template.id, "purpose_id": basis.id}

    @api.model
    def _text_values(self, partner, purpose, channel, notice, answers) -> dict:
        texts = self.env["whatsapp.clinic.answer.text"]
        basis = self.env.ref("whatsapp_clinic.purpose_conversation")
        lang = partner.lang or channel.company_id.partner_id.lang
        localized = purpose.with_context(lang=self._staff_lang(lang))
        branch = self._branch(partner, channel)
        body = texts._text(
            "question",
            lang,
            about=self._name_asked_about(partner, channel, basis, answers),
            clinic=branch.name or channel.company_id.name,
            purpose=localized.name,
            description=localized.description or "",
            notice=notice._url(),
        )
        return {
            "body": body,
            "buttons": [
                [action, texts._text(f"button_{action}", lang)] for action in DECISIONS
            ],
            "purpose_id": basis.id,
        }

    @api.model
    def _name_asked_about(self, partner, channel, basis, answers) -> str:
        """How a question to be sent names its patient, to who may be asked about more.

        `basis` is the purpose for which it is sent, `answers` the message that it
        answers, if any.
        """
        question = self.env["whatsapp.clinic.message"].new(
            {
                "partner_id": partner.id,
                "company_id": channel.company_id.id,
                "purpose_id": basis.id,
                "reply_to_id": answers.id if answers else False,
            }
        )
        question._choose_guardians()
        asked = question._addressee.sudo()
        known = asked.whatsapp_identity_ids._at(asked._whatsapp_phone())
        identity = answers.identity_id if answers else known
        return self._name_between(partner, question.guardian_id, identity)

    @api.model
    def _name_between(self, patient, guardian, identity) -> str:
        """What a patient is called among those whom a message may mean; "" where
        nobody else can be meant.

        The first name, and more only where they share it: others may read it.
        """
        wards = guardian.sudo().ward_ids.patient_id
        others = (identity.sudo().partner_ids | wards) - patient - guardian
        if not guardian and not others:
            return ""
        words = (patient.sudo().name or "").split()
        theirs = [(one.name or "").split() for one in others]
        for size in range(1, len(words)):
            if all(words[:size] != one[:size] for one in theirs):
                return " ".join(words[:size])
        return " ".join(words)

    @api.model
    def _staff_lang(self, lang: str | None) -> str:
        """A language in which purposes are named: only installed ones are."""
        installed = dict(self.env["res.lang"].get_installed())
        return lang if lang in installed else "en_US"

    @api.model
    def _branch(self, partner, channel):
        branch = partner.sudo().clinic_branch_id
        return branch if branch.channel_id == channel else branch.browse()

    @api.model
    def _may_agree(self, question, at) -> bool:
        """Whether who was asked may agree for the patient at a time (naive UTC).

        A minor does not agree alone.
        """
        patient = question.partner_id
        acting = self.env["whatsapp.clinic.consent"]._acting(patient.ids, at)
        return acting.may_agree(
            question.company_id,
            question.guardian_id.id,
            patient.id,
            question.asked_purpose_id.id,
        )

    @api.model
    def _answered(self, message):
        """What “yes” or “no” answers: what it quotes, else the last thing said.

        The last thing said to them counts for a day, by whichever of the clinic's
        numbers and whoever said it, until the patient wrote anything else or tapped
        what it offers.
        """
        quoted = message.reply_to_id
        if quoted:
            is_theirs = quoted.identity_id == message.identity_id
            is_ours = quoted.direction == "out"
            return quoted if is_ours and is_theirs else quoted.browse()
        if message.context_message_id:
            # It answers something that was not said here.
            return quoted
        last = message._said_last(ANSWERABLE)
        is_elsewhere = last.channel_id != message.channel_id
        if is_elsewhere or last.tapped or self._wrote_since(last, message):
            return last.browse()
        return last

    @api.model
    def _wrote_since(self, said, message) -> bool:
        """Whether the patient wrote anything between what was said and a message."""
        between = [
            ("identity_id", "=", message.identity_id.id),
            ("channel_id", "=", message.channel_id.id),
            ("direction", "=", "in"),
            ("kind", "!=", "call"),
            ("id", "!=", message.id),
            ("occurred_at", ">", said._said_at),
            ("occurred_at", "<=", message.occurred_at),
        ]
        return bool(message.search_count(between, limit=1))

    @api.model
    def _take_answer(self, question, message, action: str):
        """Write down the decision of who was asked; thanks for the first one.

        The patient is the question's, whoever else shares the number. Later answers
        count too: the latest by WhatsApp's time is the patient's will.
        """
        at = message._act_at()
        if question._addressee not in message.identity_id.partner_ids:
            message._await_answer()
            return
        message.write(
            {
                "taken_as": action,
                "reply_to_id": question.id,
                "partner_id": question.partner_id.id,
            }
        )
        declines_alone = action == "decline" and not question.guardian_id
        if not declines_alone and not self._may_agree(question, at):
            self._call_reception(question)
            return
        is_first = not question.tapped
        question.tapped = action
        purpose = question.asked_purpose_id
        chat = self.env["whatsapp.clinic.chat.answers"]
        consent = chat._consents()._record(
            [(purpose, DECISIONS[action])],
            partner_id=question.partner_id.id,
            guardian_id=question.guardian_id.id,
            company_id=question.company_id.id,
            branch_id=question.branch_id.id,
            act_at=at,
            method="chat",
            notice_id=question.notice_id.id,
            message_id=message.id,
            evidence=f"{question.body}\n→ {message.body}",
        )
        chat._settle(message)
        consent._on_entered()
        identity = message.identity_id
        if action == "agree" and purpose.is_commercial and identity._only_patient():
            identity._start(
                "agreement",
                "advertising",
                at=at,
                company=question.company_id,
                message_id=message.id,
            )
        if is_first and not identity.blocked_at:
            code = "agreed" if action == "agree" else "declined"
            patient, guardian = question.partner_id, question.guardian_id
            name = self._name_between(patient, guardian, identity)
            chat._answer(message, code, about=name)

    @api.model
    def _call_reception(self, question):
        # Not the contact: its activities tell every employee who is a patient.
        self.env["mail.activity"]._call_reception(
            question.identity_id,
            "agreed_in_vain",
            _FORMER_GUARDIAN if question.guardian_id else _MINOR,
            self.env["whatsapp.clinic.chat.answers"]._staff_about(question),
            about=question.partner_id,
        )
