"""What managers were told of a template was told of its approval."""

_NOTICES = "mail_activity_whatsapp_clinic_template_approval_rel"


def migrate(cr, version):
    cr.execute(
        "SELECT FROM information_schema.columns WHERE column_name = 'former_notices' "
        "AND table_name = 'whatsapp_clinic_template_approval'"
    )
    if not cr.rowcount:
        return
    cr.execute(f"""
        INSERT INTO {_NOTICES} (whatsapp_clinic_template_approval_id, mail_activity_id)
        SELECT approval.id, activity.id
        FROM whatsapp_clinic_template_approval AS approval
        JOIN mail_activity AS activity ON activity.id = ANY(approval.former_notices)
        ON CONFLICT DO NOTHING
    """)
    for name in ("former_id", "former_notices"):
        cr.execute(f"ALTER TABLE whatsapp_clinic_template_approval DROP COLUMN {name}")
