"""Keeping patients' data out of Odoo's log when a statement fails.

Odoo logs a failing statement with its parameters ("bad query: …"): texts, numbers, ids.
"""

import logging
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_quiet = ContextVar("whatsapp_clinic_quiet_sql", default=False)


class _WithoutParameters(logging.Filter):
    """Shortens what `odoo.sql_db` logs while `quiet_sql` is active in this context."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _quiet.get() and record.levelno >= logging.ERROR:
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
