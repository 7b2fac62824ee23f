from . import (
    access,
    clock,
    fingerprint,
    parameter,
    phone,
    quiet_sql,
    scheduler,
    text,
    transaction,
    wake_up,
)
