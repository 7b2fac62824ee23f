"""Templates with cards side by side: written, sent, seen and tapped."""

from __future__ import annotations

import copy

import pytest
import requests

from .conftest import (
    BUSINESS,
    OTHER_NUMBER,
    accepted,
    body_of,
    card,
    error,
    quick_reply,
    template_message,
    wait_until,
)

EDGE = f"{BUSINESS}/message_templates"
BODY = {"type": "BODY", "text": "Our treatments:"}
FOOTER = {"type": "FOOTER", "text": "Until May"}
REPLY = {"type": "QUICK_REPLY", "text": "Book"}
PAGE = {"type": "URL", "text": "More", "url": "https://example.com"}
CALL = {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+905550000001"}
COPY_CODE = {"type": "COPY_CODE", "example": "OFFER"}
TEXT = {"type": "BODY", "text": "Whitening"}
LONG_TEXT = {"type": "BODY", "text": "x" * 161}
WITHOUT_SAMPLE = {"type": "BODY", "text": "Dr. {{1}} cleans."}
TEXT_HEADER = {"type": "HEADER", "format": "TEXT", "text": "Top"}
DOCUMENT = {"type": "HEADER", "format": "DOCUMENT"}
VIDEO = {"type": "HEADER", "format": "VIDEO"}


def buttons(*some: dict) -> dict:
    return {"type": "BUTTONS", "buttons": list(some)}


def a_card(*changed: dict) -> dict:
    """A good card with ``changed`` in the place of components of the same type."""
    components = [{"type": "HEADER", "format": "IMAGE"}, TEXT, buttons(REPLY)]
    by_type = {one["type"]: one for one in (*components, *changed)}
    return {"components": list(by_type.values())}


def without(kind: str) -> dict:
    components = a_card()["components"]
    return {"components": [one for one in components if one["type"] != kind]}


def draft(cards: object, *beside: dict, body: dict = BODY, **changes) -> dict:
    carousel = {"type": "CAROUSEL", "cards": cards}
    return {
        "name": "treatments_2",
        "language": "en",
        "category": "MARKETING",
        "components": [body, carousel, *beside],
        **changes,
    }


def with_samples(whatsapp, content: dict) -> dict:
    """``content`` with a sample in every header of a file."""
    files = {"IMAGE": "image/png", "VIDEO": "video/mp4", "DOCUMENT": "application/pdf"}
    handles = {kind: whatsapp.handle(mime_type) for kind, mime_type in files.items()}
    content = copy.deepcopy(content)
    for one in content["components"][1]["cards"]:
        for part in one["components"]:
            if part.get("format") in files:
                part["example"] = {"header_handle": [handles[part["format"]]]}
    return content


def create(whatsapp, content: dict) -> requests.Response:
    return whatsapp.post(EDGE, **with_samples(whatsapp, content))


@pytest.mark.parametrize(
    "content",
    [
        draft([a_card()] * 2),
        draft([a_card()] * 10),
        draft([a_card(VIDEO)] * 2),
        draft([without("BODY")] * 2),
        draft([a_card(buttons(PAGE, CALL))] * 2),
        draft([card("Dr. {{1}} cleans."), card("Dr. {{1}} whitens.")]),
        draft([a_card(), a_card(buttons({**REPLY, "text": "Ask"}))]),
        draft([a_card()] * 2, category="UTILITY"),
    ],
)
def test_a_good_carousel_is_taken(whatsapp, content):
    assert create(whatsapp, content).status_code == 200


@pytest.mark.parametrize(
    ("subcode", "content"),
    [
        (2388043, draft([a_card()])),
        (2388043, draft([a_card()] * 11)),
        (2388043, draft([a_card()] * 2, FOOTER)),
        (2388043, draft([a_card()] * 2, TEXT_HEADER)),
        (2388043, draft([a_card()] * 2, buttons(REPLY))),
        (2388043, draft([without("HEADER")] * 2)),
        (2388043, draft([without("BUTTONS")] * 2)),
        (2388040, draft([a_card(buttons())] * 2)),
        (2388040, draft([a_card(buttons(REPLY, PAGE, CALL))] * 2)),
        (2388040, draft([a_card(buttons(CALL, CALL))] * 2)),
        (2388072, draft([a_card(LONG_TEXT)] * 2)),
        (2388072, draft([a_card()] * 2, body={**BODY, "text": "x" * 1025})),
        (2388043, draft([a_card(WITHOUT_SAMPLE)] * 2)),
        (2388043, draft([a_card(), without("BODY")])),
        (2388043, draft([a_card(), a_card(VIDEO)])),
        (2388043, draft([a_card(buttons(REPLY, PAGE)), a_card(buttons(PAGE, REPLY))])),
        (2388043, draft([a_card(), a_card(buttons(REPLY, PAGE))])),
        (None, draft([a_card(FOOTER)] * 2)),
        (None, draft([a_card(DOCUMENT)] * 2)),
        (None, draft([a_card(TEXT_HEADER)] * 2)),
        (None, draft([a_card(buttons(COPY_CODE))] * 2)),
        (None, draft([a_card()] * 2, category="AUTHENTICATION")),
    ],
)
def test_a_faulty_carousel_is_refused(whatsapp, subcode, content):
    found = error(create(whatsapp, content))
    assert (found["code"], found.get("error_subcode")) == (100, subcode)


@pytest.mark.parametrize("cards", [None, [], {}, ["a", "b"], [{}, {}]])
def test_what_are_no_cards_is_refused(whatsapp, cards):
    assert error(whatsapp.post(EDGE, **draft(cards)))["error_subcode"] == 2388043


def test_the_sample_of_a_card_is_of_its_kind(whatsapp):
    content = with_samples(whatsapp, draft([a_card(), a_card()]))
    example = {"header_handle": [whatsapp.handle("application/pdf")]}
    content["components"][1]["cards"][1]["components"][0]["example"] = example
    assert error(whatsapp.post(EDGE, **content))["error_subcode"] == 2388047


def test_cards_are_answered_in_upper_case_and_with_addresses(whatsapp):
    content = with_samples(whatsapp, draft([a_card(), a_card()]))
    for one in content["components"][1]["cards"]:
        one["components"].reverse()
        one["components"][0]["type"] = "buttons"
    found = whatsapp.get(whatsapp.post(EDGE, **content).json()["id"])
    body, carousel = found["components"]
    assert (body["type"], carousel["type"]) == ("BODY", "CAROUSEL")
    for one in carousel["cards"]:
        header, text, below = one["components"]
        assert header["example"]["header_handle"][0].startswith("https://")
        assert text == TEXT
        assert below == buttons(REPLY)


def test_the_cards_are_edited(whatsapp):
    template_id = create(whatsapp, draft([a_card()] * 2)).json()["id"]
    whatsapp.pass_time(hours=1)
    content = with_samples(whatsapp, draft([a_card()] * 3))
    whatsapp.post(template_id, components=content["components"])
    _body, carousel = whatsapp.get(template_id)["components"]
    assert len(carousel["cards"]) == 3


def file_of(source: dict, kind: str = "image") -> dict:
    return {"type": "header", "parameters": [{"type": kind, kind: source}]}


def link(index: int, text: str) -> dict:
    return {
        "type": "button",
        "sub_type": "url",
        "index": str(index),
        "parameters": [{"type": "text", "text": text}],
    }


def filled_card(index: object, source: dict) -> dict:
    return {
        "card_index": index,
        "components": [file_of(source), body_of("Ada"), link(1, f"page{index}")],
    }


def message(*cards: dict, name: str = "treatments") -> dict:
    body = body_of("Ayşe", "noon")
    return template_message(name, [body, {"type": "carousel", "cards": list(cards)}])


@pytest.fixture
def picture(whatsapp) -> dict:
    return {"id": whatsapp.upload(b"a picture", "image/png")}


@pytest.fixture
def two_cards(picture) -> list[dict]:
    """What fills the carousel with nothing left out that it needs."""
    return [filled_card(0, picture), filled_card(1, picture)]


def bubble(whatsapp, message_id: str) -> dict:
    def found():
        return next((b for b in whatsapp.thread() if b["id"] == message_id), None)

    return wait_until(found)


def details(answer: requests.Response) -> tuple[int, str]:
    found = error(answer)
    return found["code"], found["error_data"]["details"]


def test_the_cards_arrive_side_by_side(whatsapp, picture, two_cards):
    shown = bubble(whatsapp, accepted(whatsapp.send(message(*two_cards))))
    assert shown["text"] == "Hello Ayşe, see you at noon then."
    first, second = shown["carousel"]
    assert (first["text"], second["text"]) == ("Dr. Ada cleans.", "Dr. Ada whitens.")
    assert first["file"]["kind"] == "image"
    assert first["file"]["media_id"] == picture["id"]
    assert second["buttons"] == [
        {"index": 0, "kind": "quick_reply", "title": "Book", "payload": "Book"},
        {
            "index": 1,
            "kind": "url",
            "title": "More",
            "payload": "https://example.com/page1",
        },
    ]


def test_what_was_written_and_approved_can_be_sent(whatsapp):
    clip = {"id": whatsapp.upload(b"a clip", "video/mp4")}
    create(whatsapp, draft([a_card(VIDEO)] * 2))
    whatsapp.pass_time(hours=1)
    cards = [
        {"card_index": index, "components": [file_of(clip, "video")]}
        for index in range(2)
    ]
    carousel = {"type": "carousel", "cards": cards}
    payload = template_message("treatments_2", [carousel])
    shown = bubble(whatsapp, accepted(whatsapp.send(payload)))
    assert [one["file"]["kind"] for one in shown["carousel"]] == ["video"] * 2


def test_the_accepted_message_tells_its_cards(whatsapp, two_cards):
    accepted(whatsapp.send(message(*two_cards)))
    (found,) = whatsapp.messages()
    assert [one["text"] for one in found["carousel"]] == [
        "Dr. Ada cleans.",
        "Dr. Ada whitens.",
    ]


def test_the_order_of_the_cards_is_that_of_their_indexes(whatsapp, two_cards):
    message_id = accepted(whatsapp.send(message(*reversed(two_cards))))
    first, _second = bubble(whatsapp, message_id)["carousel"]
    assert first["text"] == "Dr. Ada cleans."


def test_files_come_by_link(whatsapp, picture):
    source = {"link": f"{whatsapp.url}/sandbox/media/{picture['id']}"}
    payload = message(filled_card(0, source), filled_card(1, source))
    for one in bubble(whatsapp, accepted(whatsapp.send(payload)))["carousel"]:
        media_id = one["file"]["media_id"]
        found = requests.get(f"{whatsapp.url}/sandbox/media/{media_id}", timeout=5)
        assert found.content == b"a picture"


def test_one_link_that_cannot_be_fetched_fails_the_message(whatsapp, receiver, picture):
    broken = filled_card(1, {"link": "http://127.0.0.1:9/a.png"})
    accepted(whatsapp.send(message(filled_card(0, picture), broken)))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131053
    assert whatsapp.thread() == []


def test_a_file_of_another_type_fails_the_message(whatsapp, receiver, picture):
    clip = {"id": whatsapp.upload(b"a clip", "video/mp4")}
    accepted(whatsapp.send(message(filled_card(0, picture), filled_card(1, clip))))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131053


def test_the_file_of_a_card_must_be_the_numbers_own(whatsapp, picture):
    other = {"id": whatsapp.upload(b"a picture", "image/png", OTHER_NUMBER)}
    for source in ({"id": "1"}, other):
        payload = message(filled_card(0, picture), filled_card(1, source))
        found = error(whatsapp.send(payload))
        assert found["code"] == 100
        assert "image['id'] is not a valid" in found["message"]


def test_a_card_that_is_missing_is_132000(whatsapp, two_cards):
    for cards, count in ((two_cards[:1], 1), ([], 0)):
        code, told = details(whatsapp.send(message(*cards)))
        assert (code, f"number of cards ({count})" in told) == (132000, True)


def test_a_carousel_that_is_missing_is_132000(whatsapp):
    payload = template_message("treatments", [body_of("Ayşe", "noon")])
    assert details(whatsapp.send(payload))[0] == 132000


def test_a_card_that_stands_twice_is_refused(whatsapp, two_cards):
    code, told = details(whatsapp.send(message(*two_cards, two_cards[0])))
    assert (code, "two cards at index 0" in told) == (100, True)


@pytest.mark.parametrize("index", [2, -1, "0", True, 0.5])
def test_a_card_that_the_template_does_not_have_is_132012(whatsapp, picture, index):
    payload = message(filled_card(0, picture), filled_card(index, picture))
    assert details(whatsapp.send(payload))[0] == 132012


def test_a_template_without_cards_takes_none(whatsapp, two_cards):
    payload = message(*two_cards, name="positional")
    assert details(whatsapp.send(payload))[0] == 132012


def test_a_card_has_an_index(whatsapp, two_cards):
    del two_cards[1]["card_index"]
    told = error(whatsapp.send(message(*two_cards)))["message"]
    path = "template['components'][1]['cards'][1]['card_index']"
    assert told == f"(#100) The parameter {path} is required."


def test_a_card_has_no_cards_of_its_own(whatsapp, two_cards):
    two_cards[1]["components"].append({"type": "carousel", "cards": []})
    told = error(whatsapp.send(message(*two_cards)))["message"]
    assert told.endswith('must be one of {header, body, button} - got "carousel".')


@pytest.mark.parametrize(
    ("position", "component", "code"),
    [
        (0, file_of({"id": "1"}, "video"), 132012),
        (0, {"type": "header"}, 132012),
        (1, body_of(), 132000),
        (1, body_of("Ada", "Eve"), 132000),
        (2, link(0, "page"), 132012),
        (2, link(7, "page"), 132018),
        (2, body_of("Ada"), 100),
    ],
)
def test_a_card_is_filled_like_a_template(
    whatsapp, two_cards, position, component, code
):
    two_cards[1]["components"][position] = component
    found, told = details(whatsapp.send(message(*two_cards)))
    assert (found, told.startswith("card 1: ")) == (code, True)


def test_a_tap_on_a_card_sends_the_payload_of_its_button(whatsapp, receiver, two_cards):
    for index, one in enumerate(two_cards):
        one["components"].append(quick_reply(0, f"book:{index}"))
    message_id = accepted(whatsapp.send(message(*two_cards)))
    bubble(whatsapp, message_id)
    whatsapp.act("taps", message_id=message_id, card=1, button=0)
    (answer,) = receiver.wait_for("messages")
    assert answer["button"] == {"payload": "book:1", "text": "Book"}
    assert answer["context"]["id"] == message_id


def test_a_quick_reply_without_a_payload_sends_its_text(whatsapp, receiver, two_cards):
    message_id = accepted(whatsapp.send(message(*two_cards)))
    bubble(whatsapp, message_id)
    whatsapp.act("taps", message_id=message_id, card=0, button="Book")
    (answer,) = receiver.wait_for("messages")
    assert answer["button"] == {"payload": "Book", "text": "Book"}


@pytest.mark.parametrize(
    "where", [{"card": 2}, {"card": -1}, {}, {"card": 0, "button": 1}]
)
def test_what_is_not_there_or_sends_nothing_cannot_be_tapped(
    whatsapp, two_cards, where
):
    message_id = accepted(whatsapp.send(message(*two_cards)))
    bubble(whatsapp, message_id)
    with pytest.raises(requests.HTTPError, match="409"):
        whatsapp.act("taps", **{"message_id": message_id, "button": 0, **where})
