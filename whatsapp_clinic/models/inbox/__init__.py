from . import (
    mail_message,
    mail_notification,
    mail_outbox,
    mail_thread,
)
