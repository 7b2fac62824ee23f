"""What another program says that a patient decided, and what it is told."""

from datetime import datetime, timezone

import psycopg2.errors

from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import mute_logger

from .consent_state import GIVEN, REVOKED

MAX_TEXT = 1000


class ReportedDecision:
    """One act of a patient under the other program's own name for it, `reference`."""

    def __init__(self, env, patient, reference: str):
        self.env = env
        self.consents = env["whatsapp.clinic.consent"]
        self.patient = patient
        self.reference = reference

    def checked(self, purpose: str, decision: str, act_at: str, source: str) -> dict:
        """Values of the act; UserError with what does not fit."""
        return {
            "partner_id": self.patient.id,
            "purpose_id": self._purpose(purpose).id,
            "decision": self._decision(decision),
            "act_at": self._utc(act_at),
            "method": "api",
            "evidence": self._required(source, "source"),
            "reference": self._required(self.reference, "reference"),
        }

    def recorded(self, values: dict):
        """The act of this reference; UserError if it was another one.

        Nothing is told of an act that the user may not read.
        """
        known = self.consents.sudo().search(
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

    def record(self, values: dict):
        """Whoever is second in a race starts again, and finds what the first wrote."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                return self.consents._enter([values])
        except psycopg2.errors.UniqueViolation as taken:
            raise ConcurrencyError("the reference was just recorded") from taken

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


def find_patient(env, patient_id: int | None, phone: str | None):
    """Who is told by database id or by phone number; UserError if that is not clear."""
    by_id = patient_id and type(patient_id) is int and not phone
    by_phone = phone and isinstance(phone, str) and not patient_id
    if not by_id and not by_phone:
        raise UserError(env._("Name the patient by id or by phone number."))
    if by_id:
        everybody = env["res.partner"].with_context(active_test=False)
        is_it = [("id", "=", patient_id), ("clinic_patient", "=", True)]
        found = everybody.search(is_it)
    else:
        found = env["whatsapp.clinic.consent"]._patients_behind(phone)
    if not found:
        raise UserError(env._("There is no such patient."))
    if len(found) > 1:
        raise UserError(env._("Several patients have this number: name the id."))
    return found


def told_states(env, patient) -> dict[str, dict]:
    """What a patient agreed to in the tree of the present company, by purpose's code.

    AccessError if the patient's consents may not be read.
    """
    acts = env["whatsapp.clinic.consent"]._decisive(patient)
    acts.check_access("read")
    by_purpose = {act.purpose_id: act for act in acts if _is_of_here(act)}
    purposes = env["whatsapp.clinic.consent.purpose"].search([("active", "=", True)])
    return {
        purpose.code: _told_state(purpose, by_purpose.get(purpose))
        for purpose in purposes
    }


def _is_of_here(act) -> bool:
    return act.company_id.sudo().root_id == act.env.company.sudo().root_id


def _told_state(purpose, act) -> dict:
    unasked = "no_consent" if purpose.requires_consent else "not_needed"
    state = act.present_state if act else unasked
    return {
        # One word for both, which other programs know.
        "state": "withdrawn" if state in REVOKED else state,
        "consent_id": act.id if act else None,
        "act_at": f"{act.act_at.isoformat()}Z" if act else None,
    }
