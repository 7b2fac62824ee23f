"""Patients of a number are found by the number first, as in a new database."""

TABLE = "whatsapp_clinic_identity_partner"


def migrate(cr, version):
    """Turn the key of the table round, with the index for the other way."""
    cr.execute(
        f"""
        SELECT conname FROM pg_constraint
        WHERE conrelid = '{TABLE}'::regclass AND contype = 'p'
          AND pg_get_constraintdef(oid) = 'PRIMARY KEY (partner_id, identity_id)'
        """
    )
    for (name,) in cr.fetchall():
        cr.execute(f'ALTER TABLE {TABLE} DROP CONSTRAINT "{name}"')
        cr.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (identity_id, partner_id)")
        cr.execute(f"CREATE INDEX ON {TABLE} (partner_id, identity_id)")
        cr.execute(
            f"""
            SELECT indexname FROM pg_indexes
            WHERE tablename = '{TABLE}' AND indexdef NOT LIKE 'CREATE UNIQUE %'
              AND indexdef LIKE '%(identity_id, partner_id)'
            """
        )
        for (index,) in cr.fetchall():
            cr.execute(f'DROP INDEX "{index}"')
