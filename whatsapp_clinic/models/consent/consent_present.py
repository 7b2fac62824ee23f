from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import clock
from .consent_state import DECIDED, GIVEN

DECISIONS = [
    ("given", "Given"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
]
# The words of consent_state.py, and one for acts that a later one replaced.
PRESENT_STATES = [
    *DECISIONS,
    ("expired", "Expired"),
    ("superseded", "New notice: ask again"),
    ("guardianship_ended", "Of age: ask the patient"),
    ("replaced", "Replaced by a later act"),
]
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


class ConsentPresent(models.Model):
    """What an act is worth at this moment."""

    _inherit = "whatsapp.clinic.consent"

    present_state = fields.Selection(
        PRESENT_STATES, "Now", compute="_compute_present_state"
    )
    expires_on = fields.Date(compute="_compute_expires_on")
    decided = fields.Selection(
        DECISIONS, "What Was Decided", compute="_compute_decided"
    )

    @api.depends("decision", "act_at")
    def _compute_present_state(self):
        decisive = self._decisive(self.partner_id)
        states = self.sudo()._states(self.partner_id, self.purpose_id, self.company_id)
        for consent in self:
            if consent in decisive:
                pair = (consent.partner_id.id, consent.purpose_id.id)
                consent.present_state = states.of(consent.company_id).get(pair)
            else:
                consent.present_state = "replaced"

    @api.depends("decision", "act_at", "purpose_id.validity_months")
    def _compute_expires_on(self):
        for consent in self:
            months = consent.purpose_id.validity_months
            lasts = consent.decision == GIVEN and months and consent.act_at
            consent.expires_on = (
                consent.act_at + relativedelta(months=months) if lasts else False
            )

    @api.depends("decision", "act_at")
    def _compute_decided(self):
        self.flush_model()
        found = self.env.execute_query(
            SQL(
                "SELECT id, %s FROM whatsapp_clinic_consent act WHERE id = ANY(%s)",
                DECIDED,
                self._origin.ids,
            )
        )
        decided = dict(found)
        for consent in self:
            consent.decided = decided.get(consent._origin.id)

    def action_withdraw(self) -> dict:
        """Open what records that the patient withdraws this, said to staff."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "whatsapp_clinic.consent_record_action"
        )
        context = {
            "default_partner_id": self.partner_id.id,
            "default_company_id": self.company_id.id,
            "default_method": "verbal",
            "withdrawn_purpose_id": self.purpose_id.id,
        }
        return {**action, "context": context}

    @api.model
    def _decisive(self, partners):
        """The acts that count: the latest of each patient for each purpose.

        In every company tree for itself.
        """
        self.flush_model()
        latest = SQL(
            _LATEST_ACTS, partners=SQL("act.partner_id = ANY(%s)", list(partners.ids))
        )
        rows = self.env.execute_query(SQL("SELECT id FROM (%s) latest", latest))
        return self.browse(row[0] for row in rows)

    @api.model
    def _expiring_patients(self) -> SQL:
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
