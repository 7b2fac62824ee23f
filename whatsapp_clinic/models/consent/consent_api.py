from datetime import datetime, timezone

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import mute_logger

from ...tools.access import require_group
from .consent_state import GIVEN, REVOKED

MAX_TEXT = 1000


class ConsentApi(models.Model):
    """What other programs may call over Odoo's external API; see docs/api.md."""

    _inherit = "whatsapp.clinic.consent"

    reference = fields.Char(
        "Outside Reference",
        copy=False,
        help="What another program or an imported file calls this act; the same act is "
        "never recorded twice.",
    )

    # Without the patient, or a contact merge could collide.
    _reference_uniq = models.UniqueIndex(
        "(company_id, reference) WHERE reference IS NOT NULL",
        "This act is recorded already.",
    )

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
        patient = self._patient(patient_id, phone)
        self._check_may_enter(patient)
        values = {
            "partner_id": patient.id,
            "purpose_id": self._purpose(purpose).id,
            "decision": self._decision(decision),
            "act_at": self._utc(act_at),
            "method": "api",
            "evidence": self._required(source, "source"),
            "reference": self._required(reference, "reference"),
        }
        return (self._find_recorded(values) or self._record_once(values)).id

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
        patient = self._patient(patient_id, phone)
        acts = self._decisive(patient)
        acts.check_access("read")
        by_purpose = {act.purpose_id: act for act in acts if self._is_of_here(act)}
        purposes = self.env["whatsapp.clinic.consent.purpose"].search(
            [("active", "=", True)]
        )
        return {
            "patient_id": patient.id,
            "purposes": {
                purpose.code: self._tell_state(purpose, by_purpose.get(purpose))
                for purpose in purposes
            },
        }

    def _is_of_here(self, act) -> bool:
        return act.company_id.sudo().root_id == self.env.company.sudo().root_id

    def _tell_state(self, purpose, act) -> dict:
        unasked = "no_consent" if purpose.requires_consent else "not_needed"
        state = act.present_state if act else unasked
        return {
            # One word for both, which other programs know.
            "state": "withdrawn" if state in REVOKED else state,
            "consent_id": act.id if act else None,
            "act_at": f"{act.act_at.isoformat()}Z" if act else None,
        }

    def _find_recorded(self, values: dict):
        """The act of this reference; UserError if it was another one.

        Nothing is told of an act that the user may not read.
        """
        known = self.sudo().search(
            [
                ("company_id", "=", self.env.company.id),
                ("reference", "=", values["reference"]),
            ]
        )
        if known and not known.with_env(self.env).has_access("read"):
            raise UserError(self.env._("Choose another reference."))
        names = ("partner_id", "purpose_id", "decision", "act_at")
        stored = known._convert_to_write({name: known[name] for name in names})
        if known and any(stored[name] != values[name] for name in names):
            raise UserError(self.env._("This reference is taken by another decision."))
        return known.with_env(self.env)

    def _record_once(self, values: dict):
        """Whoever is second in a race starts anew, and finds what the first wrote."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                return self._enter([values])
        except psycopg2.errors.UniqueViolation as taken:
            raise ConcurrencyError("the reference was just recorded") from taken

    def _patient(self, patient_id, phone):
        by_id = patient_id and type(patient_id) is int and not phone
        by_phone = phone and isinstance(phone, str) and not patient_id
        if not by_id and not by_phone:
            raise UserError(self.env._("Name the patient by id or by phone number."))
        partners = self.env["res.partner"].with_context(active_test=False)
        if by_id:
            found = partners.search(
                [("id", "=", patient_id), ("clinic_patient", "=", True)]
            )
        else:
            found = self._patients_behind(phone)
        if not found:
            raise UserError(self.env._("There is no such patient."))
        if len(found) > 1:
            raise UserError(
                self.env._("Several patients have this number: name the id.")
            )
        return found

    def _patients_behind(self, phone: str):
        """Patients who have a number and are the user's to look after, told by the
        room of numbers."""
        return self.env["res.partner"]

    def _purpose(self, code: str):
        purposes = self.env["whatsapp.clinic.consent.purpose"]
        purpose = purposes.search([("code", "=", self._required(code, "purpose"))])
        if not purpose:
            raise UserError(self.env._("There is no purpose with this code."))
        return purpose

    def _decision(self, decision: str) -> str:
        if decision not in (GIVEN, "withdrawn"):
            raise UserError(self.env._("The decision is “given” or “withdrawn”."))
        return decision

    def _utc(self, text: str) -> datetime:
        try:
            # Python 3.10 does not know the Z.
            at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
            utc = at.tzinfo and at.astimezone(timezone.utc)
        except (OverflowError, ValueError):
            utc = None
        if not utc:
            raise UserError(
                self.env._(
                    "The time of the act is ISO 8601 with its zone, such as "
                    "2026-01-31T14:05:00+03:00."
                )
            )
        return utc.replace(tzinfo=None, microsecond=0)

    def _required(self, text: str, name: str) -> str:
        text = str(text or "").replace("\0", "").strip()
        if not text or len(text) > MAX_TEXT:
            raise UserError(
                self.env._(
                    "“%(name)s” has 1 to %(most)s characters.", name=name, most=MAX_TEXT
                )
            )
        return text
