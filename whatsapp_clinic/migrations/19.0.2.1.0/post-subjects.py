"""Subjects of mails about what was assigned name no patients."""

from odoo import SUPERUSER_ID, api

MODELS = (
    "whatsapp.clinic.appointment",
    "whatsapp.clinic.guardianship",
    "whatsapp.clinic.identity",
)


def migrate(cr, version):
    """Every message stays, and gets the subject that it would have today."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    lang = env.company.partner_id.lang
    for model in MODELS:
        cr.execute(
            """
            UPDATE mail_message SET subject = %s
            WHERE model = %s AND message_type = 'user_notification'
            """,
            [env[model].with_context(lang=lang)._assigned_subject(), model],
        )
