"""Patients with a user name: the business knows their user id and no phone."""

from __future__ import annotations

import base64
import json

import pytest
import requests

from .conftest import (
    NUMBER,
    PATIENT,
    SISTER_NUMBER,
    USER_ID,
    WA_ID,
    accepted,
    body_of,
    error,
    reminder,
    template_message,
    text,
)

NEW_USER_ID = "TR.1122334455667788"


@pytest.fixture
def hidden(whatsapp):
    """The sandbox, with a patient who has a user name."""
    whatsapp.control("PATCH", f"patients/{WA_ID}", username="ayse")
    return whatsapp


def to_user_id(payload, user_id: str = USER_ID):
    return {**{k: v for k, v in payload.items() if k != "to"}, "recipient": user_id}


def all_bytes(receiver) -> bytes:
    bodies = b"".join(body for body, _headers in receiver.requests)
    ids = {
        one["id"] for kind in ("messages", "statuses") for one in receiver.items(kind)
    }
    decoded = [base64.b64decode(one.removeprefix("wamid.")) for one in ids]
    return b"".join([bodies, *decoded])


def test_neither_direction_tells_the_phone(hidden, receiver):
    hidden.write()
    accepted(hidden.send(to_user_id(reminder())))
    hidden.control("POST", f"patients/{WA_ID}/read")
    receiver.wait_for_statuses("sent", "delivered", "read")
    receiver.wait_for("messages")
    assert WA_ID.encode() not in all_bytes(receiver)


def test_every_status_names_the_user_id(hidden, receiver):
    accepted(hidden.send(to_user_id(reminder())))
    hidden.control("POST", f"patients/{WA_ID}/read")
    statuses = receiver.wait_for_statuses("sent", "delivered", "read")
    for status in statuses.values():
        assert "recipient_id" not in status
        assert status["recipient_user_id"] == USER_ID


def test_a_failure_of_what_went_to_a_user_id_names_it(hidden, receiver):
    accepted(hidden.send(to_user_id(text())))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["recipient_user_id"] == USER_ID
    assert "recipient_id" not in failed


def test_a_send_to_the_phone_answers_as_usual(hidden):
    contacts = hidden.send(reminder()).json()["contacts"]
    assert contacts == [{"input": PATIENT, "wa_id": WA_ID}]


def test_statuses_of_a_send_to_the_phone_name_the_user_id_only(hidden, receiver):
    hidden.reminder()
    statuses = receiver.wait_for_statuses("sent", "delivered")
    for status in statuses.values():
        assert "recipient_id" not in status
        assert status["recipient_user_id"] == USER_ID


def test_the_window_that_a_user_name_opens_lets_texts_through(hidden, receiver):
    hidden.write()
    accepted(hidden.send(to_user_id(text())))
    receiver.wait_for_statuses("delivered")


def test_an_unknown_user_id_is_131009(whatsapp):
    answer = whatsapp.send(to_user_id(reminder(), "TR.404"))
    assert error(answer)["code"] == 131009


def test_a_code_cannot_go_to_a_user_id(whatsapp):
    payload = template_message("code", [body_of("123456")])
    accepted(whatsapp.send(payload, SISTER_NUMBER))
    answer = whatsapp.send(to_user_id(payload), SISTER_NUMBER)
    assert error(answer)["code"] == 131062


def test_stopping_marketing_tells_the_user_id_only(hidden, receiver):
    path = f"patients/{WA_ID}/preferences"
    hidden.control("POST", path, phone_number_id=NUMBER, value="stop")
    (preference,) = receiver.wait_for("user_preferences")
    assert preference["user_id"] == USER_ID
    assert "wa_id" not in preference


def test_a_patient_is_found_by_user_id(hidden):
    assert hidden.write(wa_id=USER_ID)
    (bubble,) = hidden.thread(USER_ID)
    assert bubble["direction"] == "in"


def test_a_user_name_can_be_given_from_the_start(whatsapp, receiver):
    phone = "+905329999999"
    added = whatsapp.control("POST", "patients", phone=phone, username="deniz")
    whatsapp.write(wa_id=added["wa_id"])
    (message,) = receiver.wait_for("messages")
    assert "from" not in message


@pytest.mark.parametrize("username", [None, "ayse"])
def test_a_new_user_id_is_told_by_a_system_message(whatsapp, receiver, username):
    whatsapp.control("PATCH", f"patients/{WA_ID}", username=username)
    whatsapp.control(
        "POST",
        f"patients/{WA_ID}/change_user_id",
        phone_number_id=NUMBER,
        new_user_id=NEW_USER_ID,
    )
    (message,) = receiver.wait_for("messages")
    assert message["from_user_id"] == USER_ID
    assert ("from" in message) == (username is None)
    assert message["system"]["type"] == "user_changed_user_id"
    assert message["system"]["user_id"] == NEW_USER_ID
    assert message["system"]["previous_user_id"] == USER_ID
    assert "contacts" not in receiver.values()[0]
    accepted(whatsapp.send(to_user_id(reminder(), NEW_USER_ID)))
    assert error(whatsapp.send(to_user_id(reminder())))["code"] == 131009


def test_a_new_user_id_may_stand_in_the_words_only(whatsapp, receiver):
    whatsapp.switch(user_ids_in_body_only=True)
    body = {"phone_number_id": NUMBER, "new_user_id": NEW_USER_ID}
    whatsapp.control("POST", f"patients/{WA_ID}/change_user_id", **body)
    (message,) = receiver.wait_for("messages")
    assert message["system"].keys() == {"body", "type"}
    assert f"from {USER_ID} to {NEW_USER_ID}" in message["system"]["body"]


def test_a_message_id_to_a_user_id_contains_it(hidden):
    message_id = accepted(hidden.send(to_user_id(reminder())))
    decoded = base64.b64decode(message_id.removeprefix("wamid."))
    assert USER_ID.encode() in decoded and WA_ID.encode() not in decoded


def test_a_user_id_belongs_to_one_patient(whatsapp):
    body = {"phone_number_id": NUMBER, "new_user_id": "TR.7351904826292514"}
    with pytest.raises(requests.HTTPError, match="409"):
        whatsapp.control("POST", f"patients/{WA_ID}/change_user_id", **body)


def test_a_new_phone_behind_a_user_name_is_not_told(hidden, receiver):
    path = f"patients/{WA_ID}/change_number"
    hidden.control("POST", path, phone_number_id=NUMBER, new_phone="+905321119999")
    (message,) = receiver.wait_for("messages")
    assert message["system"]["type"] == "user_changed_number"
    assert message["system"]["previous_user_id"] == USER_ID
    assert b"905321119999" not in all_bytes(receiver)
    assert WA_ID not in json.dumps(message)
