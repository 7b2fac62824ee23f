"""Every kind of message that a clinic sends, beside texts and files."""

from __future__ import annotations

import pytest

from .conftest import (
    BUSINESS,
    NUMBER,
    PATIENT,
    WA_ID,
    accepted,
    envelope,
    error,
    reminder,
    template_message,
    wait_until,
)

PLACE = {"latitude": "40.9903", "longitude": "29.0290", "name": "Kadıköy"}
CARD = {"name": {"formatted_name": "Dr. Ada"}, "phones": [{"phone": "+905550000009"}]}
FLOW = {
    "flow_message_version": "3",
    "flow_id": "1",
    "flow_cta": "Open the form",
    "flow_token": "visit 7",
}


@pytest.fixture
def open_chat(whatsapp):
    """The sandbox, where the patient has just written."""
    whatsapp.write()
    return whatsapp


def interactive(kind: str, action: dict, **more) -> dict:
    content = {"type": kind, "body": {"text": "Please"}, "action": action, **more}
    return envelope("interactive", content)


def flow(**changes) -> dict:
    parameters = {k: v for k, v in {**FLOW, **changes}.items() if v is not None}
    return interactive("flow", {"name": "flow", "parameters": parameters})


@pytest.mark.parametrize("kind", ["BUTTON", "List"])
def test_an_interactive_type_may_be_in_any_case(open_chat, kind):
    row = {"id": "1", "title": "One"}
    actions = {
        "BUTTON": {"buttons": [{"type": "reply", "reply": row}]},
        "List": {"button": "Choose", "sections": [{"rows": [row]}]},
    }
    accepted(open_chat.send(interactive(kind, actions[kind])))


def test_types_of_a_header_and_of_a_button_may_be_in_any_case(open_chat):
    reply = {"type": "REPLY", "reply": {"id": "1", "title": "One"}}
    header = {"type": "TEXT", "text": "Your visit"}
    message = interactive("button", {"buttons": [reply]}, header=header)
    accepted(open_chat.send({**message, "type": "INTERACTIVE"}))


def location_request(**more) -> dict:
    action = {"name": "send_location"}
    return interactive("location_request_message", action, **more)


def bubble(whatsapp, message_id: str) -> dict:
    def found():
        return next((b for b in whatsapp.thread() if b["id"] == message_id), None)

    return wait_until(found)


@pytest.mark.parametrize(
    ("payload", "key", "value"),
    [
        (
            envelope("location", PLACE),
            "place",
            {"latitude": 40.9903, "longitude": 29.029, "name": "Kadıköy"},
        ),
        (envelope("contacts", [CARD]), "cards", [CARD]),
        (envelope("contacts", [CARD]), "text", "Dr. Ada"),
    ],
)
def test_a_place_and_contacts_arrive_as_they_were_sent(open_chat, payload, key, value):
    assert bubble(open_chat, accepted(open_chat.send(payload)))[key] == value


@pytest.mark.parametrize(
    "payload",
    [
        envelope("location", {"latitude": "91", "longitude": "0"}),
        envelope("location", {"latitude": "here", "longitude": "0"}),
        envelope("contacts", [CARD] * 258),
        envelope("contacts", [{**CARD, "birthday": "1.1.2000"}]),
        envelope("reaction", {"message_id": "wamid.x", "emoji": "ok"}),
        flow(flow_name="also"),
        flow(flow_id=None),
        flow(flow_cta="x" * 31),
        flow(flow_action_payload={"screen": "A", "data": {}}),
        location_request(header={"type": "text", "text": "No"}),
        location_request(footer={"text": "No"}),
    ],
)
def test_what_breaks_a_limit_is_131009(open_chat, payload):
    assert error(open_chat.send(payload))["code"] == 131009


@pytest.mark.parametrize(
    "payload",
    [
        envelope("location", {"name": "A"}),
        envelope("contacts", {"name": "A"}),
        envelope("contacts", [{"name": {"first_name": "A"}}]),
        envelope("reaction", {"message_id": "wamid.x"}),
        envelope("reaction", {"emoji": "👍"}),
        flow(flow_message_version="2"),
        flow(mode="secret"),
        flow(flow_action="jump"),
        interactive("location_request_message", {"name": "send"}),
    ],
)
def test_what_lacks_a_part_is_100(open_chat, payload):
    assert error(open_chat.send(payload))["code"] == 100


def test_257_contacts_are_taken(open_chat):
    accepted(open_chat.send(envelope("contacts", [CARD] * 257)))


def test_the_answer_to_a_form_brings_its_token_and_the_context(open_chat, receiver):
    message_id = accepted(open_chat.send(flow()))
    open_chat.act("forms", message_id=message_id, answers={"smoker": "no"})
    (answer,) = receiver.wait_for("messages")
    assert answer["context"]["id"] == message_id
    assert answer["interactive"] == {
        "type": "nfm_reply",
        "nfm_reply": {
            "name": "flow",
            "body": "Sent",
            "response_json": '{"smoker": "no", "flow_token": "visit 7"}',
        },
    }


def test_a_form_may_answer_something_that_is_no_object(open_chat, receiver):
    message_id = accepted(open_chat.send(flow()))
    open_chat.act("forms", message_id=message_id, response_json="[1]")
    (answer,) = receiver.wait_for("messages")
    assert answer["interactive"]["nfm_reply"]["response_json"] == "[1]"


def test_a_request_for_the_place_has_a_button(open_chat):
    (button,) = bubble(open_chat, accepted(open_chat.send(location_request())))[
        "buttons"
    ]
    assert button["kind"] == "send_location"


def test_a_request_for_the_phone_is_answered_with_a_contact(open_chat, receiver):
    action = {"name": "request_contact_info"}
    message_id = accepted(open_chat.send(interactive("request_contact_info", action)))
    open_chat.act("taps", message_id=message_id, button=0)
    (answer,) = receiver.wait_for("messages")
    (card,) = answer["contacts"]
    assert (card["origin"], card["phones"][0]["wa_id"]) == ("contact_request", WA_ID)


def reaction(message_id: str, emoji: str) -> dict:
    return envelope("reaction", {"message_id": message_id, "emoji": emoji})


def test_a_reaction_stands_on_the_patients_message_and_is_only_sent(whatsapp, receiver):
    message_id = whatsapp.write()
    reaction_id = accepted(whatsapp.send(reaction(message_id, "👍")))
    (status,) = receiver.wait_for("statuses")
    whatsapp.control("POST", f"patients/{WA_ID}/read")
    assert (status["id"], status["status"]) == (reaction_id, "sent")
    assert bubble(whatsapp, message_id)["reactions"] == {"out": "👍"}
    assert len(whatsapp.thread()) == len(receiver.items("statuses")) == 1


def test_an_empty_emoji_takes_the_reaction_away(whatsapp):
    message_id = whatsapp.write()
    accepted(whatsapp.send(reaction(message_id, "👍")))
    accepted(whatsapp.send(reaction(message_id, "")))
    assert bubble(whatsapp, message_id)["reactions"] == {}


def test_a_reaction_to_what_the_patient_did_not_write_fails(open_chat, receiver):
    message_id = open_chat.text()
    receiver.wait_for_statuses("delivered")
    accepted(open_chat.send(reaction(message_id, "👍")))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131009


def test_a_reaction_to_a_message_of_31_days_ago_fails(whatsapp, receiver):
    message_id = whatsapp.write()
    whatsapp.pass_time(days=31)
    whatsapp.write()
    accepted(whatsapp.send(reaction(message_id, "👍")))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131009


BUTTONS = [
    {"type": "QUICK_REPLY", "text": "Yes"},
    {
        "type": "URL",
        "text": "Page",
        "url": "https://example.com/{{1}}",
        "example": ["https://example.com/a"],
    },
    {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+905550000001"},
    {"type": "COPY_CODE", "example": "SPRING"},
    {"type": "FLOW", "text": "Form", "flow_id": "1"},
]


def every_button(**changes) -> list[dict]:
    parameters = {
        "url": {"type": "text", "text": "a"},
        "copy_code": {"type": "coupon_code", "coupon_code": "SPRING25"},
        "flow": {"type": "action", "action": {"flow_token": "visit 7"}},
        **changes,
    }
    indexes = {"url": 1, "copy_code": 3, "flow": 4}
    return [
        {
            "type": "button",
            "sub_type": kind,
            "index": indexes[kind],
            "parameters": [one],
        }
        for kind, one in parameters.items()
        if one
    ]


@pytest.fixture
def shapes(open_chat):
    """The sandbox, with approved templates of every shape."""
    open_chat.switch(review_seconds=0)
    for kind, mime_type in (
        ("IMAGE", "image/png"),
        ("VIDEO", "video/mp4"),
        ("DOCUMENT", "application/pdf"),
    ):
        header = {
            "type": "HEADER",
            "format": kind,
            "example": {"header_handle": [open_chat.handle(mime_type)]},
        }
        create(open_chat, f"with_{kind.lower()}_header", header)
    create(open_chat, "with_place", {"type": "HEADER", "format": "LOCATION"})
    create(open_chat, "with_buttons", {"type": "BUTTONS", "buttons": BUTTONS})
    return open_chat


def create(whatsapp, name: str, *components: dict) -> None:
    answer = whatsapp.post(
        f"{BUSINESS}/message_templates",
        name=name,
        language="en",
        category="UTILITY",
        components=[{"type": "BODY", "text": f"The text of {name}."}, *components],
    )
    assert answer.status_code == 200, answer.json()


def header_parameter(kind: str, content: dict) -> list[dict]:
    return [{"type": "header", "parameters": [{"type": kind, kind: content}]}]


@pytest.mark.parametrize(
    ("kind", "mime_type"),
    [
        ("image", "image/png"),
        ("video", "video/mp4"),
        ("document", "application/pdf"),
    ],
)
def test_a_header_shows_its_file(shapes, kind, mime_type):
    media_id = shapes.upload(b"a file", mime_type)
    header = header_parameter(kind, {"id": media_id})
    sent = shapes.send(template_message(f"with_{kind}_header", header))
    assert bubble(shapes, accepted(sent))["file"] == {
        "kind": kind,
        "media_id": media_id,
        "caption": None,
        "filename": None,
        "voice": False,
    }


def test_a_header_with_a_file_of_another_kind_fails_by_webhook(shapes, receiver):
    header = header_parameter("image", {"id": shapes.upload(b"1", "application/pdf")})
    accepted(shapes.send(template_message("with_image_header", header)))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131053


def test_a_header_shows_its_place(shapes):
    sent = shapes.send(
        template_message("with_place", header_parameter("location", PLACE))
    )
    assert bubble(shapes, accepted(sent))["place"]["name"] == "Kadıköy"


def test_every_button_shows_what_it_does(shapes):
    sent = shapes.send(template_message("with_buttons", every_button()))
    buttons = bubble(shapes, accepted(sent))["buttons"]
    assert [(one["kind"], one["payload"]) for one in buttons] == [
        ("quick_reply", "Yes"),
        ("url", "https://example.com/a"),
        ("phone_number", "+905550000001"),
        ("copy_code", "SPRING25"),
        ("flow", "visit 7"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"copy_code": None}, 131008),
        ({"url": None}, 131008),
        ({"copy_code": {"type": "coupon_code", "coupon_code": "x" * 16}}, 131009),
    ],
)
def test_a_button_wants_its_parameter(shapes, changes, code):
    sent = shapes.send(template_message("with_buttons", every_button(**changes)))
    assert error(sent)["code"] == code


def test_the_limit_of_a_payload_is_a_switch(whatsapp):
    whatsapp.switch(button_payload_limit=3)
    assert error(whatsapp.send(reminder()))["code"] == 131009


def test_a_voice_note_must_be_ogg(open_chat, receiver):
    media_id = open_chat.upload(b"sound", "audio/mpeg")
    audio = {"id": media_id, "voice": True}
    accepted(open_chat.send(envelope("audio", audio, PATIENT)))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131053


def test_a_voice_note_in_ogg_arrives(open_chat):
    media_id = open_chat.upload(b"sound", "audio/ogg")
    sent = open_chat.send(envelope("audio", {"id": media_id, "voice": True}))
    assert bubble(open_chat, accepted(sent))["file"]["voice"] is True


def test_a_file_lives_30_days(whatsapp):
    media_id = whatsapp.upload(b"x", "image/png")
    whatsapp.pass_time(days=30)
    answer = whatsapp.graph("GET", f"/v26.0/{media_id}")
    assert error(answer)["error_subcode"] == 33


def test_a_deleted_file_is_gone(whatsapp):
    media_id = whatsapp.upload(b"x", "image/png")
    query = {"phone_number_id": NUMBER}
    answer = whatsapp.graph("DELETE", f"/v26.0/{media_id}", params=query)
    assert answer.json() == {"success": True}
    assert error(whatsapp.graph("GET", f"/v26.0/{media_id}"))["error_subcode"] == 33
