"""What a message is about is a reference: the appointments' are copied to it."""

from odoo.tools.sql import column_exists, rename_column

TABLE = "whatsapp_clinic_message"


def migrate(cr, version):
    """Copy the appointment of each message; raise where one would be lost.

    Odoo drops the column at the end of the update.
    """
    if not column_exists(cr, TABLE, "appointment_id"):
        return
    cr.execute(f"ALTER TABLE {TABLE} ADD COLUMN res_model varchar")
    cr.execute(f"ALTER TABLE {TABLE} ADD COLUMN res_id integer")
    rename_column(cr, TABLE, "appointment_version", "subject_version")
    cr.execute(
        f"""
        UPDATE {TABLE}
        SET res_model = 'whatsapp.clinic.appointment', res_id = appointment_id
        WHERE appointment_id IS NOT NULL
        """
    )
    cr.execute(
        f"SELECT count(*) FROM {TABLE} WHERE appointment_id IS DISTINCT FROM res_id"
    )
    if cr.fetchone()[0]:
        raise ValueError("A message has lost what it is about")
