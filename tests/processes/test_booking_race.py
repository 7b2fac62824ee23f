"""Fifty people want the same slot at the same moment."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from workshop.clinic import Refused

PEOPLE = 50
START = "2099-03-01 09:00:00"


@pytest.fixture(scope="module")
def clinic(make_clinic):
    return make_clinic("booking_race")


@pytest.fixture(scope="module")
def answers(clinic):
    """The refusal of each who tried; None of who got the slot."""
    with clinic.serving() as server:
        receptionist = clinic.receptionist(server)
        # A server that has just started reads half of Odoo's code first.
        assert _book(clinic, receptionist, 0, "2099-03-02 09:00:00") is None
        with ThreadPoolExecutor(PEOPLE) as people:
            return list(
                people.map(
                    lambda patient: _book(clinic, receptionist, patient, START),
                    range(PEOPLE),
                )
            )


def _book(clinic, receptionist, patient: int, start: str) -> str | None:
    values = clinic.appointment(patient, start)
    try:
        receptionist.call("whatsapp.clinic.appointment", "create", [values])
    except Refused as error:
        return str(error)
    return None


def test_one_of_fifty_gets_the_slot(clinic, answers):
    assert answers.count(None) == 1
    taken = clinic.query(
        f"SELECT id FROM whatsapp_clinic_appointment WHERE start = '{START}'"
        f" AND practitioner_id = {clinic.ids['practitioner']}"
    )
    assert len(taken) == 1


def test_the_others_hear_that_the_time_is_taken(answers):
    refusals = [refusal for refusal in answers if refusal]
    assert len(refusals) == PEOPLE - 1
    assert all("This time is already taken" in one for one in refusals), refusals


def test_race_for_a_slot_makes_no_deadlock(clinic, answers):
    logs = clinic.postgres_log() + clinic.odoo_log()
    assert re.findall(r"(?i)deadlock", logs) == []
