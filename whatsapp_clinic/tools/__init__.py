from . import (
    access,
    attempts,
    clock,
    fingerprint,
    given_secret,
    parameter,
    phone,
    quiet_sql,
    signature,
    text,
    transaction,
    wake_up,
)
