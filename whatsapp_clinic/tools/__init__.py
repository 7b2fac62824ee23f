from . import (
    access,
    clock,
    fingerprint,
    parameter,
    phone,
    quiet_sql,
    text,
    transaction,
    wake_up,
)
