from . import given_ids  # before what inherits it
from . import (
    appointment_type,
    branch,
    ir_http,
    mail_activity,
    practitioner,
    practitioner_hours,
    res_company,
    res_partner,
    res_users,
    resource_calendar_leaves,
)
