"""The table of numbers and their patients is built like a new one."""

TABLE = "whatsapp_clinic_identity_partner"


def migrate(cr, version):
    """Turn the key of the table round, with the index for the other way."""
    cr.execute(
        f"""
        SELECT conname FROM pg_constraint
        WHERE conrelid = '{TABLE}'::regclass AND contype = 'p'
          AND pg_get_constraintdef(oid) = 'PRIMARY KEY (identity_id, partner_id)'
        """
    )
    for (name,) in cr.fetchall():
        cr.execute(f'ALTER TABLE {TABLE} DROP CONSTRAINT "{name}"')
        cr.execute(
            f"""
            SELECT indexname FROM pg_indexes
            WHERE tablename = '{TABLE}' AND indexdef LIKE '%(partner_id, identity_id)'
            """
        )
        for (index,) in cr.fetchall():
            cr.execute(f'DROP INDEX "{index}"')
        cr.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (partner_id, identity_id)")
        cr.execute(f"CREATE INDEX ON {TABLE} (identity_id, partner_id)")
