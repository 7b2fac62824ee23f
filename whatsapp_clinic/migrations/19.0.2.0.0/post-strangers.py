"""Times that another clock told, and updates that nobody understood."""


def migrate(cr, version):
    """Keep every row; what patients wrote by a clock far ahead was when it came."""
    cr.execute(
        """
        UPDATE whatsapp_clinic_unrecognised SET last_at = received_at
        WHERE last_at IS NULL
        """
    )
    cr.execute(
        """
        UPDATE whatsapp_clinic_message
        SET occurred_at = date_trunc('second', create_date)
        WHERE direction = 'in' AND occurred_at > create_date + interval '5 minutes'
        """
    )
