"""What no log may hold: phone numbers, message texts, WhatsApp message ids, tokens."""

import re
from collections.abc import Iterable
from pathlib import Path

from . import paths, postgres

# Every message text in a test contains this word, so that a quoted one is seen.
MARKER = "KUMQUAT"

FORBIDDEN = {
    # International, or the Turkish mobile numbers of the tests: 90 5xx …, 0 5xx …
    "phone number": re.compile(
        r"(?<![\w.+-])(?:"
        r"\+[1-9](?:[ ()-]?\d){9,14}"
        r"|(?:90|0)[ -]?5\d{2}[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}(?!\w)"
        r")"
    ),
    "WhatsApp message id": re.compile(r"wamid\."),
    # WhatsApp's own begin with EAA, as some of Chromium's ids of a page (32 digits) do;
    # the tests' are named after what they are.
    "token": re.compile(
        r"Bearer\s+[\w.-]+|\bEAA(?![0-9A-F]{29}\b)[\w.-]{4,}"
        r"|sandbox-(?:access-token|app-secret)"
    ),
    "message text": re.compile(MARKER, re.IGNORECASE),
}


def files_of_the_test_run() -> list[Path]:
    """The logs of the tests' Odoo processes and of their PostgreSQL server."""
    server = postgres.log_file("test")
    files = [*sorted(paths.LOGS.glob("test-*")), *([server] if server else [])]
    return [file for file in files if file.is_file()]


def empty(files: Iterable[Path]) -> None:
    """Forget earlier runs; emptied and not removed, since a server writes on."""
    for file in files:
        file.open("wb").close()


def findings(files: Iterable[Path]) -> list[str]:
    """`file:line: kind` of what should not be there; never the text itself."""
    return [
        f"{file}:{number}: {kind}"
        for file in files
        for number, line in enumerate(_lines(file), start=1)
        for kind, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]


def _lines(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines()
