"""The tries to send a message, of which its columns told, become rows."""

from odoo.tools.sql import column_exists

# What a file that WhatsApp had lost was most often refused with.
LOST_FILE = 131053


def migrate(cr, version):
    """Nothing is lost: the last try, the one that failed before, the unknown one."""
    if not column_exists(cr, "whatsapp_clinic_message", "failed_attempt"):
        return
    cr.execute(
        """
        INSERT INTO whatsapp_clinic_message_attempt
            (message_id, number, state, claimed_at, ended_at, error_code, detail,
             remote_id)
        SELECT id, attempts,
            CASE WHEN state IN ('sending', 'unknown') THEN state
                 WHEN failed_attempt >= attempts THEN 'failed'
                 WHEN state IN ('sent', 'delivered', 'read') THEN 'accepted'
                 WHEN state = 'failed' AND sent_at IS NOT NULL THEN 'failed'
                 WHEN error_code > 0 THEN 'refused'
                 WHEN unknown_at IS NOT NULL THEN 'unknown'
                 ELSE 'unreachable' END,
            COALESCE(claimed_at, sent_at, due_at),
            CASE WHEN state = 'unknown' THEN unknown_at
                 ELSE COALESCE(sent_at, failed_at) END,
            NULLIF(error_code, 0), detail, message_id
        FROM whatsapp_clinic_message
        WHERE direction = 'out' AND attempts > 0
        ON CONFLICT DO NOTHING
        """
    )
    cr.execute(
        """
        INSERT INTO whatsapp_clinic_message_attempt
            (message_id, number, state, claimed_at, ended_at, error_code)
        SELECT id, failed_attempt, 'failed', COALESCE(claimed_at, due_at), failed_at,
            CASE WHEN file_replaced THEN %s END
        FROM whatsapp_clinic_message
        WHERE direction = 'out' AND failed_attempt > 0 AND failed_attempt < attempts
        ON CONFLICT DO NOTHING
        """,
        [LOST_FILE],
    )
    cr.execute(
        """
        INSERT INTO whatsapp_clinic_message_attempt
            (message_id, number, state, claimed_at, ended_at)
        SELECT id, attempts - 1, 'unknown', COALESCE(claimed_at, due_at), unknown_at
        FROM whatsapp_clinic_message
        WHERE direction = 'out' AND resent AND attempts > 1
        ON CONFLICT DO NOTHING
        """
    )
