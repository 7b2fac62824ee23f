"""Secrets that come from outside the database, and are not stored in it.

The environment of the server (`WHATSAPP_CLINIC_<NAME>_ACCESS_TOKEN`) comes before
Odoo's configuration file (section `[whatsapp_clinic]`, `<name>_access_token = …`).
"""

import configparser
import os
from functools import lru_cache

from odoo.tools import config

SECRETS = ("access_token", "app_secret", "verify_token")
SECTION = "whatsapp_clinic"
ENVIRONMENT, FILE = "environment", "file"


def given_secret(name: str | None, kind: str) -> tuple[str | None, str | None]:
    """One of SECRETS for an account's name (as MAIN), and where it comes from.

    (None, None) where nobody gives it.
    """
    if not name:
        return None, None
    value = os.environ.get(f"{SECTION}_{name}_{kind}".upper(), "").strip()
    if value:
        return value, ENVIRONMENT
    value = _in_file().get(f"{name}_{kind}".lower(), "").strip()
    return (value, FILE) if value else (None, None)


def names_given(kind: str) -> list[str]:
    """The names for which one of SECRETS is given."""
    start, end = f"{SECTION}_".upper(), f"_{kind}"
    words = {
        word.removeprefix(start)
        for word, value in os.environ.items()
        if word.startswith(start) and value.strip()
    } | {word.upper() for word, value in _in_file().items() if value.strip()}
    return [
        word.removesuffix(end.upper()) for word in words if word.endswith(end.upper())
    ]


def _in_file() -> dict[str, str]:
    path = config["config"]
    try:
        return _section(path, os.stat(path).st_mtime_ns)
    except (OSError, TypeError):
        return {}


@lru_cache(maxsize=4)
def _section(path: str, _changed_at: int) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read([path])
    return dict(parser.items(SECTION)) if parser.has_section(SECTION) else {}
