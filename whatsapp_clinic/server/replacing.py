"""Replacing a function of Odoo's server, where it is the one that is known."""

import hashlib
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass

_logger = logging.getLogger(__name__)
_REPLACED = "_whatsapp_clinic_replaced"


@dataclass(frozen=True)
class Known:
    """What a function of Odoo's looks like: its signature, and hashes of its text.

    `without` says what Odoo's own way means, for who reads the log.
    """

    signature: str
    hashes: frozenset[str]
    without: str

    def is_like(self, function: Callable) -> bool:
        told = str(inspect.signature(function, follow_wrapped=False))
        return told == self.signature and text_hash(function) in self.hashes


def text_hash(function: Callable) -> str | None:
    """Of its source, whatever Python compiles it; None where there is no source.

    Of a function that somebody else has wrapped it is the wrapper's.
    """
    try:
        text = inspect.getsource(function.__code__)
    except (AttributeError, OSError):
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def replace(owner: type, name: str, known: Known, make: Callable) -> bool:
    """Have `owner.name` be `make(owner.name)` from now on, once in a process.

    Whether it is. Another function than the known one stays, with a warning.
    """
    function = getattr(owner, name)
    if hasattr(function, _REPLACED):
        return True
    if not known.is_like(function):
        _logger.warning(
            "%s.%s is not the function of Odoo that is known, and stays as it is: %s",
            owner.__qualname__,
            name,
            known.without,
        )
        return False
    replacement = make(function)
    setattr(replacement, _REPLACED, True)
    setattr(owner, name, replacement)
    return True
