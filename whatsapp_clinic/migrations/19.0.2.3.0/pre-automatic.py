"""What the gate asks of a rule stands on the row: it reads no rule any more."""

from odoo.tools.sql import column_exists

TABLE = "whatsapp_clinic_message"


def migrate(cr, version):
    """Stamp what rules wrote; raise where a row would not be known as automatic.

    What a rule wrote that is gone has an occurrence and nobody else's rows have one.
    """
    if column_exists(cr, TABLE, "is_automatic"):
        return
    cr.execute(
        f"ALTER TABLE {TABLE} ADD COLUMN is_automatic boolean, "
        "ADD COLUMN in_quiet_hours boolean"
    )
    cr.execute(
        f"""
        UPDATE {TABLE} AS message
        SET is_automatic = TRUE, in_quiet_hours = rule.in_quiet_hours
        FROM {TABLE} AS known
        LEFT JOIN whatsapp_clinic_message_rule AS rule ON rule.id = known.rule_id
        WHERE message.id = known.id
          AND (known.rule_id IS NOT NULL OR known.occurrence IS NOT NULL)
        """
    )
    cr.execute(
        f"SELECT count(*) FROM {TABLE} WHERE rule_id IS NOT NULL AND NOT is_automatic"
    )
    if cr.fetchone()[0]:
        raise ValueError("A message of a rule is not known as automatic")
