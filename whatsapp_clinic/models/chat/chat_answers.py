from babel.dates import format_date, format_time

from odoo import api, models
from odoo.tools import LazyTranslate
from odoo.tools.misc import babel_locale_parse

from ...tools import clock
from ..consent.consent_state import GIVEN
from ..gate.gate_limits import AUTOMATIC_PERIOD
from ..vocabulary.actions import ANSWERS, DECISIONS, STOPS, SWEEPING, WORDS

_lt = LazyTranslate(__name__)

# Messages that can be nothing but a word; a caption is about its picture.
WORD_KINDS = ("text", "button", "interactive")
# Characters of a button's title (Cloud API: 25), and of what people write around it.
LONGEST_TITLE = 40
# What reception is asked where a person has to understand a patient, by the cause.
_CALLS = {
    "wants_to_cancel": _lt("The patient wants to cancel something: please call."),
    "still_stopped": _lt(
        "The patient wants messages again, but the stop still stands: please ask."
    ),
    "cannot_come": _lt("The patient writes that they cannot come: please call."),
    "may_refuse": _lt("The patient may want no more messages: please ask."),
}


class ChatAnswers(models.AbstractModel):
    """Does what patients say with a word or a tap, and answers by itself.

    Acts count by WhatsApp's time, however late their webhooks come: what a late act
    would have changed is settled together with the acts that followed it.
    """

    _name = "whatsapp.clinic.chat.answers"
    _description = "WhatsApp Chat Answers"

    @api.model
    def _obey_word(self, message) -> bool:
        """Obey a message of a patient that is nothing but a known word.

        False if there was nothing to obey, and a person has to read it.
        """
        if message._told_kind not in WORD_KINDS:
            return False
        words, text = self.env["whatsapp.clinic.stop.word"], message.body or ""
        lang = message.partner_id.lang
        word = words._match(text, lang)
        # No title narrows what a stop says, or what has to be asked.
        comes_first = word.effect in (*STOPS, "cancel")
        if not comes_first and self._take_as_tap(message):
            return True
        if word.effect in ANSWERS:
            return self._take_as_answer(message, word)
        if word.effect in dict(WORDS):
            self._obey(message, word.effect, word.lang_id.code)
            return True
        if words._sounds_like_refusal(text, lang):
            self._call_reception(message, "may_refuse")
        return False

    @api.model
    def _take_as_tap(self, message) -> bool:
        """Take the title of a button, written out, as a tap on what was said last."""
        text = message.body or ""
        if not 0 < len(text) <= LONGEST_TITLE:
            return False
        said = self.env["whatsapp.clinic.consent.question"]._answered(message)
        action = said._action_titled(text)
        if action:
            message._act_on_tap(f"{action}:{said.key}")
        return bool(action)

    @api.model
    def _take_as_answer(self, message, word) -> bool:
        """Take a word (of an effect in `ANSWERS`) as answer to the last thing said.

        That is a question for consent, which “yes” and “no” answer, or a message that
        offers to confirm a visit. False if it answers neither, or a person has to ask
        what is meant.
        """
        question = self.env["whatsapp.clinic.consent.question"]
        said = question._answered(message)
        if said.asked_purpose_id and word.effect in DECISIONS:
            question._take_answer(said, message, word.effect)
            return True
        is_about_visit = bool(_visit_of(said)) and said._offers("confirm")
        if is_about_visit and word.effect in ("agree", "will_come"):
            message._act_on_tap(f"confirm:{said.key}")
            return True
        if is_about_visit:
            message.reply_to_id = said
        if word.effect == "cannot_come":
            self._call_reception(message, "cannot_come")
        elif is_about_visit:
            self._call_reception(message)
        elif word.is_heard_inside:
            self._call_reception(message, "may_refuse")
        return False

    @api.model
    def _obey(self, message, act: str, lang: str | None = None):
        """Do what a patient asked for with a message.

        `act` is `stop`, `stop_marketing`, `start`, `cancel` or `wrong_person`, `lang`
        the language in which it was said.
        """
        message.taken_as = act
        getattr(self, f"_on_{act}")(message, lang)

    @api.model
    def _on_stop(self, message, lang):
        heard, told = self._heard(message)
        is_news = heard._stop("stop_word", **told)
        heard._stop("stop_word", "advertising", **told)
        self._settle(message)
        if is_news:
            self._answer(message, "stopped", lang, row={"confirms_stop": True})

    @api.model
    def _on_stop_marketing(self, message, lang):
        heard, told = self._heard(message)
        is_news = heard._stop("stop_word", "advertising", **told)
        self._settle(message)
        if is_news:
            self._answer(message, "stopped_marketing", lang)

    @api.model
    def _on_start(self, message, lang):
        """Lift what the patient stopped; advertising stays off until agreed to."""
        heard, told = self._heard(message)
        is_news = heard._start("start_word", **told)
        # Who is not the patient cannot allow messages to the patient.
        if heard.block_source == "wrong_person":
            return
        self._settle(message)
        if is_news:
            self._answer(message, "started", lang)
        elif heard.blocked_at and heard.blocked_at < message._act_at():
            self._call_reception(message, "still_stopped")

    @api.model
    def _heard(self, message) -> tuple:
        """The identity of a message, where it counts what it says to this company, and
        when it was said to which company with what."""
        company = message.company_id
        heard = message.identity_id._heard_by(company)
        told = {"at": message._act_at(), "company": company, "message_id": message.id}
        return heard, told

    @api.model
    def _on_wrong_person(self, message, _lang):
        message.identity_id._unlink_patients("wrong_person", message.company_id)

    @api.model
    def _on_cancel(self, message, lang):
        """“Cancel” may mean the appointment or the messages: ask, withdraw nothing."""
        appointment = self._only_appointment(message)
        is_stopped = bool(message.identity_id.blocked_at)
        if not appointment or is_stopped:
            self._call_reception(message)
        if is_stopped:
            return
        if not appointment:
            self._answer(message, "will_call", lang, buttons=("stop",))
            return
        asked = self._answer(
            message,
            "what_to_cancel",
            lang,
            buttons=("cancel", "stop"),
            row=appointment._reference(),
            visit=appointment,
            **self._when(message, appointment._local_start(), lang),
        )
        if not asked:
            self._call_reception(message)

    @api.model
    def _when(self, message, start, lang: str | None = None) -> dict:
        """Date and time (aware) as the patient of a message reads them."""
        locale = babel_locale_parse(self._language(message, lang))
        return {
            "date": format_date(start, format="full", locale=locale),
            "time": format_time(start, format="short", locale=locale),
        }

    @api.model
    def _only_appointment(self, message):
        """The one coming appointment that can be meant; none if there are several."""
        coming = self._coming(message, message.identity_id._only_patient())
        return coming if len(coming) == 1 else coming.browse()

    @api.model
    def _coming(self, message, patients):
        return self.env["whatsapp.clinic.appointment"].search(
            [
                ("partner_id", "in", patients.ids),
                ("state", "=", "booked"),
                ("start", ">", clock.now()),
                ("company_id", "child_of", message.company_id.root_id.id),
            ],
            order="start",
            limit=2,
        )

    @api.model
    def _call_reception(self, message, cause: str = "wants_to_cancel"):
        """Leave reception an activity where it will look."""
        identity = message.identity_id
        patient = identity._only_patient()
        # Not the contact: its activities tell every employee who is a patient.
        visit = _visit_of(message.reply_to_id).filtered(lambda one: not one._is_over())
        record = visit or self._coming(message, patient)[:1] or identity
        self.env["mail.activity"]._call_reception(
            record, cause, _CALLS[cause], self._staff_about(message)
        )

    @api.model
    def _staff_about(self, message):
        """Who is asked about a message: reception where it came in or was sent."""
        branches = message.branch_id or message.channel_id.branch_ids
        return branches._reception() or message.channel_id.create_uid

    @api.model
    def _stop_advertising(self, identity, source: str, at, company, **proof):
        """WhatsApp reports that somebody wants no advertising.

        `at` is the time of the act (naive UTC), `proof` are values of the consents.
        """
        identity._heard_by(company)._stop(
            source,
            "advertising",
            at=at,
            company=company,
            message_id=proof.get("message_id"),
        )
        patient = identity._only_patient()
        consents = self._withdraw(patient, company, at, True, **proof)
        consents._on_entered()

    @api.model
    def _settle(self, message):
        """Write what a stop or start means for the consents of its patient.

        Only where it is plain who wrote: families and strangers are stopped by their
        number alone.
        """
        patient = message.identity_id._only_patient()
        if not patient:
            return
        consents = self.env["whatsapp.clinic.consent"].browse()
        for act in message | self._acts_after(message):
            consents |= self._apply(act, patient)
        consents._on_entered()

    @api.model
    def _acts_after(self, message):
        """What the same patient said later, though it was heard of before."""
        return message.search(
            [
                ("identity_id", "=", message.identity_id.id),
                ("direction", "=", "in"),
                ("company_id", "child_of", message.company_id.root_id.id),
                ("taken_as", "in", SWEEPING),
                ("occurred_at", ">", message.occurred_at),
            ],
            order="occurred_at, id",
        )

    @api.model
    def _apply(self, act, patient):
        """The consents that a stop or start changes, by their state at its time."""
        at, company = act._act_at(), act.company_id
        proof = {
            "message_id": act.id,
            "branch_id": act.branch_id.id,
            "evidence": f"→ {act.body}",
        }
        if act.taken_as in STOPS:
            only_commercial = act.taken_as == "stop_marketing"
            return self._withdraw(patient, company, at, only_commercial, **proof)
        if act.taken_as == "start":
            return self._restore(act, patient, proof)
        return self.env["whatsapp.clinic.consent"].browse()

    @api.model
    def _withdraw(self, patient, company, at, only_commercial: bool, **proof):
        """Withdraw what is in force at a time; purposes that only answer stay."""
        consents = self._consents()
        if not patient:
            return consents.browse()
        domain = [("answers_only", "=", False)]
        if only_commercial:
            domain.append(("is_commercial", "=", True))
        purposes = self.env["whatsapp.clinic.consent.purpose"].search(domain)
        states = consents._states(patient, purposes, company, at)
        in_force = purposes.filtered(
            lambda one: states.get((patient.id, one.id), _undecided(one)) == GIVEN
        )
        return consents._record(
            [(purpose, "withdrawn") for purpose in in_force],
            partner_id=patient.id,
            company_id=company.id,
            act_at=at,
            method="chat",
            **proof,
        )

    @api.model
    def _restore(self, act, patient, proof: dict):
        """Give again what this number's stop had withdrawn, but no advertising.

        As it had been given: under the same notice, by the same guardian, where that
        one still decides.
        """
        consents, at = self._consents(), act._act_at()
        history = consents.search(
            [
                ("partner_id", "=", patient.id),
                ("company_id", "child_of", act.company_id.root_id.id),
                ("act_at", "<=", at),
            ]
        ).sorted(lambda one: (one.act_at, one.decision == "withdrawn", one.id))
        restored = consents.browse()
        for purpose in history.purpose_id.filtered(lambda one: not one.is_commercial):
            acts = history.filtered(
                lambda one, purpose=purpose: one.purpose_id == purpose
            )
            given = acts.filtered(lambda one: one.decision == "given")[-1:]
            if not self._was_stopped(acts[-1], act) or not given._still_decided(at):
                continue
            restored |= consents._record(
                [(purpose, "given")],
                partner_id=patient.id,
                company_id=acts[-1].company_id.id,
                act_at=at,
                method="chat",
                notice_id=given.notice_id.id,
                guardian_id=given.guardian_id.id,
                **proof,
            )
        return restored

    @api.model
    def _was_stopped(self, latest, start) -> bool:
        """Whether the latest consent is a stop of the number that now starts again."""
        stop = latest.message_id
        return (
            latest.decision == "withdrawn"
            and stop.taken_as == "stop"
            and stop.identity_id == start.identity_id
            and latest.act_at < start._act_at()
        )

    @api.model
    def _consents(self):
        # What they mean for waiting messages is known when all acts are written.
        return self.env["whatsapp.clinic.consent"].with_context(more_acts_follow=True)

    @api.model
    def _language(self, message, lang: str | None) -> str:
        """The one of the word that was written, else the patient's."""
        company = message.company_id.partner_id
        return lang or message.partner_id.lang or company.lang or "en_US"

    @api.model
    def _answer_tap(self, message, code: str, visit):
        """Tell a patient what holds after a tap about a visit.

        The answers to one number are as many within an hour as rules may write there:
        who taps without end is not answered without end.
        """
        cap = message.channel_id.automatic_per_hour
        answered = message.search_count(
            [
                ("identity_id", "=", message.identity_id.id),
                ("channel_id", "=", message.channel_id.id),
                ("answers_tap", "=", True),
                ("due_at", ">", clock.now() - AUTOMATIC_PERIOD),
            ]
        )
        if not cap or answered < cap:
            start = visit._local_start()
            when = self._when(message, start) if start else {}
            self._answer(message, code, row={"answers_tap": True}, visit=visit, **when)

    @api.model
    def _answer(
        self, message, code: str, lang=None, buttons=(), row=None, visit=None, **values
    ):
        """Queue an automatic answer to a message of a patient; returns the row.

        `code` is that of the text, `buttons` are actions under it, `row` are values of
        the outbox row, `values` fill the text in. About a `visit` its branch speaks,
        also where branches share the number. Nothing is said where the clinic has
        removed the text, nor what the number was told lately; a stop is confirmed
        whatever else was said, and answers to taps have a cap of their own.
        """
        texts = self.env["whatsapp.clinic.answer.text"]
        lang = self._language(message, lang)
        branch = visit.branch_id if visit else message.branch_id
        clinic = branch.name or message.company_id.name
        body = texts._text(code, lang, clinic=clinic, **values)
        row = row or {}
        is_capped = not row.get("confirms_stop")
        is_tap = row.get("answers_tap")
        if not body or not is_tap and message._is_told_enough(body, is_capped):
            return message.browse()
        body, notice = message._with_notice_link(body, lang)
        titles = [[one, texts._text(f"button_{one}", lang)] for one in buttons]
        return message._reply(
            body,
            buttons=titles or False,
            notice_id=notice.id,
            is_automatic_answer=True,
            **row,
        )


def _visit_of(message):
    return message._subjects("whatsapp.clinic.appointment")


def _undecided(purpose) -> str | None:
    """The state of a purpose that nobody decided about."""
    return None if purpose.requires_consent else GIVEN
