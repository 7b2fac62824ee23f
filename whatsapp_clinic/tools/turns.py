"""Who works in the background lets threads that answer people have their turn."""

import sys
from contextlib import contextmanager

_USUAL = sys.getswitchinterval()
# Seconds; with the usual five thousandths a page may wait so long after each query.
_SHORT = 0.0005


@contextmanager
def short_turns():
    """While it lasts, the interpreter goes from thread to thread ten times as often."""
    sys.setswitchinterval(min(_SHORT, _USUAL))
    try:
        yield
    finally:
        sys.setswitchinterval(_USUAL)
