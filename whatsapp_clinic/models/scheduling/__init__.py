from . import (
    appointment,
    appointment_desk,
    appointment_news,
    appointment_number,
    appointment_slot,
    appointment_type,
    branch,
    branch_language,
    message_rule,
    practitioner,
    res_company,
    res_users,
)
