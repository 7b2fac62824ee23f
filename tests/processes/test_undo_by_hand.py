"""What somebody sends by hand waits for its undo, in a running server."""

import threading
import time

import pytest
from workshop.clinic import wait_until

COMPOSER = "whatsapp.clinic.composer"
BY_HAND = {"context": {"clinic_sent_by_hand": True}}
SECONDS = 3
LONGEST = 60


@pytest.fixture(scope="module")
def clinic(make_clinic):
    clinic = make_clinic("undo_by_hand")
    with clinic.serving():
        yield clinic


@pytest.fixture(autouse=True)
def seconds_to_undo(clinic):
    set_seconds(clinic, SECONDS)


def set_seconds(clinic, seconds: int) -> None:
    statement = f"UPDATE res_company SET clinic_undo_seconds = {seconds}"
    clinic.odoo.sql(clinic.database, statement)


@pytest.fixture(scope="module")
def receptionist(clinic):
    return clinic.receptionist(clinic.servers[-1])


def write(clinic, receptionist, patient: int) -> int:
    """A composer about the patient of a place, filled in; its id."""
    values = {
        "res_model": "res.partner",
        "res_ids": [clinic.ids["patients"][patient]],
        "content": "template",
        "template_id": clinic.ids["letter"],
        "purpose_id": clinic.ids["purpose"],
        "channel_id": clinic.ids["channels"][1],
    }
    return receptionist.call(COMPOSER, "create", values)


def send(receptionist, composer: int) -> dict:
    return receptionist.call(COMPOSER, "action_send", [composer], **BY_HAND)


def let_the_time_be_over(clinic, patient: int) -> None:
    clinic.odoo.sql(
        clinic.database,
        "UPDATE whatsapp_clinic_message SET due_at = now() AT TIME ZONE 'UTC'"
        f" WHERE partner_id = {clinic.ids['patients'][patient]}",
    )


def arrived(clinic, patient: int) -> list[dict]:
    wa_id = clinic.wa_id(patient)
    return [one for one in clinic.accepted(1) if one["to"].lstrip("+") == wa_id]


def test_message_leaves_when_its_time_is_over_and_not_before(clinic, receptionist):
    composer = write(clinic, receptionist, 0)
    clicked = time.time()
    send(receptionist, composer)
    wait_until(lambda: arrived(clinic, 0), 90, "the message arrives")
    waited = arrived(clinic, 0)[0]["timestamp"] - clicked
    print(f"seconds from the click to the arrival: {waited:.2f}, of them {SECONDS} set")
    assert waited >= SECONDS


def test_undone_message_never_leaves(clinic, receptionist):
    undone, later = write(clinic, receptionist, 1), write(clinic, receptionist, 2)
    set_seconds(clinic, LONGEST)
    send(receptionist, undone)
    told = receptionist.call(COMPOSER, "action_undo", [undone])
    assert told["params"]["wizard"] == {"model": COMPOSER, "id": undone}
    let_the_time_be_over(clinic, 1)
    set_seconds(clinic, SECONDS)
    send(receptionist, later)
    wait_until(lambda: arrived(clinic, 2), 90, "the later message arrives")
    assert not arrived(clinic, 1)


def test_two_clicks_at_once_send_one_message(clinic, receptionist):
    composer = write(clinic, receptionist, 3)
    clicks = [
        threading.Thread(target=send, args=(receptionist, composer)) for _ in range(4)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    wait_until(lambda: arrived(clinic, 3), 90, "the message arrives")
    patient = clinic.ids["patients"][3]
    assert [row["partner_id"] for row in clinic.messages(1)].count(patient) == 1
