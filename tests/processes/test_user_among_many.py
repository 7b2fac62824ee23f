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
def delays(clinic):
    """Seconds from a booking's answer to the arrival of its confirmation, thrice."""
    with clinic.serving() as server:
        receptionist = clinic.receptionist(server)
        wait_until(lambda: _moves(clinic), 30, "the backlog moves")
        delays = [_book_and_wait(clinic, receptionist, day) for day in (1, 2, 3)]
        clinic.left_at_the_end = clinic.states(0)["queued"]
    return delays


def _moves(clinic) -> bool:
    clinic.wake_scheduler()
    return len(clinic.accepted(0)) > 100


def _book_and_wait(clinic, receptionist, day: int) -> float:
    before = len(clinic.accepted(1))
    values = clinic.appointment(day, f"2027-02-{day:02} 09:00:00")
    receptionist.call("whatsapp.clinic.appointment", "create", [values])
    booked = time.time()
    wait_until(lambda: len(clinic.accepted(1)) > before, 30, "a confirmation")
    return clinic.accepted(1)[-1]["timestamp"] - booked


def test_confirmation_leaves_within_two_seconds_while_thousands_wait(clinic, delays):
    print("seconds from booking to acceptance:", [round(one, 2) for one in delays])
    assert min(delays) <= 2
    assert clinic.left_at_the_end > 0
