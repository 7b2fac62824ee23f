"""Keeping patients' data out of Odoo's log when a statement fails.

Odoo logs a failing statement with its parameters ("bad query: …"): texts, numbers, ids.
"""

import logging
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_quiet = ContextVar("whatsapp_clinic_quiet_sql", default=False)


# What is in our tables is about patients, whoever writes there: a note on a booking
# that collides, the body of a webhook that comes twice.
OUR_TABLES = "whatsapp_clinic_"


class _WithoutParameters(logging.Filter):
    """Shortens what `odoo.sql_db` logs about our tables, and all within `quiet_sql`."""

    def filter(self, record: logging.LogRecord) -> bool:
        is_error = record.levelno >= logging.ERROR
        if is_error and (_quiet.get() or OUR_TABLES in record.getMessage()):
            record.msg = "A statement failed; its parameters are not logged"
            record.args = ()
        return True


logging.getLogger("odoo.sql_db").addFilter(_WithoutParameters())


@contextmanager
def quiet_sql():
    """Log failing statements of this thread without their parameters."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def place(error: Exception) -> str:
    """Type of an exception and its line; its text may quote a patient."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
