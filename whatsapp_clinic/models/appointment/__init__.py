from . import (
    appointment,
    appointment_desk,
    appointment_news,
    appointment_number,
    appointment_report,
    appointment_slot,
    consent_request,
    res_partner,
    res_users,
    template_variable,
)
