"""What fills a template: everything once, of the right type, and nothing besides."""

from __future__ import annotations

import json

import pytest

from .conftest import (
    JSON,
    NUMBER,
    REMINDER_VALUES,
    accepted,
    body_of,
    error,
    quick_reply,
    template_message,
)

LINK = {
    "type": "button",
    "sub_type": "url",
    "index": "0",
    "parameters": [{"type": "text", "text": "page"}],
}


def reminder(*components):
    body = body_of(**REMINDER_VALUES)
    return template_message("appointment_reminder", [body, *components], "tr")


def button(template: str, sub_type: str, parameters: list):
    component = {
        "type": "button",
        "sub_type": sub_type,
        "index": 0,
        "parameters": parameters,
    }
    return template_message(template, [component])


def details(answer) -> tuple[int, str]:
    found = error(answer)
    return found["code"], found["error_data"]["details"]


@pytest.mark.parametrize("kind", ["currency", "date_time"])
def test_money_and_times_show_as_what_they_fall_back_to(whatsapp, kind):
    body = body_of("Ada")
    body["parameters"].append({"type": kind, kind: {"fallback_value": "KUMQUAT"}})
    accepted(whatsapp.send(template_message("positional", [body])))
    (bubble,) = whatsapp.thread()
    assert bubble["text"] == "Hello Ada, see you at KUMQUAT then."


def test_money_without_what_it_falls_back_to_is_100(whatsapp):
    body = body_of("Ada")
    body["parameters"].append({"type": "currency", "currency": {"code": "TRY"}})
    assert error(whatsapp.send(template_message("positional", [body])))["code"] == 100


def test_a_quick_reply_may_have_its_payload_as_a_text(whatsapp):
    reply = quick_reply(0, "")
    reply["parameters"] = [{"type": "text", "text": "confirm:key"}]
    accepted(whatsapp.send(reminder(reply)))
    (bubble,) = whatsapp.thread()
    assert bubble["buttons"][0]["payload"] == "confirm:key"


def test_a_component_that_stands_twice_is_refused(whatsapp):
    twice = body_of(**REMINDER_VALUES)
    code, told = details(whatsapp.send(reminder(twice)))
    assert (code, "two components for body" in told) == (100, True)


def test_a_button_that_is_filled_twice_is_refused(whatsapp):
    both = quick_reply(0, "one"), quick_reply(0, "two")
    assert details(whatsapp.send(reminder(*both)))[0] == 100


@pytest.mark.parametrize("index", ["1e400", "-1", "9", '"x"', "null"])
def test_a_button_that_is_not_there_is_132018(whatsapp, index):
    payload = json.dumps(reminder({**quick_reply(0, "key"), "index": "HERE"}))
    path, body = f"/v26.0/{NUMBER}/messages", payload.replace('"HERE"', index)
    answer = whatsapp.graph("POST", path, data=body, headers=JSON)
    assert error(answer)["code"] == 132018


def test_an_address_without_a_variable_takes_no_parameter(whatsapp):
    parameters = [{"type": "text", "text": "page"}]
    code, told = details(whatsapp.send(button("with_page", "url", parameters)))
    assert code == 100
    assert told.startswith("buttons: Button at index 0 is of type Url and does not")


def test_a_button_that_calls_takes_no_parameter(whatsapp):
    parameters = [{"type": "text", "text": "page"}]
    answer = whatsapp.send(button("with_phone", "phone_number", parameters))
    assert details(answer)[0] == 100


def test_a_button_has_one_parameter(whatsapp):
    parameters = [{"type": "text", "text": "page"}] * 2
    assert error(whatsapp.send(button("with_link", "url", parameters)))["code"] == (
        132000
    )


@pytest.mark.parametrize(
    "parameter",
    [{"type": "payload", "payload": "page"}, {"type": "action", "action": {}}],
)
def test_a_parameter_of_another_buttons_type_is_132012(whatsapp, parameter):
    answer = whatsapp.send(button("with_link", "url", [parameter]))
    assert error(answer)["code"] == 132012


def test_a_parameter_of_a_type_that_there_is_not_is_told(whatsapp):
    body = {"type": "body", "parameters": [{"type": "number", "text": "a"}]}
    found = error(whatsapp.send(template_message("positional", [body])))
    assert found["message"].startswith(
        "(#100) Param template['components'][0]['parameters'][0]['type'] must be one of"
    )


def test_a_header_has_one_file(whatsapp):
    picture = {"type": "image", "image": {"link": "http://127.0.0.1:9/a.png"}}
    header = {"type": "header", "parameters": [picture, picture]}
    answer = whatsapp.send(template_message("with_image", [header]))
    assert error(answer)["code"] == 132012


def test_names_are_refused_where_the_template_has_none(whatsapp):
    body = body_of("Ayşe", "noon")
    for parameter, name in zip(body["parameters"], ("b", "a"), strict=True):
        parameter["parameter_name"] = name
    answer = whatsapp.send(template_message("positional", [body]))
    assert error(answer)["code"] == 132012


def test_what_is_right_passes(whatsapp):
    accepted(whatsapp.send(template_message("with_link", [LINK])))
    accepted(whatsapp.send(template_message("with_page")))
    accepted(whatsapp.send(reminder(quick_reply(0, "key"))))
