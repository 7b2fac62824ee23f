"""What comes while the processor of webhooks ends does not wait for the next minute."""

import random
import time

import pytest
from workshop.clinic import wait_until

MESSAGES = 25
# Seconds after a message in which the processor ends: it stays for half a second.
ENDING = (0.4, 0.9)


@pytest.fixture(scope="module")
def clinic(make_clinic):
    return make_clinic("waking")


def test_a_message_that_comes_as_the_processor_ends_is_seen_at_once(clinic):
    """Each has to be processed before the next is written, which would wake it."""
    dice = random.Random(0x57A1)
    waiting = (
        "SELECT count(*) FROM whatsapp_clinic_message "
        "WHERE direction = 'in' AND body LIKE 'KUMQUAT %'"
    )
    clinic.sandbox.add_patient(f"+{clinic.wa_id(0)}")
    with clinic.serving():
        for number in range(1, MESSAGES + 1):
            clinic.sandbox.write(
                clinic.wa_id(0), clinic.numbers[1], f"KUMQUAT {number}"
            )
            wait_until(
                lambda: clinic.query(waiting)[0]["count"] == number,  # noqa: B023
                30,
                f"message {number} is processed",
            )
            time.sleep(dice.uniform(*ENDING))
