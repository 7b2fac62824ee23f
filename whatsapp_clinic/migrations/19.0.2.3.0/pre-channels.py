"""A channel's id at its messenger is named as such, whichever messenger it is."""

from odoo.tools.sql import column_exists

TABLE = "whatsapp_clinic_channel"


def migrate(cr, version):
    """Rename the column with its constraint; raise where a channel would have no id."""
    if column_exists(cr, TABLE, "external_id"):
        return
    cr.execute(f"ALTER TABLE {TABLE} RENAME COLUMN phone_number_id TO external_id")
    cr.execute(
        f"ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {TABLE}_phone_number_id_uniq"
    )
    cr.execute(f"SELECT count(*) FROM {TABLE} WHERE external_id IS NULL")
    if cr.fetchone()[0]:
        raise ValueError("A channel has no id at its messenger")
