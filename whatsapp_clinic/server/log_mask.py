"""Keeping out of Odoo's log what nobody should read there.

Who has the key of a personal link has the page, who has the verify token answers Meta's
question, and what we tell users quotes names, phones and dates: an access log, a
traceback or a log shipped elsewhere must not hold them.
"""

import logging
import re
import traceback
from pathlib import Path

from odoo.exceptions import UserError

from ..tools.quiet_sql import place


def _spelled(word: str) -> str:
    """A pattern for a word of which any letter may be encoded, once or more often."""
    return "".join(f"(?:{re.escape(one)}|%(?:25)*{ord(one):02x})" for one in word)


_SLASHES = r"(?:(?:/|\\|%(?:25)*(?:2f|5c))(?:\.(?=[/\\%]))*)+"
# What stands after the address of a personal page, right or wrong, however the address
# is written; only what is done there stays readable.
_KEY = re.compile(
    rf"({_spelled('whatsapp_clinic')}{_SLASHES}{_spelled('consent')}{_SLASHES})"
    r"[^\s?#&\"'<>]+?((?:/withdraw)?(?=[\s?#&\"'<>]|$))",
    re.IGNORECASE,
)
_VERIFY_TOKEN = re.compile(
    rf"({_spelled('verify_token')}(?:=|%(?:25)*3d))[^&\s\"'<>]+()", re.IGNORECASE
)
_MASK = r"\1***\2"
_ADDON = Path(__file__).resolve().parents[1]
# Says what is missing to who installs the addon, who has only the log.
_HOOKS = _ADDON / "hooks.py"


def masked(text: str) -> str:
    """The text with `***` for the key of every personal link and for verify tokens."""
    return _VERIFY_TOKEN.sub(_MASK, _KEY.sub(_MASK, text))


def _is_of_the_addon(error) -> bool:
    """Whether it tells a user something, and came from within the addon."""
    frames = traceback.walk_tb(getattr(error, "__traceback__", None))
    files = {Path(frame.f_code.co_filename) for frame, _line in frames} - {_HOOKS}
    return isinstance(error, UserError) and any(
        _ADDON in file.parents for file in files
    )


class MaskPersonalLinks(logging.Filter):
    """Masks message, arguments and traceback of what is logged.

    Of the addon's own user errors only type and place are left.
    """

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        if _is_of_the_addon(record.msg):
            record.msg, record.args = place(record.msg), ()
        if record.exc_info and _is_of_the_addon(record.exc_info[1]):
            record.exc_text = place(record.exc_info[1])
            record.exc_info = None
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
    for target in (logging.getLogger("werkzeug"), *root.handlers):
        if not any(isinstance(one, MaskPersonalLinks) for one in target.filters):
            target.addFilter(MaskPersonalLinks())
