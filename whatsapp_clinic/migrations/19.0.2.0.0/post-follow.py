from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """What waits follows what it was made from; refusals are no failures."""
    # What WhatsApp was never asked about.
    cr.execute(
        """
        UPDATE whatsapp_clinic_message SET state = 'refused'
        WHERE state = 'failed' AND direction = 'out'
          AND COALESCE(error_code, 0) = 0 AND reason IS NOT NULL AND reason <> 'error'
        """
    )
    # An appointment that was corrected to another patient has another version now.
    cr.execute(
        """
        UPDATE whatsapp_clinic_appointment AS appointment
        SET version = appointment.version + 1
        WHERE EXISTS (
            SELECT FROM whatsapp_clinic_message AS message
            WHERE message.res_id = appointment.id
              AND message.res_model = 'whatsapp.clinic.appointment'
              AND message.rule_id IS NOT NULL
              AND message.partner_id <> appointment.partner_id
              AND message.subject_version = appointment.version
        )
        """
    )
    cr.execute(
        """
        UPDATE whatsapp_clinic_message AS message
        SET state = 'cancelled', reason = 'other_patient'
        FROM whatsapp_clinic_appointment AS appointment
        WHERE message.res_id = appointment.id
          AND message.res_model = 'whatsapp.clinic.appointment'
          AND message.partner_id <> appointment.partner_id
          AND message.state IN ('draft', 'queued', 'held')
        """
    )
    cr.execute(
        """
        UPDATE whatsapp_clinic_message SET state = 'cancelled', reason = 'obsolete'
        WHERE occurrence IS NOT NULL AND rule_id IS NULL
          AND state IN ('draft', 'queued', 'held')
        """
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    rows = env["whatsapp.clinic.message"].search(
        [("rule_id", "!=", False), ("state", "in", ("queued", "held"))]
    )
    visits = rows._subjects("whatsapp.clinic.appointment")
    env["whatsapp.clinic.message.rule"]._plan(visits)
