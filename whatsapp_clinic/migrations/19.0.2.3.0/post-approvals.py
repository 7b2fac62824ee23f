"""What managers were told of a template was told of its approval."""

_FORMER = "mail_activity_whatsapp_clinic_template_rel"
_NOTICES = "mail_activity_whatsapp_clinic_template_approval_rel"


def migrate(cr, version):
    cr.execute(
        "SELECT 1 FROM information_schema.columns WHERE column_name = 'former_id' "
        "AND table_name = 'whatsapp_clinic_template_approval'"
    )
    if not cr.fetchone():
        return
    cr.execute("SELECT to_regclass(%s) IS NOT NULL", [_FORMER])
    if cr.fetchone()[0]:
        cr.execute(f"""
            INSERT INTO {_NOTICES}
                (whatsapp_clinic_template_approval_id, mail_activity_id)
            SELECT approval.id, notice.mail_activity_id FROM {_FORMER} AS notice
            JOIN whatsapp_clinic_template_approval AS approval
              ON approval.former_id = notice.whatsapp_clinic_template_id
            ON CONFLICT DO NOTHING
        """)
    cr.execute("ALTER TABLE whatsapp_clinic_template_approval DROP COLUMN former_id")
