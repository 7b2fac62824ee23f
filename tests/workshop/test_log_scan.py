import pytest
from workshop import log_scan


@pytest.fixture
def log(tmp_path):
    return tmp_path / "test-odoo.log"


def kinds(log) -> list[str]:
    return [finding.split(": ")[1] for finding in log_scan.findings([log])]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("sent to +905321110001", "phone number"),
        ("sent to +1 202 555 0123", "phone number"),
        ("from=905321110001", "phone number"),
        ("call 0532 111 00 01 back", "phone number"),
        ("id wamid.HBgMOTA1", "WhatsApp message id"),
        ("Authorization: Bearer abc", "token"),
        ("with EAAGm0PX4ZCps", "token"),
        ("with sandbox-access-token", "token"),
        ("body: Yarın kumquat 10:00", "message text"),
    ],
)
def test_what_no_log_may_hold_is_found(log, line, kind):
    log.write_text(f"2026-11-22 01:06:11,066 18934 INFO db odoo: {line}\n")
    assert kinds(log) == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22 01:06:11,066 18934 INFO ? odoo.sql_db: Closed 1 connections",
        "GET /web/assets/90532111/web.min.js HTTP/1.1 200 - 3 0.905321110001",
        "attachment 4f905321110001ab of 905321110001234 bytes",
        "2026-11-22T01:06:11+0300 started",
        "Navigation result: {'loaderId': 'EAA10EE7631F09C2111946AD71A2E6A3'}",
    ],
)
def test_ordinary_lines_are_not_found(log, line):
    log.write_text(line + "\n")
    assert kinds(log) == []


def test_a_finding_names_the_line_and_does_not_quote_it(log):
    log.write_text("fine\nsent to +905321110001\n")
    assert log_scan.findings([log]) == [f"{log}:2: phone number"]


def test_bytes_that_are_no_text_are_scanned_too(log):
    log.write_bytes(b"\xff\xfe wamid.HBgM\n")
    assert kinds(log) == ["WhatsApp message id"]
