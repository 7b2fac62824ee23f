from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import clock
from ...tools.access import named
from .consent_state import DECIDED

# The words of consent_state.py, and two for patients who never decided.
STATES = [
    ("given", "Given"),
    ("not_needed", "Not needed"),
    ("no_consent", "No consent"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
    ("expired", "Consent expired"),
    ("superseded", "New notice: ask again"),
    ("guardianship_ended", "Of age: ask the patient"),
]


class ConsentCoverage(models.Model):
    """What each living patient has agreed to now, for each purpose: figures by branch.

    The rules are those of consent_state.py, here as one query over all patients; a test
    holds both against each other.
    """

    _name = "whatsapp.clinic.consent.coverage"
    _description = "Consent Coverage"
    _auto = False
    _rec_name = "partner_id"
    _order = "id"
    _depends = {
        "res.company": ["parent_path", "parent_id"],
        "res.partner": [
            "active",
            "clinic_branch_id",
            "clinic_deceased_on",
            "clinic_patient",
            "company_id",
        ],
        "whatsapp.clinic.branch": ["company_id"],
        "whatsapp.clinic.consent": [
            "act_at",
            "company_id",
            "decision",
            "guardian_id",
            "notice_id",
            "partner_id",
            "purpose_id",
        ],
        "whatsapp.clinic.consent.purpose": [
            "active",
            "requires_consent",
            "validity_months",
        ],
        "whatsapp.clinic.privacy.notice": [
            "company_id",
            "published_at",
            "renewed_purpose_ids",
            "valid_from",
        ],
    }

    partner_id = fields.Many2one("res.partner", "Patient", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    branch_id = fields.Many2one(
        "whatsapp.clinic.branch", readonly=True, help="The patient's home branch."
    )
    purpose_id = fields.Many2one("whatsapp.clinic.consent.purpose", readonly=True)
    state = fields.Selection(STATES, readonly=True)
    decided_at = fields.Datetime("Decided on", readonly=True)
    coverage = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Share of patients who may be written to for the purpose, as far as "
        "consent goes.",
    )

    @api.depends("partner_id")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for row in named(self):
            row.display_name = row.partner_id.display_name

    @property
    def _table_query(self) -> SQL:
        now = clock.now()
        return SQL(
            """
            WITH
            tree AS MATERIALIZED (%(trees)s),
            home AS MATERIALIZED (%(homes)s),
            purpose AS MATERIALIZED (%(purposes)s),
            latest AS (%(latest_acts)s),
            renewal AS MATERIALIZED (%(renewals)s),
            present AS (%(states)s)
            SELECT present.*,
                   (state IN ('given', 'not_needed'))::int::float AS coverage
            FROM present
            """,
            trees=_TREES,
            homes=_HOMES,
            purposes=_PURPOSES,
            latest_acts=_LATEST_ACTS,
            renewals=SQL(_RENEWALS, now=now),
            states=SQL(_STATES, now=now, still_decides=self._still_decides(now.date())),
        )

    @api.model
    def _still_decides(self, today) -> SQL:
        """Whether who agreed for a patient (`latest`, in a `tree`) decides today, told
        by the room of patients."""
        return SQL("FALSE")

    def _read_group_select(self, aggregate_spec, query):
        """A share of one purpose; of several together it would say nothing."""
        if aggregate_spec != "coverage:avg":
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "CASE WHEN COUNT(DISTINCT %(purpose)s) = 1 THEN AVG(%(coverage)s) END",
            purpose=self._field_to_sql(self._table, "purpose_id", query),
            coverage=self._field_to_sql(self._table, "coverage", query),
        )

    @api.readonly
    def action_open_patient(self):
        """The patient's form, where consent is asked for and recorded."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }


# A consent counts in the whole tree of the company in which it was given.
_TREES = SQL(
    """
    SELECT id AS company_id, split_part(parent_path, '/', 1)::int AS tree_id,
           dense_rank() OVER (ORDER BY split_part(parent_path, '/', 1)::int) AS number
    FROM res_company
    """
)
# Who has neither home branch nor company is a patient of every clinic: home 0.
_HOMES = SQL(
    """
    SELECT company_id AS home_id, company_id, tree_id, number FROM tree
    UNION ALL
    SELECT DISTINCT 0, tree.tree_id, tree.tree_id, tree.number
    FROM tree JOIN whatsapp_clinic_branch branch USING (company_id)
    """
)
_PURPOSES = SQL(
    """
    SELECT id, requires_consent, validity_months,
           row_number() OVER (ORDER BY id) AS number
    FROM whatsapp_clinic_consent_purpose WHERE active
    """
)
_LATEST_ACTS = SQL(
    """
    SELECT DISTINCT ON (act.partner_id, act.purpose_id, tree.tree_id)
           act.partner_id, act.purpose_id, act.company_id, tree.tree_id,
           %s AS decision, act.act_at, act.guardian_id,
           COALESCE(notice.valid_from, act.act_at) AS shown_from
    FROM whatsapp_clinic_consent act
    JOIN tree ON tree.company_id = act.company_id
    LEFT JOIN whatsapp_clinic_privacy_notice notice ON notice.id = act.notice_id
    ORDER BY act.partner_id, act.purpose_id, tree.tree_id, act.act_at DESC,
             (act.decision = 'withdrawn') DESC, act.id DESC
    """,
    DECIDED,
)
_RENEWALS = """
    SELECT asked.whatsapp_clinic_consent_purpose_id AS purpose_id,
           company.id AS company_id, max(notice.valid_from) AS renewed_at
    FROM whatsapp_clinic_privacy_notice_renewal asked
    JOIN whatsapp_clinic_privacy_notice notice
      ON notice.id = asked.whatsapp_clinic_privacy_notice_id
    JOIN res_company publisher ON publisher.id = notice.company_id
    JOIN res_company company
      ON starts_with(company.parent_path, publisher.parent_path)
    WHERE notice.published_at IS NOT NULL AND notice.valid_from <= %(now)s
    GROUP BY 1, 2
"""
# The id stays below 2^53, the largest that a browser counts to.
_STATES = """
    SELECT (patient.id::bigint << 20) | (home.number << 10) | purpose.number AS id,
           patient.id AS partner_id, patient.clinic_branch_id AS branch_id,
           home.company_id, purpose.id AS purpose_id, latest.act_at AS decided_at,
           CASE
             WHEN latest.decision IS NULL AND purpose.requires_consent
             THEN 'no_consent'
             WHEN latest.decision IS NULL THEN 'not_needed'
             WHEN latest.decision <> 'given' THEN latest.decision
             WHEN latest.guardian_id IS NOT NULL AND NOT %(still_decides)s
             THEN 'guardianship_ended'
             WHEN purpose.validity_months > 0 AND latest.act_at
                  + make_interval(months => purpose.validity_months) <= %(now)s
             THEN 'expired'
             WHEN latest.shown_from < renewal.renewed_at THEN 'superseded'
             ELSE latest.decision
           END AS state
    FROM res_partner patient
    LEFT JOIN whatsapp_clinic_branch branch ON branch.id = patient.clinic_branch_id
    JOIN home ON home.home_id = COALESCE(branch.company_id, patient.company_id, 0)
    CROSS JOIN purpose
    LEFT JOIN latest ON latest.partner_id = patient.id
      AND latest.purpose_id = purpose.id AND latest.tree_id = home.tree_id
    LEFT JOIN renewal
      ON renewal.purpose_id = purpose.id AND renewal.company_id = latest.company_id
    WHERE patient.clinic_patient AND patient.active
      AND patient.clinic_deceased_on IS NULL
"""
