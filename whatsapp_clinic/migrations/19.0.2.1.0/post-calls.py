"""What reception was asked about visits ends with its cause, as what is asked now."""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE mail_activity AS activity
        SET clinic_cause = replace(kind.name, 'activity_', '')
        FROM ir_model_data AS kind
        WHERE kind.module = 'whatsapp_clinic'
          AND kind.model = 'mail.activity.type'
          AND kind.name IN ('activity_patients_answer', 'activity_idle_tap')
          AND activity.activity_type_id = kind.res_id
          AND activity.clinic_cause IS NULL
        """
    )
