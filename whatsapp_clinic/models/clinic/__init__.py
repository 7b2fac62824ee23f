from . import given_ids  # before what inherits it
from . import (
    appointment_type,
    branch,
    mail_activity,
    practitioner,
    res_company,
    res_users,
    user_home,
)
