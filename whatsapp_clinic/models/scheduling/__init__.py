from . import (
    appointment,
    appointment_number,
    appointment_type,
    branch,
    branch_language,
    message_rule,
    practitioner,
    res_company,
)
