"""Each check of a send, and that it comes before the next one.

Every case breaks what its own check looks at and everything that later checks see.
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import (
    LOCKED_NUMBER,
    NUMBER,
    SLOW_NUMBER,
    TEST_NUMBER,
    UNREGISTERED,
    WA_ID,
    accepted,
    buttons,
    envelope,
    error,
    template_message,
    text,
)


def test_a_path_without_a_version_is_unknown(whatsapp):
    answer = whatsapp.graph("POST", f"/{NUMBER}/messages", token="wrong", json={})
    assert (answer.status_code, error(answer)["code"]) == (400, 2500)


def test_a_version_that_does_not_exist_yet_is_unknown(whatsapp):
    answer = whatsapp.graph("POST", f"/v99.0/{NUMBER}/messages", json=text())
    assert error(answer)["code"] == 2500


def test_an_expired_version_is_served_by_the_oldest_usable_one(whatsapp):
    answer = whatsapp.graph("GET", f"/v17.0/{NUMBER}")
    assert answer.status_code == 200
    assert answer.headers["facebook-api-version"] == "v21.0"


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_bad_token_is_refused_before_the_object_is_looked_up(whatsapp, token):
    answer = whatsapp.graph("POST", "/v26.0/404/messages", token=token, json={})
    assert (answer.status_code, error(answer)["code"]) == (401, 190)
    assert error(answer)["type"] == "OAuthException"
    assert answer.headers["WWW-Authenticate"].startswith(
        'OAuth "Facebook Platform" "invalid_token"'
    )


def test_an_unknown_object_is_100_33_before_the_body_is_read(whatsapp):
    answer = whatsapp.graph("POST", "/v26.0/404/messages", data=b"{")
    found = error(answer)
    assert (answer.status_code, found["code"], found["error_subcode"]) == (400, 100, 33)
    assert found["type"] == "GraphMethodException"


def test_an_edge_that_the_object_lacks_is_100_33(whatsapp):
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}/message_templates")
    assert error(answer)["error_subcode"] == 33


def test_an_unregistered_number_is_133010_before_the_body_is_read(whatsapp):
    answer = whatsapp.graph("POST", f"/v26.0/{UNREGISTERED}/messages", data=b"{")
    assert error(answer)["code"] == 133010


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"text"', b'{"a":"\\ud800"}', b"\xff", b"[" * 100_000]
)
def test_a_body_that_is_not_a_json_object_is_100(whatsapp, body):
    headers = {"Content-Type": "application/json"}
    path = f"/v26.0/{NUMBER}/messages"
    answer = whatsapp.graph("POST", path, data=body, headers=headers)
    assert (answer.status_code, error(answer)["code"]) == (400, 100)


def test_a_body_that_is_not_declared_as_json_has_no_parameters(whatsapp):
    answer = whatsapp.graph("POST", f"/v26.0/{NUMBER}/messages", data=b"{}")
    found = error(answer)["message"]
    assert found == "(#100) The parameter messaging_product is required."


def broken(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**text(), **changes}.items() if value != ""}


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "(#100) The parameter messaging_product is required."),
        (
            {"messaging_product": "sms"},
            '(#100) Param messaging_product must be one of {WHATSAPP} - got "sms".',
        ),
        (broken(to="", type="x"), "(#100) The parameter to is required."),
        (broken(to="abc", type="x"), "(#100) Invalid parameter"),
        (broken(text=""), "(#100) The parameter text is required."),
        (broken(text={}), "(#100) The parameter text['body'] is required."),
        (
            broken(text={"body": "x" * 4097}),
            "(#100) Param text['body'] must be at most 4096 characters long.",
        ),
        (
            broken(recipient_type="everybody"),
            "(#100) Param recipient_type must be one of {individual}"
            ' - got "everybody".',
        ),
        (
            broken(context={}),
            "(#100) The parameter context['message_id'] is required.",
        ),
    ],
)
def test_a_faulty_envelope_is_100_with_metas_words(whatsapp, payload, message):
    answer = whatsapp.send(payload)
    assert answer.status_code == 400
    assert (error(answer)["code"], error(answer)["message"]) == (100, message)


def test_an_unknown_type_is_100_and_names_the_known_ones(whatsapp):
    found = error(whatsapp.send(envelope("telegram", {})))
    assert found["code"] == 100
    assert "interactive" in found["message"]


def test_callback_data_may_have_512_characters(whatsapp):
    accepted(whatsapp.send(text(biz_opaque_callback_data="x" * 512)))
    answer = whatsapp.send(text(biz_opaque_callback_data="x" * 513))
    assert error(answer)["code"] == 100


def test_direct_send_is_refused(whatsapp):
    assert error(whatsapp.send(text(category="utility")))["code"] == 100


def test_limits_of_the_type_come_before_the_allow_list(whatsapp):
    answer = whatsapp.send(buttons(("1", "x" * 21)), number=TEST_NUMBER)
    assert error(answer)["code"] == 131009


def test_a_test_number_writes_to_its_allow_list_only(whatsapp):
    accepted(whatsapp.send(text(to="+905321110002"), number=TEST_NUMBER))
    answer = whatsapp.send(text(to="+905550000012"), number=TEST_NUMBER)
    assert error(answer)["code"] == 131030


def test_a_number_cannot_write_to_itself(whatsapp):
    answer = whatsapp.send(template_message("none", to="+905550000021"), LOCKED_NUMBER)
    assert error(answer)["code"] == 131021


def test_a_blocked_user_is_130403_before_the_state_of_the_account(whatsapp):
    whatsapp.control("PATCH", f"patients/{WA_ID}", blocked_by_business=True)
    assert error(whatsapp.send(text(), LOCKED_NUMBER))["code"] == 130403


def test_a_locked_account_is_131031_before_the_template_is_looked_up(whatsapp):
    answer = whatsapp.send(template_message("none"), LOCKED_NUMBER)
    assert (answer.status_code, error(answer)["code"]) == (403, 131031)


def test_a_missing_template_is_132001_before_the_pace_is_counted(whatsapp):
    for _ in range(10):
        answer = whatsapp.send(template_message("none"), SLOW_NUMBER)
        assert (answer.status_code, error(answer)["code"]) == (404, 132001)


def test_more_than_the_throughput_is_130429(whatsapp):
    accepted(whatsapp.send(text(), SLOW_NUMBER))
    answer = whatsapp.send(text(to="+905321110002"), SLOW_NUMBER)
    assert error(answer)["code"] == 130429


def test_throughput_comes_back_with_time(whatsapp):
    accepted(whatsapp.send(text(), SLOW_NUMBER))
    whatsapp.control("POST", "clock", advance_seconds=1)
    accepted(whatsapp.send(text(), SLOW_NUMBER))


def test_throughput_can_be_switched_off(whatsapp):
    whatsapp.switch(throughput_limit=False)
    for n in range(6):
        accepted(whatsapp.send(text(to=f"+90532222000{n}"), SLOW_NUMBER))


def test_one_recipient_takes_45_at_once_and_then_one_in_six_seconds(whatsapp):
    for _ in range(45):
        whatsapp.text()
    assert error(whatsapp.send(text()))["code"] == 131056
    whatsapp.text(to="+905321110002")
    whatsapp.control("POST", "clock", advance_seconds=6.1)
    whatsapp.text()
    assert error(whatsapp.send(text()))["code"] == 131056


def test_the_pair_limit_can_be_switched_off(whatsapp):
    whatsapp.switch(pair_limit=False)
    for _ in range(50):
        whatsapp.text()
