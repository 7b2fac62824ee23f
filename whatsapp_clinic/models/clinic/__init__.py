from . import given_ids  # before what inherits it
from . import (
    appointment_type,
    branch,
    practitioner,
    res_company,
    res_users,
    user_home,
)
