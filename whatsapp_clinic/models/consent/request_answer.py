from dataclasses import dataclass

from odoo import SUPERUSER_ID, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import clock
from ...tools.compat import encoded
from ...tools.signature import NoSignature, NotASignature, read_png
from .consent_state import REVOKED

MAX_NAME = 100
MAX_BROWSER = 300
DECISIONS = {"yes": "given", "no": "withdrawn"}


@dataclass(frozen=True)
class Origin:
    """Where a page was answered from, as the server saw it."""

    address: str
    browser: str
    session_user: str | None

    @property
    def evidence(self) -> dict:
        return {
            "address": self.address,
            "browser": self.browser[:MAX_BROWSER],
            "session_user": self.session_user,
        }


class ConsentRequest(models.Model):
    """The patient's side of a request: what the page shows, and what it writes.

    All of it runs as the system, for who has the key, in the language of the context.
    """

    _inherit = "whatsapp.clinic.consent.request"

    @property
    def _is_reachable(self) -> bool:
        """Whether its page may be shown: still open, and to who still decides."""
        patient = self.partner_id
        if not self._is_open or not patient.active or patient.clinic_deceased_on:
            return False
        return not self.guardian_id or bool(self._guardianships())

    def _guardianships(self):
        """By which the one who is asked decides for the patient at this moment."""
        today = clock.now().date()
        known = self.partner_id.guardianship_ids._of_tree(self.company_id)
        return known.filtered(
            lambda one: one.guardian_id == self.guardian_id and one._covers(today)
        )

    def _decides(self, purposes):
        """Those of the purposes that who is asked may decide about."""
        if not self.guardian_id:
            return purposes
        guarded = self.env["whatsapp.clinic.guardianship"]._in_force(
            self.partner_id.ids, clock.now()
        )
        who = (self.company_id, self.guardian_id.id, self.partner_id.id)
        return purposes.filtered(lambda one: guarded.decides(*who, one.id))

    def _asked_purposes(self):
        asked = self.purpose_ids.filtered("active")
        if not self.guardian_id and self.partner_id.clinic_is_minor:
            return asked.browse()
        return self._decides(asked).sorted()

    def _notice_text(self):
        """The text of the notice in force that this page shows; may be none."""
        notice = self.env["whatsapp.clinic.privacy.notice"]._current(self.company_id)
        return notice._text(self.env.lang) if notice else notice.text_ids

    def _may_be_answered(self) -> bool:
        return self.state == "open" and bool(
            self._asked_purposes() and self._notice_text()
        )

    def _present_state(self) -> list[dict]:
        """What the patient has decided so far, by purpose.

        Each: `purpose`, `state` (None where nothing was decided and messages are sent
        without consent), `act` (the consent, or none), `may_withdraw`.
        """
        known = self.env["whatsapp.clinic.consent.purpose"]
        purposes = self._decides(known.search([("active", "in", (True, False))]))
        consents = self.env["whatsapp.clinic.consent"]
        states = consents._states(self.partner_id, purposes, self.company_id)
        acts = consents.search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("purpose_id", "in", purposes.ids),
                ("company_id", "child_of", self.company_id.root_id.id),
            ]
        )
        found = []
        for purpose in purposes:
            state = states.get((self.partner_id.id, purpose.id))
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

    def _answer(self, form: dict, origin: Origin):
        """Record the signed answer of the page: one proof, one consent per purpose.

        `form` has `notice` (id of the text that was shown), `name`, `signature`
        (base64 of a PNG) and `purpose_<id>` with `yes` or `no`; purposes left out were
        left open. The same answer a second time changes nothing. Raises UserError with
        what is wrong, in the language of the page.
        """
        self._lock()
        if self.state != "open":
            self._check_answered_so(form)
            return
        text = self._notice_text()
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
        self.write(
            {"state": "answered", "answered_at": clock.now(), "proof_id": proof.id}
        )
        self._tell_staff()

    def _withdraw(self, purpose: str | None, origin: Origin):
        """Withdraw what the patient agreed to, for one purpose (its id) or for `all`.

        Also what has run out: a setting could make it count again. What is withdrawn
        stays as it is, so that a second time changes nothing. Raises UserError for a
        purpose that the page does not show.
        """
        self._lock()
        rows = self._present_state()
        if purpose != "all":
            rows = [row for row in rows if str(row["purpose"].id) == purpose]
            if not rows:
                raise UserError(self._outdated())
        choices = [(row["purpose"], "withdrawn") for row in rows if row["may_withdraw"]]
        if choices:
            self._write_down("withdrawal", choices, origin)
            self._tell_staff()

    def _lock(self):
        """Who comes second starts anew, and sees what the first has recorded."""
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET write_date = %s WHERE id = %s",
                SQL.identifier(self._table),
                clock.precise_now(),
                self.id,
            )
        )
        self.invalidate_recordset()

    def _check_answered_so(self, form: dict):
        """Thank who sends twice, not who thinks that another answer was taken."""
        recorded = self.proof_id._content().get("choices", [])
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
        asked = {f"purpose_{one.id}": one for one in self._asked_purposes()}
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
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
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
                "company": self.company_id.name,
                "guardian": _person(self.guardian_id),
                "language": self.env.lang,
                "notice": _notice_evidence(text),
                "origin": origin.evidence,
                "patient": _person(self.partner_id),
                "request": self.id,
                "typed_name": typed_name,
            },
        )
        self.env["whatsapp.clinic.consent"]._record(
            choices,
            partner_id=self.partner_id.id,
            guardian_id=self.guardian_id.id,
            company_id=self.company_id.id,
            branch_id=self.branch_id.id,
            act_at=now,
            method="web",
            notice_id=text.notice_id.id if text else False,
            proof_id=proof.id,
        )
        return proof

    def _tell_staff(self):
        """A note on the patient that says nothing about what was decided."""
        company = self.company_id
        patient = self.partner_id.with_user(SUPERUSER_ID).with_company(company)
        patient = patient.with_context(lang=company.partner_id.lang)
        patient._note_for_staff(patient.env._("The personal page was answered."))


def _person(partner) -> dict | None:
    return {"id": partner.id, "name": partner.name} if partner else None


def _notice_evidence(text) -> dict | None:
    if not text:
        return None
    return {
        "id": text.notice_id.id,
        "version": text.notice_id.version,
        "lang": text.lang,
        "title": text.title,
        "body": str(text.body),
        "sha256": text.sha256,
    }
