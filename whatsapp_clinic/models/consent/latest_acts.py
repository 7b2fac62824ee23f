"""The acts that count: of each patient the latest for each purpose.

In every company tree for itself; on a tie the withdrawal. Who asks has flushed them.
"""

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from ...tools import clock
from .consent_state import DECIDED

SOON = relativedelta(days=30)
_LATEST_ACTS = """
    SELECT DISTINCT ON (act.partner_id, act.purpose_id, tree)
           act.id, act.partner_id, act.purpose_id, act.decision, act.act_at,
           split_part(company.parent_path, '/', 1) AS tree
    FROM whatsapp_clinic_consent act
    JOIN res_company company ON company.id = act.company_id
    WHERE %(partners)s
    ORDER BY act.partner_id, act.purpose_id, tree, act.act_at DESC,
             (act.decision = 'withdrawn') DESC, act.id DESC
"""


def decisive_ids(env, partners) -> list[int]:
    """Ids of the acts that count of these patients."""
    latest = SQL(
        _LATEST_ACTS, partners=SQL("act.partner_id = ANY(%s)", list(partners.ids))
    )
    rows = env.execute_query(SQL("SELECT id FROM (%s) latest", latest))
    return [row[0] for row in rows]


def expiring_patients() -> SQL:
    """Ids of patients of whom a consent runs out within 30 days, as a query."""
    now = clock.now()
    return SQL(
        """(
        SELECT latest.partner_id
        FROM (%(latest)s) latest
        JOIN whatsapp_clinic_consent_purpose purpose
          ON purpose.id = latest.purpose_id
        WHERE latest.decision = 'given' AND purpose.validity_months > 0
          AND latest.act_at + make_interval(months => purpose.validity_months)
              BETWEEN %(now)s AND %(soon)s
        )""",
        latest=SQL(_LATEST_ACTS, partners=SQL("true")),
        now=now,
        soon=now + SOON,
    )


def decided_by_id(env, ids: list[int]) -> dict[int, str]:
    """What acts decided, in people's words: {id: given, refused or withdrawn}."""
    query = "SELECT id, %s FROM whatsapp_clinic_consent act WHERE id = ANY(%s)"
    return dict(env.execute_query(SQL(query, DECIDED, ids)))
