from odoo import SUPERUSER_ID
from odoo.exceptions import UserError

from ...tools import clock
from ...tools.compat import encoded
from ...tools.signature import NoSignature, NotASignature, read_png
from .acting import Acting
from .consent_state import REVOKED, decided_by
from .evidence import Origin, notice_evidence, person_evidence

MAX_NAME = 100
DECISIONS = {"yes": "given", "no": "withdrawn"}


class RequestPage:
    """The patient's side of a request: what its page shows, and what it writes.

    All of it runs with the rights, and in the language, of the request that it is made
    of: the system's, for who has the key.
    """

    def __init__(self, request):
        self.env = request.env
        self.request = request
        self.patient = request.partner_id
        self.guardian = request.guardian_id
        self.company = request.company_id

    @property
    def is_reachable(self) -> bool:
        """Whether its page may be shown: still open, and to who still decides."""
        if not self.request._is_reachable:
            return False
        who = (self.company, self.guardian.id, self.patient.id)
        return not self.guardian or self._acting.acts(*who)

    @property
    def _acting(self) -> Acting:
        """Who decides for the patient at this moment."""
        consents = self.env["whatsapp.clinic.consent"]
        return consents._acting(self.patient.ids, clock.now())

    def _decides(self, purposes):
        """Those of the purposes that who is asked may decide about."""
        if not self.guardian:
            return purposes
        return decided_by(
            self.guardian, self.patient, purposes, self.company, clock.now()
        )

    def asked_purposes(self):
        """Those that can be decided about here, in their order; may be none."""
        asked = self.request.purpose_ids.filtered("active")
        if not self.guardian and self.patient.id in self._acting.minors:
            return asked.browse()
        return self._decides(asked).sorted()

    def notice_text(self):
        """The text of the notice in force that this page shows; may be none."""
        notice = self.env["whatsapp.clinic.privacy.notice"]._current(self.company)
        return notice._text(self.env.lang) if notice else notice.text_ids

    def may_be_answered(self) -> bool:
        """Whether the page asks: nobody answered yet, and there is what to ask."""
        return self.request.state == "open" and bool(
            self.asked_purposes() and self.notice_text()
        )

    def present_state(self) -> list[dict]:
        """What the patient has decided so far, by purpose.

        Each: `purpose`, `state` (None where nothing was decided and messages are sent
        without consent), `act` (the consent, or none), `may_withdraw`.
        """
        known = self.env["whatsapp.clinic.consent.purpose"]
        purposes = self._decides(known.search([("active", "in", (True, False))]))
        consents = self.env["whatsapp.clinic.consent"]
        states = consents._states(self.patient, purposes, self.company)
        acts = consents.search(
            [
                ("partner_id", "=", self.patient.id),
                ("purpose_id", "in", purposes.ids),
                ("company_id", "child_of", self.company.root_id.id),
            ]
        )
        found = []
        for purpose in purposes:
            state = states.get((self.patient.id, purpose.id))
            is_unasked = not state and not purpose.requires_consent
            if state or (is_unasked and purpose.active and not purpose.answers_only):
                mine = acts.filtered(lambda one, its=purpose: one.purpose_id == its)
                found.append(
                    {
                        "purpose": purpose,
                        "state": state,
                        "act": mine[:1],
                        "may_withdraw": state not in REVOKED,
                    }
                )
        return found

    def answer(self, form: dict, origin: Origin):
        """Record the signed answer of the page: one proof, one consent per purpose.

        `form` has `notice` (id of the text that was shown), `name`, `signature`
        (base64 of a PNG) and `purpose_<id>` with `yes` or `no`; purposes left out were
        left open. The same answer a second time changes nothing. Raises UserError with
        what is wrong, in the language of the page.
        """
        self.request._lock()
        if self.request.state != "open":
            self._check_answered_so(form)
            return
        text = self.notice_text()
        if not text or form.get("notice") != str(text.id):
            raise UserError(
                self.env._("The privacy notice has changed. Please read the new one.")
            )
        choices = self._choices(form)
        name = self._typed_name(form)
        signature = self._signature(form)
        proof = self._write_down(
            "answer", choices, origin, text, typed_name=name, signature=signature
        )
        self.request._note_answered(proof)
        self._tell_staff()

    def withdraw(self, purpose: str | None, origin: Origin):
        """Withdraw what the patient agreed to, for one purpose (its id) or for `all`.

        Also what has run out: a setting could make it count again. What is withdrawn
        stays as it is, so that a second time changes nothing. Raises UserError for a
        purpose that the page does not show.
        """
        self.request._lock()
        rows = self.present_state()
        if purpose != "all":
            rows = [row for row in rows if str(row["purpose"].id) == purpose]
            if not rows:
                raise UserError(self._outdated())
        choices = [(row["purpose"], "withdrawn") for row in rows if row["may_withdraw"]]
        if choices:
            self._write_down("withdrawal", choices, origin)
            self._tell_staff()

    def _check_answered_so(self, form: dict):
        """Thank who sends twice, not who thinks that another answer was taken."""
        recorded = self.request.proof_id._content().get("choices", [])
        sent = [(purpose.code, decision) for purpose, decision in self._choices(form)]
        if sent != [(one["purpose"], one["decision"]) for one in recorded]:
            raise UserError(
                self.env._(
                    "This page was answered already, and your new answer is not "
                    "recorded. Below is what holds now. To decide again, please ask "
                    "the clinic for a new link."
                )
            )

    def _choices(self, form: dict) -> list[tuple]:
        """Pairs of a purpose and `given` or `withdrawn`, as the form has them."""
        asked = {f"purpose_{one.id}": one for one in self.asked_purposes()}
        given = {key: one for key, one in form.items() if key.startswith("purpose_")}
        if given.keys() - asked.keys() or set(given.values()) - DECISIONS.keys():
            raise UserError(self._outdated())
        if not given:
            raise UserError(self.env._("Please choose yes or no at least once."))
        return [
            (purpose, DECISIONS[given[key]])
            for key, purpose in asked.items()
            if key in given
        ]

    def _outdated(self) -> str:
        return self.env._("This page is out of date. Please answer as it stands now.")

    def _typed_name(self, form: dict) -> str:
        name = " ".join((form.get("name") or "").replace("\0", "").split())
        if not name:
            raise UserError(self.env._("Please type your name."))
        if len(name) > MAX_NAME:
            raise UserError(
                self.env._("The name is too long: at most %s letters.", MAX_NAME)
            )
        return name

    def _signature(self, form: dict) -> bytes:
        try:
            return read_png(form.get("signature") or "")
        except NoSignature as none:
            raise UserError(self.env._("Please sign in the field.")) from none
        except NotASignature as broken:
            raise UserError(
                self.env._("The signature could not be read. Please sign again.")
            ) from broken

    def _write_down(
        self, act, choices, origin, text=None, typed_name=None, signature=None
    ):
        """The evidence of an act, and a consent for each choice; returns the proof."""
        now = clock.now()
        proof = self.env["whatsapp.clinic.consent.proof"]._seal(
            {
                "partner_id": self.patient.id,
                "company_id": self.company.id,
                "signature": encoded(signature),
            },
            {
                "act": act,
                "at": f"{now.isoformat()}Z",
                "choices": [
                    {
                        "purpose": purpose.code,
                        "name": purpose.name,
                        "description": purpose.description or None,
                        "validity_months": purpose.validity_months or None,
                        "decision": decision,
                    }
                    for purpose, decision in choices
                ],
                "company": self.company.name,
                "guardian": person_evidence(self.guardian),
                "language": self.env.lang,
                "notice": notice_evidence(text),
                "origin": origin.evidence,
                "patient": person_evidence(self.patient),
                "request": self.request.id,
                "typed_name": typed_name,
            },
        )
        self.env["whatsapp.clinic.consent"]._record(
            choices,
            partner_id=self.patient.id,
            guardian_id=self.guardian.id,
            company_id=self.company.id,
            branch_id=self.request.branch_id.id,
            act_at=now,
            method="web",
            notice_id=text.notice_id.id if text else False,
            proof_id=proof.id,
        )
        return proof

    def _tell_staff(self):
        """A note on the patient that says nothing about what was decided."""
        company = self.company
        patient = self.patient.with_user(SUPERUSER_ID).with_company(company)
        patient = patient.with_context(lang=company.partner_id.lang)
        patient._note_for_staff(patient.env._("The personal page was answered."))
