"""What WhatsApp is asked for besides sending, and `kill -9` in the middle of it."""

import pytest
from workshop.clinic import wait_until

NAME = "asked_kumquat"
SUBMIT = """
channel = env["whatsapp.clinic.channel"].browse(channel_id)
draft = env["whatsapp.clinic.template"].create({
    "name": name,
    "language": "en",
    "body_text": "Dear patient, this is " + name + ", see you soon.",
    "business_account_id": channel.business_account_id,
})
draft.action_submit()
answer = draft.id
"""
# Who read or wrote a table of ours in a transaction that is still open. (Odoo itself
# holds one open that locks the row of the scheduled action.)
OPEN = """
SELECT pid, relation::regclass::text AS name FROM pg_locks
WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND relation::regclass::text LIKE 'whatsapp_clinic_%' AND pid <> pg_backend_pid()
"""
TASK = "SELECT state FROM whatsapp_clinic_channel_task WHERE kind = 'template_create'"
STATUS = f"SELECT status FROM whatsapp_clinic_template WHERE name = '{NAME}'"


@pytest.fixture(scope="module")
def clinic(make_clinic):
    return make_clinic("requests")


def test_server_killed_over_a_submission_submits_once(clinic):
    # WhatsApp has the template, and its answer does not come.
    clinic.sandbox.fault(
        "hang_after_accept", edge="message_templates", count=1, seconds=60
    )
    server = clinic.start()
    try:
        clinic.shell(SUBMIT, channel_id=clinic.ids["channels"][0], name=NAME)
        wait_until(lambda: _named(clinic) or clinic.wake_scheduler(), 120, "submission")
        assert clinic.query(TASK) == [{"state": "running"}]
        assert clinic.query(STATUS) == [{"status": "DRAFT"}]
        assert clinic.query(OPEN) == []
    finally:
        server.kill()
    with clinic.serving():
        wait_until(
            lambda: clinic.query(TASK) == [{"state": "done"}] or _ask_again(clinic),
            180,
            "the outcome",
        )
    assert len(_named(clinic)) == 1
    assert clinic.query(STATUS) == [{"status": "PENDING"}]


def _named(clinic) -> list[dict]:
    return [one for one in clinic.sandbox.templates() if one["name"] == NAME]


def _ask_again(clinic) -> None:
    """What the action's own hour does."""
    clinic.odoo.sql(
        clinic.database,
        "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' - interval '1 minute' "
        "WHERE id = (SELECT res_id FROM ir_model_data WHERE name = 'set_up_channels' "
        "AND module = 'whatsapp_clinic')",
    )
    clinic.wake_scheduler()
