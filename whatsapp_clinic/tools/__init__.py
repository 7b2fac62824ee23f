from . import access, clock, fingerprint, phone, quiet_sql, text, wake_up
