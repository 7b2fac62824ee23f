"""What a user causes does not wait behind a channel with a long queue."""

import time

import pytest
from workshop.clinic import wait_until

BACKLOG = 10_000
# One row per patient is queued; the rest are copies of them under keys of their own.
MULTIPLY = """
INSERT INTO whatsapp_clinic_message
SELECT (jsonb_populate_record(message, jsonb_build_object(
    'id', nextval('whatsapp_clinic_message_id_seq'), 'key', gen_random_uuid()
))).*
FROM whatsapp_clinic_message AS message, generate_series(2, {times})
WHERE message.channel_id = {channel} AND message.state = 'queued'
"""


@pytest.fixture(scope="module")
def clinic(make_clinic):
    clinic = make_clinic("user_among_many")
    clinic.sandbox.switch(latency_ms=100, pair_limit=False)
    clinic.enqueue(0, 500)
    statement = MULTIPLY.format(times=BACKLOG // 500, channel=clinic.ids["channels"][0])
    clinic.odoo.sql(clinic.database, statement)
    assert clinic.states(0) == {"queued": BACKLOG}
    return clinic


@pytest.fixture(scope="module")
def overtaken(clinic):
    """How much of the backlog left between a booking and its confirmation, thrice."""
    with clinic.serving() as server:
        receptionist = clinic.receptionist(server)
        wait_until(lambda: _moves(clinic), 90, "the backlog moves")
        return [_book_and_wait(clinic, receptionist, day) for day in (1, 2, 3)]


def _moves(clinic) -> bool:
    clinic.wake_scheduler()
    return len(clinic.accepted(0)) > 100


def _book_and_wait(clinic, receptionist, day: int) -> int:
    before = len(clinic.accepted(1))
    values = clinic.appointment(day, f"2099-02-{day:02} 09:00:00")
    receptionist.call("whatsapp.clinic.appointment", "create", [values])
    booked = time.time()
    wait_until(lambda: len(clinic.accepted(1)) > before, 90, "a confirmation")
    arrived = clinic.accepted(1)[-1]["timestamp"]
    print(f"{arrived - booked:.2f} s from booking to acceptance")
    return sum(booked < one["timestamp"] < arrived for one in clinic.accepted(0))


def test_confirmation_does_not_wait_behind_thousands(overtaken):
    assert min(overtaken) <= BACKLOG / 10
    assert sum(overtaken) > 0
