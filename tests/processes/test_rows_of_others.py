"""A scheduled action waits for who writes the same row; it does not fail."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from workshop.clinic import wait_until

KINDS = ("check", "load_templates")
ASK = "env['whatsapp.clinic.channel'].browse(row_id)._ask(kind)"
ASKED = "set_up_channels"
PORTFOLIO = "answer = env['whatsapp.clinic.portfolio'].search([], limit=1).id"
RUN = """
done = env.ref("whatsapp_clinic." + action).method_direct_trigger()
answer = done is True
"""
# What a webhook that got lost leaves behind.
SENT_LONG_AGO = """
UPDATE whatsapp_clinic_message SET status_at = NULL, state = 'sent',
    claimed_at = claimed_at - interval '2 hours'
WHERE id = {row_id}
"""
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture(scope="module")
def clinic(make_clinic):
    clinic = make_clinic("rows_of_others")
    clinic.sandbox.switch(message_history=True, webhooks_enabled=False)
    return clinic


@contextmanager
def changing(clinic, table: str, row_id: int):
    """Somebody changes a row and has not committed yet; commits at the end."""
    words = ("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", clinic.database)
    with subprocess.Popen(
        words,
        env={**os.environ, **clinic.odoo.server.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as psql:
        psql.stdin.write(
            f"BEGIN; UPDATE {table} SET write_date = write_date WHERE id = {row_id};\n"
            "SELECT 'changed';\n"
        )
        psql.stdin.flush()
        assert psql.stdout.readline() == "changed\n"
        yield
        psql.stdin.write("COMMIT;\n")


def run_beside_a_change(clinic, action: str, table: str, row_id: int) -> bool:
    """Whether the action ended well, although it met a change not committed yet."""
    with ThreadPoolExecutor(1) as pool:
        with changing(clinic, table, row_id):
            run = pool.submit(clinic.shell, RUN, action=action)
            wait_until(lambda: clinic.query(WAITING), 120, "the action meets it")
        return run.result(120)


@pytest.mark.parametrize("kind", KINDS)
def test_action_for_a_channel_waits_for_who_changes_it(clinic, kind):
    row_id = clinic.ids["channels"][0]
    clinic.shell(ASK, row_id=row_id, kind=kind)
    # It meets the row where it writes what was found.
    table = "whatsapp_clinic_channel"
    if kind == "load_templates":
        (portfolio, *_others) = clinic.sandbox.limits()
        clinic.sandbox.set_messaging_limit(portfolio["portfolio"], 2000)
        table, row_id = "whatsapp_clinic_portfolio", clinic.shell(PORTFOLIO)
    assert run_beside_a_change(clinic, ASKED, table, row_id)
    states = clinic.query("SELECT state FROM whatsapp_clinic_channel_task")
    assert {row["state"] for row in states} <= {"done"}


def test_missing_status_is_written_after_that_of_a_webhook(clinic):
    clinic.enqueue(0, 1)
    with clinic.serving() as server:
        clinic.run_lanes(server)
        clinic.wait_for_states(0, {"sent"}, 120)
    (row,) = clinic.query("SELECT id FROM whatsapp_clinic_message WHERE state = 'sent'")
    clinic.odoo.sql(clinic.database, SENT_LONG_AGO.format(row_id=row["id"]))
    clinic.shell("env['whatsapp.clinic.reconciliation']._cron_reconcile()")
    table = "whatsapp_clinic_message"
    assert run_beside_a_change(clinic, ASKED, table, row["id"])
    assert clinic.states(0) == {"delivered": 1}
