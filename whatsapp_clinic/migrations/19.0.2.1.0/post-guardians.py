"""Guardians without a home branch are at home with the patient they decide for."""


def migrate(cr, version):
    """Of several patients the one counts that was noted first."""
    cr.execute(
        """
        UPDATE res_partner AS guardian SET clinic_branch_id = first.home
        FROM (
            SELECT DISTINCT ON (one.guardian_id)
                   one.guardian_id, patient.clinic_branch_id AS home
            FROM whatsapp_clinic_guardianship AS one
            JOIN res_partner AS patient ON patient.id = one.patient_id
            WHERE patient.clinic_branch_id IS NOT NULL
            ORDER BY one.guardian_id, one.id
        ) AS first
        WHERE guardian.id = first.guardian_id AND guardian.clinic_branch_id IS NULL
        """
    )
