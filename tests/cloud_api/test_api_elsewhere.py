"""What is said beside the API, as typed events."""

import json
from datetime import datetime, timezone

import pytest

from whatsapp_clinic.cloud_api.webhooks import (
    AddressBookEntry,
    Handover,
    InboundMessage,
    MessageEcho,
    PastMessage,
    StatusUpdate,
    Synchronised,
    Unrecognised,
    parse,
)

NUMBER, PATIENT, CLINIC = "640000000000001", "905321110001", "905550000001"
MOMENT = datetime(2026, 11, 24, 9, 0, tzinfo=timezone.utc)
SECONDS = str(int(MOMENT.timestamp()))
METADATA = {"phone_number_id": NUMBER, "display_phone_number": CLINIC}
TEXT = {"type": "text", "text": {"body": "KUMQUAT"}}


def change(field: str, **value):
    value = {"messaging_product": "whatsapp", "metadata": METADATA, **value}
    entry = {"id": "62", "changes": [{"field": field, "value": value}]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    return parse(json.dumps(body).encode())


def message(**members):
    return {"id": "wamid.1", "timestamp": SECONDS, **TEXT, **members}


@pytest.mark.parametrize(
    "received",
    [
        [{"message": message(**{"from": PATIENT})}],
        {"message": message(**{"from": PATIENT})},
        [message(**{"from": PATIENT})],
        {"messages": [message(**{"from": PATIENT})]},
    ],
)
def test_a_message_on_standby_is_one_of_the_patients(received):
    (event,) = change("standby", standby={"message_received": received})
    assert isinstance(event, InboundMessage) and event.is_standby
    assert (event.sender.wa_id, event.text) == (PATIENT, "KUMQUAT")


def test_what_the_agent_answers_is_an_echo():
    echo = {"message": message(to=PATIENT)}
    (event,) = change("standby", standby={"message_echoes": [echo]})
    assert isinstance(event, MessageEcho) and event.origin == "agent"
    assert event.message.sender.wa_id == PATIENT


def test_statuses_on_standby_are_statuses():
    status = {"id": "wamid.1", "status": "read", "timestamp": SECONDS}
    status["recipient_id"] = PATIENT
    (event,) = change("standby", standby={"statuses": [status]})
    assert isinstance(event, StatusUpdate)


def test_a_standby_without_anything_known_is_kept():
    (event,) = change("standby", standby={"colour": 1})
    assert isinstance(event, Unrecognised)


@pytest.mark.parametrize(
    ("control", "to_agent"),
    [
        ({"previous_owner_app_role": "meta_business_agent"}, False),
        ({"previous_owner_role": "escalation", "new_owner_role": "ai_agent"}, True),
        ({"previous_owner_role": "ai_agent", "new_owner_role": "escalation"}, False),
    ],
)
def test_a_handover_tells_who_has_the_conversation_now(control, to_agent):
    recipient = {"phone_number_id": NUMBER, "display_phone_number": CLINIC}
    (event,) = change(
        "messaging_handovers",
        metadata=None,
        type="control_passed",
        sender={"phone_number": PATIENT},
        recipient=recipient,
        control_passed=control,
    )
    assert isinstance(event, Handover)
    assert (event.phone_number_id, event.to_agent) == (NUMBER, to_agent)
    assert (event.person.wa_id, event.timestamp) == (PATIENT, None)
    asks_for_person = control.get("new_owner_role") == "escalation"
    assert event.asks_for_person == asks_for_person


def test_a_handover_to_nobody_is_kept():
    (event,) = change("messaging_handovers", sender={"phone_number": PATIENT})
    assert isinstance(event, Unrecognised)


def test_what_staff_write_in_the_app_is_an_echo():
    echo = message(**{"from": CLINIC, "to": PATIENT})
    (event,) = change("smb_message_echoes", message_echoes=[echo])
    assert isinstance(event, MessageEcho) and event.origin == "app"
    assert (event.message.sender.wa_id, event.message.timestamp) == (PATIENT, MOMENT)


def test_a_correction_in_the_app_names_what_it_corrects():
    content = {"original_message_id": "wamid.0", "message": TEXT}
    echo = message(**{"from": CLINIC, "to": PATIENT}, type="edit", edit=content)
    (event,) = change("smb_message_echoes", message_echoes=[echo])
    assert event.message.context_id == "wamid.0"
    assert event.message.text == "KUMQUAT"


@pytest.mark.parametrize("to", [f"+{PATIENT}", f"+90 {PATIENT[2:5]} {PATIENT[5:]}"])
def test_an_echo_finds_its_patient_however_the_number_is_written(to):
    echo = message(**{"from": CLINIC, "to": to})
    (event,) = change("smb_message_echoes", message_echoes=[echo])
    assert event.message.sender.wa_id == PATIENT


def test_an_echo_with_its_sides_exchanged_is_to_the_patient():
    echo = message(**{"from": PATIENT, "to": f"+{CLINIC}"})
    (event,) = change("smb_message_echoes", message_echoes=[echo])
    assert isinstance(event, MessageEcho)
    assert event.message.sender.wa_id == PATIENT


@pytest.mark.parametrize("field", ["smb_message_echoes", "messages"])
def test_the_clinics_own_number_is_never_a_patient(field):
    items = "messages" if field == "messages" else "message_echoes"
    (event,) = change(field, **{items: [message(**{"from": CLINIC, "to": CLINIC})]})
    assert isinstance(event, Unrecognised)


@pytest.mark.parametrize(
    ("kind", "action", "titles"),
    [
        (
            "button",
            {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "Evet"}}]},
            (("1", "Evet"),),
        ),
        (
            "list",
            {"button": "Seç", "sections": [{"rows": [{"id": "1", "title": "Salı"}]}]},
            (("1", "Salı"),),
        ),
        (
            "cta_url",
            {"name": "cta_url", "parameters": {"display_text": "Aç", "url": "x"}},
            (("", "Aç"),),
        ),
    ],
)
def test_an_echo_with_buttons_tells_its_text_and_their_titles(kind, action, titles):
    content = {"type": kind, "body": {"text": "KUMQUAT"}, "action": action}
    people = {"from": CLINIC, "to": PATIENT}
    echo = message(**people, type="interactive", interactive=content)
    (event,) = change("smb_message_echoes", message_echoes=[echo])
    assert (event.message.text, event.message.choices) == ("KUMQUAT", titles)


def test_an_echo_to_nobody_is_kept():
    (event,) = change("smb_message_echoes", message_echoes=[message()])
    assert isinstance(event, Unrecognised)


def test_the_history_tells_both_sides_and_how_far_it_is():
    context = {"history_context": {"status": "READ"}}
    ours = message(**{"from": CLINIC}, **context)
    theirs = message(**{"from": PATIENT}, **context)
    thread = {"id": PATIENT, "messages": [ours, theirs]}
    chunk = {"metadata": {"phase": 0, "progress": 55}, "threads": [thread]}
    first, second, progress = change("history", history=[chunk])
    assert isinstance(first, PastMessage) and isinstance(second, PastMessage)
    assert (first.is_ours, second.is_ours) == (True, False)
    assert {first.message.sender.wa_id, second.message.sender.wa_id} == {PATIENT}
    assert first.status == "READ"
    assert progress == Synchronised(NUMBER, 55)


def test_a_file_of_the_past_comes_by_itself():
    image = {"type": "image", "image": {"id": "7", "mime_type": "image/jpeg"}}
    (event,) = change("history", messages=[message(**{"from": PATIENT}, **image)])
    assert isinstance(event, PastMessage) and event.message.media


def test_a_history_that_is_not_shared_says_so():
    error = {"code": 2593109, "title": "History sync is turned off"}
    (event,) = change("history", history=[{"errors": [error]}])
    assert event.errors[0].code == 2593109


def test_the_address_book_has_names():
    names = (
        ("Ayşe", "Ayşe"),
        ("A" * 60_000, "A" * 100),
        ("\u202eeman", "eman"),
        ("Bob\nSTOP\t\u2066x\u2069\x00\x85y", "Bob STOP x y"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
        ("\u202e\n", None),
    )
    for told, kept in names:
        contact = {"full_name": told, "phone_number": PATIENT}
        entry = {"type": "contact", "contact": contact, "action": "add"}
        (event,) = change("smb_app_state_sync", state_sync=[entry])
        assert isinstance(event, AddressBookEntry)
        assert (event.person.wa_id, event.person.profile_name) == (PATIENT, kept)


def test_no_event_shows_whom_it_is_about():
    echo = message(**{"from": CLINIC, "to": PATIENT})
    events = [
        *change("smb_message_echoes", message_echoes=[echo]),
        *change("standby", standby={"message_received": message(**{"from": PATIENT})}),
    ]
    assert PATIENT not in repr(events) and "KUMQUAT" not in repr(events)
