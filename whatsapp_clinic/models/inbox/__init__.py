from . import (
    identity,
    mail_activity,
    mail_message,
    mail_notification,
    mail_outbox,
    mail_thread,
)
