"""A copy of the clinic's database must not write to the clinic's patients."""

import pytest

COPY = "processes_copied_copy"
NEUTRALIZED = "processes_copied_neutralized"
SENT = {"sent", "delivered", "read"}
DUE = 3


@pytest.fixture(scope="module")
def clinic(make_clinic):
    """A clinic with due messages, of which no server has sent any."""
    clinic = make_clinic("copied")
    clinic.enqueue(0, DUE)
    return clinic


@pytest.fixture
def copy(clinic):
    clinic.odoo.copy_database(clinic.database, COPY)
    yield clinic.on(COPY)
    clinic.odoo.drop_database(COPY)


@pytest.fixture
def neutralized(clinic):
    """A neutralised copy in which somebody switched the scheduled actions on again."""
    clinic.odoo.copy_database(clinic.database, NEUTRALIZED)
    clinic.odoo.run("neutralize", "-d", NEUTRALIZED)
    clinic.odoo.sql(NEUTRALIZED, "UPDATE ir_cron SET active = true")
    yield clinic.on(NEUTRALIZED)
    clinic.odoo.drop_database(NEUTRALIZED)


def test_copied_database_sends_nothing_and_says_why(copy):
    with copy.serving() as server:
        copy.run_lanes(server)
    channel = copy.channel(0)
    assert copy.accepted(0) == []
    assert copy.sandbox.stats()["requests"] == 0
    assert copy.states(0) == {"queued": DUE}
    assert channel["state"] == "copied"
    assert "copy" in channel["state_reason"]


def test_copied_database_sends_after_it_was_armed(copy):
    copy.shell(
        "env['whatsapp.clinic.channel'].browse(channel_id).action_arm()",
        channel_id=copy.ids["channels"][0],
    )
    with copy.serving() as server:
        copy.run_lanes(server)
        copy.wait_for_states(0, SENT, 120)
    assert len(copy.accepted(0)) == DUE


def test_neutralized_database_sends_nothing(neutralized):
    before = neutralized.sandbox.stats()["requests"]
    with neutralized.serving() as server:
        neutralized.run_lanes(server)
    assert neutralized.sandbox.stats()["requests"] == before


def test_neutralized_database_has_no_credentials(neutralized):
    kept = neutralized.query(
        "SELECT id FROM whatsapp_clinic_account"
        " WHERE coalesce(access_token, app_secret, verify_token) IS NOT NULL"
    )
    assert kept == []
