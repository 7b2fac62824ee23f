"""No zone is taken for a patient's that is only the one of who entered the contact."""

from odoo import SUPERUSER_ID, api

_ASSUMED = """
    SELECT person.id, person.tz IS DISTINCT FROM branch.tz
    FROM res_partner AS person
    JOIN res_users AS creator ON creator.id = person.create_uid
    JOIN res_partner AS author ON author.id = creator.partner_id
    LEFT JOIN whatsapp_clinic_branch AS branch ON branch.id = person.clinic_branch_id
    WHERE person.tz = author.tz
      AND (person.clinic_patient OR person.id IN (
          SELECT guardian_id FROM whatsapp_clinic_guardianship))
      AND NOT EXISTS (SELECT FROM res_users WHERE partner_id = person.id)
"""


def migrate(cr, version):
    cr.execute(_ASSUMED)
    found = cr.fetchall()
    cr.execute(
        "UPDATE res_partner SET tz = NULL WHERE id = ANY(%s)",
        [[person for person, _is_elsewhere in found]],
    )
    elsewhere = [person for person, is_elsewhere in found if is_elsewhere]
    if elsewhere:
        env = api.Environment(cr, SUPERUSER_ID, {})
        people = env["res.partner"].browse(elsewhere)
        env["whatsapp.clinic.message.rule"]._plan_for(people)
