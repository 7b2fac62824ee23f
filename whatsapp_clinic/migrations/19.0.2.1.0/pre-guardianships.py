"""Which company noted a guardianship, for those of which that is not known."""

# Where somebody is a patient, the surest sign first.
_COMPANY_OF = """
    COALESCE(
        (SELECT branch.company_id FROM res_partner AS person
         JOIN whatsapp_clinic_branch AS branch ON branch.id = person.clinic_branch_id
         WHERE person.id = {person}),
        (SELECT branch.company_id FROM whatsapp_clinic_appointment AS visit
         JOIN whatsapp_clinic_branch AS branch ON branch.id = visit.branch_id
         WHERE visit.partner_id = {person} AND visit.state <> 'cancelled'
         ORDER BY visit.start DESC, visit.id DESC LIMIT 1),
        (SELECT company_id FROM whatsapp_clinic_consent
         WHERE partner_id = {person} ORDER BY act_at DESC, id DESC LIMIT 1),
        (SELECT company_id FROM whatsapp_clinic_message
         WHERE partner_id = {person} ORDER BY id DESC LIMIT 1)
    )
"""


def migrate(cr, version):
    """Take it from the patient's home, visits, consents and messages, then the
    guardian's; where they tell nothing it is the company of who noted it.

    Where a company stands already, only if who noted it is not of that company.
    """
    cr.execute(
        "ALTER TABLE whatsapp_clinic_guardianship ADD COLUMN IF NOT EXISTS company_id "
        "integer REFERENCES res_company ON DELETE RESTRICT"
    )
    patient, guardian = (
        _COMPANY_OF.format(person=f"one.{name}")
        for name in ("patient_id", "guardian_id")
    )
    cr.execute(
        f"""
        UPDATE whatsapp_clinic_guardianship AS one
        SET company_id = COALESCE(
            {patient}, {guardian}, one.company_id,
            (SELECT company_id FROM res_users WHERE id = one.create_uid),
            (SELECT min(id) FROM res_company)
        )
        WHERE NOT EXISTS (
            SELECT FROM res_company_users_rel
            WHERE cid = one.company_id AND user_id = one.create_uid
        )
        """
    )
