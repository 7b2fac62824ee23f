"""What an accepted message answers, and the limits of its content."""

from __future__ import annotations

import base64
import json

import pytest

from .conftest import (
    NUMBER,
    PATIENT,
    REMINDER_VALUES,
    USER_ID,
    WA_ID,
    accepted,
    body_of,
    buttons,
    envelope,
    error,
    quick_reply,
    reminder,
    template_message,
    text,
)


def test_a_text_is_answered_with_input_wa_id_and_message_id(whatsapp):
    answer = whatsapp.send(text())
    content = answer.json()
    assert content["messaging_product"] == "whatsapp"
    assert content["contacts"] == [{"input": PATIENT, "wa_id": WA_ID}]
    assert content["messages"][0].keys() == {"id"}
    assert answer.headers["facebook-api-version"] == "v26.0"


def test_a_template_is_answered_with_its_message_status(whatsapp):
    message = whatsapp.send(reminder()).json()["messages"][0]
    assert message["message_status"] == "accepted"


def test_a_message_id_is_the_binary_that_meta_makes(whatsapp):
    message_id = whatsapp.text()
    binary = base64.b64decode(message_id.removeprefix("wamid."))
    phone = WA_ID.encode()
    head = bytes((0x1C, 0x18, len(phone))) + phone + bytes((0x15, 2, 0, 0x11, 0x18))
    assert binary.startswith(head)
    unique = binary[len(head) + 1 : -1]
    assert binary[len(head)] == len(unique)
    assert binary[-1] == 0
    int(unique, 16)


def test_message_ids_are_unique(whatsapp):
    assert whatsapp.text() != whatsapp.text()


def test_type_defaults_to_text(whatsapp):
    payload = text()
    del payload["type"]
    accepted(whatsapp.send(payload))


@pytest.mark.parametrize("to", ["+90 (532) 111-00-01", "532 111 0001"])
def test_a_phone_may_be_written_with_separators_and_without_country(whatsapp, to):
    assert whatsapp.send(text(to=to)).json()["contacts"][0]["wa_id"] == WA_ID


def test_a_webhooks_own_from_is_answered_as_it_is(whatsapp):
    contact = whatsapp.send(text(to=WA_ID)).json()["contacts"][0]
    assert contact["wa_id"] == WA_ID


def test_a_short_number_of_a_known_patient_is_a_full_one(whatsapp):
    whatsapp.control("POST", "patients", phone="+4755512")
    contact = whatsapp.send(text(to="4755512")).json()["contacts"][0]
    assert contact["wa_id"] == "4755512"


@pytest.mark.parametrize("to", ["05321110001", "0 (532) 111 00 01"])
def test_the_zero_of_national_calls_is_no_part_of_a_number(whatsapp, to):
    assert whatsapp.send(text(to=to)).json()["contacts"][0]["wa_id"] == WA_ID


@pytest.mark.parametrize(
    "changes",
    [
        {"messaging_product": "WHATSAPP"},
        {"recipient_type": "INDIVIDUAL"},
        {"type": "TEXT"},
        {"type": "Text", "messaging_product": "WhatsApp"},
    ],
)
def test_words_of_the_envelope_may_be_in_any_case(whatsapp, changes):
    whatsapp.write()
    accepted(whatsapp.send({**text(), **changes}))


def test_to_the_letter_the_senders_country_is_put_before_every_number(whatsapp):
    whatsapp.switch(national_numbers=True)
    contact = whatsapp.send(text(to=WA_ID)).json()["contacts"][0]
    assert contact["wa_id"] == f"90{WA_ID}"


def test_a_user_id_in_to_is_taken_for_a_phone_that_nobody_has(whatsapp, receiver):
    contact = whatsapp.send(reminder(USER_ID)).json()["contacts"][0]
    assert contact == {"input": USER_ID, "wa_id": "7351904826201277"}
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131026


def test_a_send_may_be_a_form(whatsapp):
    form = {key: json.dumps(value) for key, value in text().items()}
    form |= {"messaging_product": "whatsapp", "to": PATIENT, "type": "text"}
    assert accepted(whatsapp.graph("POST", f"/v26.0/{NUMBER}/messages", data=form))


def test_a_form_with_broken_json_is_100(whatsapp):
    form = {"messaging_product": "whatsapp", "to": PATIENT, "text": "{"}
    answer = whatsapp.graph("POST", f"/v26.0/{NUMBER}/messages", data=form)
    assert error(answer)["code"] == 100


def test_a_message_to_a_user_id_is_answered_without_a_phone(whatsapp):
    payload = text(recipient=USER_ID)
    del payload["to"]
    contacts = whatsapp.send(payload).json()["contacts"]
    assert contacts == [{"input": USER_ID, "user_id": USER_ID}]


def test_a_phone_wins_over_a_user_id(whatsapp):
    contacts = whatsapp.send(text(recipient="TR.1")).json()["contacts"]
    assert contacts == [{"input": PATIENT, "wa_id": WA_ID}]


def test_what_was_accepted_is_listed_with_its_rendered_text(whatsapp):
    whatsapp.reminder(biz_opaque_callback_data="row 1")
    (message,) = whatsapp.messages()
    assert message["template"] == "appointment_reminder"
    assert message["to"] == WA_ID
    assert message["biz_opaque_callback_data"] == "row 1"
    for value in REMINDER_VALUES.values():
        assert value in message["rendered_text"]
    assert "{{" not in message["rendered_text"]
    assert [one["payload"] for one in message["buttons"]] == [
        "confirm:key",
        "Değiştir",
        "İptal et",
    ]


def test_the_list_of_accepted_messages_can_be_filtered(whatsapp):
    first, second = whatsapp.reminder(), whatsapp.reminder(to="+905321110002")
    ids = [one["id"] for one in whatsapp.messages(since_id=first)]
    assert ids == [second]
    assert [one["id"] for one in whatsapp.messages(to=WA_ID)] == [first]
    assert len(whatsapp.messages(status="delivered")) == 2
    assert whatsapp.messages(status="read") == []


def test_a_refused_message_is_not_listed(whatsapp):
    whatsapp.send(text(to=""))
    assert whatsapp.messages() == []


def test_positional_parameters_go_in_by_their_order(whatsapp):
    components = [body_of("Ayşe", "14:30")]
    accepted(whatsapp.send(template_message("positional", components)))
    assert (
        whatsapp.messages()[0]["rendered_text"] == "Hello Ayşe, see you at 14:30 then."
    )


def test_a_links_suffix_is_put_into_its_address(whatsapp):
    suffix = {"type": "text", "text": "a1b2"}
    button = {"type": "button", "sub_type": "url", "index": 0, "parameters": [suffix]}
    accepted(whatsapp.send(template_message("with_link", [button])))
    assert whatsapp.messages()[0]["buttons"][0]["payload"] == "https://example.com/a1b2"


NAMED = {**REMINDER_VALUES}


@pytest.mark.parametrize(
    ("payload", "code", "details"),
    [
        (
            template_message("appointment_reminder", language="tr_TR"),
            132001,
            "template name (appointment_reminder) does not exist in tr_TR",
        ),
        (template_message("rejected"), 132001, "not approved"),
        (template_message("paused"), 132015, None),
        (template_message("disabled"), 132016, None),
        (
            template_message("positional", [body_of("a")]),
            132000,
            "body: number of localizable_params (1) does not match the expected"
            " number of params (2)",
        ),
        (
            template_message("paused_not", [body_of("a")]),
            132001,
            "does not exist in en",
        ),
        (
            template_message("offer", [body_of("a", "b")]),
            132000,
            "body: number of localizable_params (2) does not match the expected"
            " number of params (0)",
        ),
        (
            template_message(
                "appointment_reminder",
                [body_of(**{**NAMED, "patient_name": ""})],
                "tr",
            ),
            100,
            "Parameter 'text' is mandatory for type 'text'",
        ),
        (
            template_message("appointment_reminder", [body_of(*"abcd")], "tr"),
            100,
            "Parameter name is missing or empty",
        ),
        (
            template_message(
                "appointment_reminder",
                [body_of("x", patient_name="a", clinic_name="b", diagnosis="c")],
                "tr",
            ),
            100,
            "Parameter name",
        ),
        (
            template_message(
                "appointment_reminder",
                [body_of(patient_name="a", clinic_name="b", c="c", d="d")],
                "tr",
            ),
            132012,
            "parameter_name (c)",
        ),
        (
            template_message("positional", [body_of("a\nb", "c")]),
            132018,
            "new-line",
        ),
        (
            template_message("positional", [body_of("a     b", "c")]),
            132018,
            "4 consecutive spaces",
        ),
        (
            template_message("positional", [body_of("a" * 1000, "b" * 20)]),
            132005,
            "body",
        ),
        (
            template_message("with_image"),
            132012,
            "header: Format mismatch, expected IMAGE, received UNKNOWN",
        ),
        (
            template_message("with_link"),
            131008,
            "Button at index 0 of type Url requires a parameter",
        ),
        (
            template_message("with_link", [quick_reply(0, "x")]),
            132012,
            "expected URL, received QUICK_REPLY",
        ),
        (template_message("offer", [quick_reply(0, "x")]), 132018, "no button"),
        (
            template_message(
                "appointment_reminder",
                [body_of(**NAMED), quick_reply(0, "x" * 257)],
                "tr",
            ),
            131009,
            "256",
        ),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(whatsapp, payload, code, details):
    found = error(whatsapp.send(payload))
    assert found["code"] == code
    if details:
        assert details in found["error_data"]["details"]
    assert whatsapp.messages() == []


def test_a_component_of_unknown_type_is_100(whatsapp):
    payload = template_message("offer", [{"type": "footer"}])
    assert error(whatsapp.send(payload))["code"] == 100


def test_buttons_are_accepted_and_kept_in_order(whatsapp):
    accepted(whatsapp.send(buttons(("a", "Monday"), ("b", "Friday"))))
    titles = [one["title"] for one in whatsapp.messages()[0]["buttons"]]
    assert titles == ["Monday", "Friday"]


@pytest.mark.parametrize(
    "payload",
    [
        buttons(),
        buttons(("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")),
        buttons(("1", "x" * 21)),
        buttons(("x" * 257, "a")),
        buttons((" 1", "a")),
        buttons(("1", "a"), ("1", "b")),
        buttons(("1", "a"), ("2", "a")),
        buttons(("1", "a"), body={"text": "x" * 1025}),
        buttons(("1", "a"), footer={"text": "x" * 61}),
        buttons(("1", "a"), header={"type": "text", "text": "x" * 61}),
        buttons(("1", "a"), header={"type": "image", "image": {}}),
    ],
)
def test_buttons_outside_their_limits_are_refused(whatsapp, payload):
    found = error(whatsapp.send(payload))
    assert found["code"] in (100, 131009)
    assert whatsapp.messages() == []


def list_message(rows: int, **row: str):
    section = {
        "title": "Times",
        "rows": [{"id": str(n), "title": f"Row {n}", **row} for n in range(rows)],
    }
    action = {"button": "Choose", "sections": [section]}
    content = {"type": "list", "body": {"text": "When?"}, "action": action}
    return envelope("interactive", content)


def test_a_list_takes_ten_rows(whatsapp):
    accepted(whatsapp.send(list_message(10)))
    assert error(whatsapp.send(list_message(11)))["code"] == 131009


def test_the_rows_of_a_list_are_behind_its_label(whatsapp):
    whatsapp.write()
    accepted(whatsapp.send(list_message(2, description="With Ayşe")))
    shown = whatsapp.thread()[-1]
    assert shown["list_label"] == "Choose"
    assert [one["section"] for one in shown["buttons"]] == ["Times", "Times"]
    assert shown["buttons"][1]["description"] == "With Ayşe"


@pytest.mark.parametrize(
    "row", [{"title": "x" * 25}, {"description": "x" * 73}, {"id": "same"}]
)
def test_rows_outside_their_limits_are_refused(whatsapp, row):
    assert error(whatsapp.send(list_message(2, **row)))["code"] == 131009


def test_a_link_button_needs_a_web_address(whatsapp):
    def link(url: str):
        parameters = {"display_text": "Open", "url": url}
        action = {"name": "cta_url", "parameters": parameters}
        content = {"type": "cta_url", "body": {"text": "See"}, "action": action}
        return envelope("interactive", content)

    accepted(whatsapp.send(link("https://example.com")))
    assert error(whatsapp.send(link("javascript:alert(1)")))["code"] == 131009


def read(message_id: str, **more):
    return {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message_id,
        **more,
    }


def test_marking_as_read_turns_this_and_earlier_ticks_blue(whatsapp):
    whatsapp.write("one")
    second = whatsapp.write("two")
    whatsapp.write("three")
    answer = whatsapp.send(read(second, typing_indicator={"type": "text"}))
    assert answer.json() == {"success": True}
    statuses = [bubble["status"] for bubble in whatsapp.thread()]
    assert statuses == ["read", "read", "sent"]


def test_only_a_message_of_a_patient_can_be_marked_as_read(whatsapp):
    for message_id in ("wamid.none", whatsapp.reminder()):
        assert error(whatsapp.send(read(message_id)))["code"] == 131009


def test_a_message_older_than_30_days_cannot_be_marked_as_read(whatsapp):
    message_id = whatsapp.write()
    whatsapp.control("POST", "clock", advance_seconds=31 * 86400)
    assert error(whatsapp.send(read(message_id)))["code"] == 131009
