from . import (
    access,
    clock,
    fingerprint,
    phone,
    quiet_sql,
    text,
    transaction,
    wake_up,
)
