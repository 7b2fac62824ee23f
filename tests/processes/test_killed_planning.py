"""What `kill -9` of Odoo leaves of a rule that is being planned."""

import pytest
from workshop.clinic import wait_until

VISITS = 480
WRITE_RULE = """
from datetime import timedelta
from odoo import fields

rules = env["whatsapp.clinic.message.rule"]
confirmation = rules.search([("branch_ids", "in", ids["branch"])])
confirmation.active = False
first = fields.Datetime.now().replace(second=0) + timedelta(days=4)
env["whatsapp.clinic.appointment"].create([
    {
        "partner_id": ids["patients"][number],
        "branch_id": ids["branch"],
        "practitioner_id": ids["practitioner"],
        "type_id": ids["type"],
        "start": first + timedelta(minutes=30 * number),
        "note": "KUMQUAT",
    }
    for number in range(visits)
])
confirmation.copy({
    "name": "Reminder", "anchor": "start", "offset": 24, "offset_unit": "hours",
    "offset_side": "before", "active": True,
})
"""


@pytest.fixture(scope="module")
def clinic(make_clinic):
    clinic = make_clinic("killed_planning")
    clinic.shell(WRITE_RULE, ids=clinic.ids, visits=VISITS)
    return clinic


def _planned(clinic) -> list[int]:
    """The visits about which something waits, each as often as it does."""
    rows = clinic.query(
        "SELECT res_id FROM whatsapp_clinic_message WHERE state = 'queued' "
        "AND res_model = 'whatsapp.clinic.appointment'"
    )
    return [row["res_id"] for row in rows]


def _left(clinic) -> list[dict]:
    return clinic.query("SELECT last_id FROM whatsapp_clinic_message_planning")


def test_what_a_killed_server_had_not_planned_is_planned_by_the_next(clinic):
    assert len(_left(clinic)) == 1
    assert not _planned(clinic)
    server = clinic.start()
    try:
        wait_until(lambda: clinic.wake_scheduler() or _planned(clinic), 120, "a batch")
    finally:
        server.kill()
    planned = _planned(clinic)
    assert 0 < len(planned) < VISITS, "it was killed while it planned"
    assert _left(clinic)[0]["last_id"] == max(planned)
    with clinic.serving():
        wait_until(lambda: clinic.wake_scheduler() or not _left(clinic), 240, "the end")
    planned = _planned(clinic)
    assert len(planned) == len(set(planned)) == VISITS
