"""Keeping the keys of personal links out of Odoo's log.

Who has the key has the page: an access log, a traceback or a log shipped elsewhere must
not hold it.
"""

import logging
import re

# What stands after the address of a personal page, right or wrong, up to the next part.
_KEY = re.compile(r"(/whatsapp_clinic/consent/)[^/\s?#&\"'<>]+")
_MASK = r"\1***"


def masked(text: str) -> str:
    """The text with `***` for the key of every personal link."""
    return _KEY.sub(_MASK, text)


class MaskPersonalLinks(logging.Filter):
    """Masks message, arguments and traceback of what is logged."""

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        text = record.getMessage()
        if masked(text) != text:
            record.msg, record.args = masked(text), ()
        return True


def mask_personal_links():
    """Mask them in whatever this process logs from now on.

    On the handlers, which see the records of every logger; and on the logger of the
    requests for handlers that come later.
    """
    root = logging.getLogger()
    for place in (logging.getLogger("werkzeug"), *root.handlers):
        if not any(isinstance(one, MaskPersonalLinks) for one in place.filters):
            place.addFilter(MaskPersonalLinks())
