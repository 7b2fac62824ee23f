from odoo import api, models
from odoo.tools import SQL

from ..consent.acting import Acting


class Consent(models.Model):
    """Who looks after a patient enters what they decided, or who decides for them."""

    _inherit = "whatsapp.clinic.consent"

    @api.model
    def _acting(self, patient_ids, at):
        """Guardians decide, and minors do not alone."""
        known = super()._acting(patient_ids, at)
        guardianships = self.env["whatsapp.clinic.guardianship"]
        scopes = guardianships._in_force(patient_ids, at).scopes
        patients = self.env["res.partner"].sudo().browse(patient_ids)
        minors = {one.id for one in patients if one._is_minor(at.date())}
        return Acting({**known.scopes, **scopes}, {*known.minors, *minors})

    @api.model
    def _check_may_enter(self, patients):
        """Not for patients whom another branch or company looks after."""
        result = super()._check_may_enter(patients)
        patients._check_looked_after()
        return result


class ConsentRequest(models.Model):
    """Nothing is asked of who has died."""

    _inherit = "whatsapp.clinic.consent.request"

    @property
    def _is_reachable(self):
        return super()._is_reachable and not self.partner_id.clinic_deceased_on


class ConsentCoverage(models.Model):
    """A guardian's consent counts while the guardianship is in force."""

    _inherit = "whatsapp.clinic.consent.coverage"
    _depends = {
        "whatsapp.clinic.guardianship": [
            "company_id",
            "end_date",
            "guardian_id",
            "patient_id",
            "purpose_ids",
            "start_date",
        ],
    }

    @api.model
    def _still_decides(self, today):
        known = super()._still_decides(today)
        return SQL("(%s OR %s)", known, SQL(_IN_FORCE, today=today))


_IN_FORCE = """
    EXISTS (
        SELECT FROM whatsapp_clinic_guardianship guardianship
        JOIN tree noted ON noted.company_id = guardianship.company_id
         AND noted.tree_id = latest.tree_id
        LEFT JOIN whatsapp_clinic_guardianship_purpose only_for
          ON only_for.whatsapp_clinic_guardianship_id = guardianship.id
        WHERE guardianship.patient_id = latest.partner_id
          AND guardianship.guardian_id = latest.guardian_id
          AND guardianship.start_date <= %(today)s
          AND COALESCE(guardianship.end_date, 'infinity') >= %(today)s
          AND COALESCE(
                only_for.whatsapp_clinic_consent_purpose_id, latest.purpose_id
              ) = latest.purpose_id
    )
"""
