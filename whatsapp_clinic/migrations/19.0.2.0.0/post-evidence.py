def migrate(cr, version):
    """Traces of home branches tell who is a patient: they become notes for staff."""
    cr.execute(
        """
        UPDATE mail_message AS note SET message_type = 'clinic_note'
        FROM mail_tracking_value AS trace
        JOIN ir_model_fields AS field ON field.id = trace.field_id
        WHERE trace.mail_message_id = note.id AND note.model = 'res.partner'
          AND field.model = 'res.partner' AND field.name = 'clinic_branch_id'
        """
    )
