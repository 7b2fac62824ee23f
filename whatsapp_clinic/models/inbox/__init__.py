from . import (
    first_consent,
    mail_message,
    mail_notification,
    mail_outbox,
    mail_thread,
    partner_merge,
    patient_consent,
    patient_search,
    res_partner,
)
