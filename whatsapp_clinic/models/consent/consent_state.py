"""What patients have agreed to, read for a whole batch at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from ...tools import clock

DECISIONS = [
    ("given", "Given"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
]
# The words below, and one for acts that a later one replaced.
PRESENT_STATES = [
    *DECISIONS,
    ("expired", "Expired"),
    ("superseded", "New notice: ask again"),
    ("guardianship_ended", "Of age: ask the patient"),
    ("replaced", "Replaced by a later act"),
]
GIVEN = "given"
REVOKED = ("refused", "withdrawn")
# Reason of a refusal by state; what was never decided is `no_consent`.
OBJECTIONS = {
    "refused": "consent_refused",
    "withdrawn": "consent_withdrawn",
    "expired": "consent_expired",
    "superseded": "notice_superseded",
    "guardianship_ended": "guardianship_ended",
}
# What an act decided, as people say it: who says no to what was never given refuses.
DECIDED = SQL(
    """
    CASE WHEN act.decision <> 'given' AND NOT EXISTS (
           SELECT FROM whatsapp_clinic_consent given
           JOIN res_company giver ON giver.id = given.company_id
           JOIN res_company told ON told.id = act.company_id
           WHERE given.partner_id = act.partner_id
             AND given.purpose_id = act.purpose_id
             AND given.decision = 'given' AND given.act_at <= act.act_at
             AND split_part(giver.parent_path, '/', 1)
                 = split_part(told.parent_path, '/', 1)
         )
         THEN 'refused' ELSE act.decision END
    """
)


@dataclass(frozen=True)
class _Act:
    """The latest act of a patient about a purpose."""

    partner_id: int
    purpose_id: int
    company_id: int
    decision: str
    act_at: datetime
    guardian_id: int | None
    shown_from: datetime | None


class States(Mapping):
    """(partner id, purpose id) → state, of the first company; `of(company)` of others.

    Purposes that nobody decided about are not in it.
    """

    def __init__(self, by_root: dict, first: int):
        self._by_root = by_root
        self._first = by_root.get(first, {})

    def __getitem__(self, pair):
        return self._first[pair]

    def __iter__(self):
        return iter(self._first)

    def __len__(self):
        return len(self._first)

    def of(self, company) -> dict:
        """States in the tree of a company."""
        return self._by_root.get(company.root_id.id, {})

    @classmethod
    def load(cls, env, partners, purposes, companies, at: datetime | None):
        """A handful of queries for any number of patients."""
        roots = companies.sudo().root_id
        first = companies[:1].sudo().root_id.id
        if not partners or not purposes:
            return cls({}, first)
        now = at or clock.now()
        validity = {
            one.id: relativedelta(months=one.validity_months) for one in purposes.sudo()
        }
        by_root = {}
        for root in roots:
            acts = _latest_acts(env, partners, purposes, root, at)
            renewed = env["whatsapp.clinic.privacy.notice"]._renewals(root, now)
            acting = env["whatsapp.clinic.consent"]._acting(
                [act.partner_id for act in acts if act.guardian_id], now
            )
            by_root[root.id] = {
                (act.partner_id, act.purpose_id): _state(
                    act,
                    validity[act.purpose_id],
                    renewed.get((act.company_id, act.purpose_id)),
                    lambda act, acting=acting, root=root: acting.decides(
                        root, act.guardian_id, act.partner_id, act.purpose_id
                    ),
                    now,
                )
                for act in acts
            }
        return cls(by_root, first)


def decided_by(guardian, patient, purposes, company, at: datetime):
    """Those of the purposes about which a guardian decides for a patient at a time.

    `at` is naive UTC; what another company's tree noted of a family does not count.
    """
    acting = patient.env["whatsapp.clinic.consent"]._acting(patient.ids, at)
    who = (company, guardian.id, patient.id)
    return purposes.filtered(lambda purpose: acting.decides(*who, purpose.id))


def _state(act: _Act, validity, renewed_at, decides, now: datetime) -> str:
    if act.decision != GIVEN:
        return act.decision
    if act.guardian_id and not decides(act):
        return "guardianship_ended"
    if validity and act.act_at + validity <= now:
        return "expired"
    if renewed_at and (act.shown_from or act.act_at) < renewed_at:
        return "superseded"
    return GIVEN


def _latest_acts(env, partners, purposes, root, at) -> list[_Act]:
    env["whatsapp.clinic.consent"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            SELECT DISTINCT ON (act.partner_id, act.purpose_id)
                   act.partner_id, act.purpose_id, act.company_id, %s,
                   act.act_at, act.guardian_id, notice.valid_from
            FROM whatsapp_clinic_consent act
            JOIN res_company company ON company.id = act.company_id
            LEFT JOIN whatsapp_clinic_privacy_notice notice ON notice.id = act.notice_id
            WHERE act.partner_id = ANY(%s) AND act.purpose_id = ANY(%s)
              AND company.parent_path LIKE %s AND act.act_at <= %s
            ORDER BY act.partner_id, act.purpose_id, act.act_at DESC,
                     (act.decision = 'withdrawn') DESC, act.id DESC
            """,
            DECIDED,
            list(partners.ids),
            list(purposes.ids),
            f"{root.id}/%",
            at or datetime.max.replace(microsecond=0),
        )
    )
    return [_Act(*row) for row in rows]
