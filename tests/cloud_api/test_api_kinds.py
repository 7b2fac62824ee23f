"""Every kind of message that can be sent: its shape and its limits."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import payloads
from whatsapp_clinic.cloud_api.payloads import (
    Address,
    Contact,
    ContactPhone,
    CouponCode,
    FlowStart,
    Location,
    Media,
    MediaHeader,
    PayloadError,
    QuickReply,
)

PATIENT = "+905321110001"
FILE = Media(id="500000000000001")
LINK = Media(link="https://klinik.example/harita.png?a=1")
CLINIC = Location(40.99, 29.03, "Klinik", "Kadıköy, İstanbul")

bounded = settings(max_examples=100, derandomize=True, deadline=None, database=None)

# What each builder makes of a file, a caption and a name.
FILES = {
    "image": (
        payloads.image(PATIENT, FILE, "Röntgen"),
        {"id": FILE.id, "caption": "Röntgen"},
    ),
    "video": (payloads.video(PATIENT, LINK), {"link": LINK.link}),
    "document": (
        payloads.document(PATIENT, FILE, "Reçete.pdf", "Reçeteniz"),
        {"id": FILE.id, "caption": "Reçeteniz", "filename": "Reçete.pdf"},
    ),
    "audio": (payloads.audio(PATIENT, FILE), {"id": FILE.id}),
    "sticker": (payloads.sticker(PATIENT, FILE), {"id": FILE.id}),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_has_the_shape_of_the_cloud_api(kind):
    payload, content = FILES[kind]
    assert payload == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PATIENT,
        "type": kind,
        kind: content,
    }


def test_a_voice_note_is_an_audio_that_says_so():
    payload = payloads.voice(PATIENT, FILE)
    assert payload["type"] == "audio"
    assert payload["audio"] == {"id": FILE.id, "voice": True}


REPLIES = {
    "image": lambda **more: payloads.image(PATIENT, FILE, **more),
    "video": lambda **more: payloads.video(PATIENT, FILE, **more),
    "document": lambda **more: payloads.document(PATIENT, FILE, **more),
    "audio": lambda **more: payloads.audio(PATIENT, FILE, **more),
    "voice": lambda **more: payloads.voice(PATIENT, FILE, **more),
    "sticker": lambda **more: payloads.sticker(PATIENT, FILE, **more),
    "location": lambda **more: payloads.location(PATIENT, CLINIC, **more),
    "contacts": lambda **more: payloads.contacts(PATIENT, [Contact("A")], **more),
    "link": lambda **more: payloads.cta_url(PATIENT, "x", "Aç", "https://a.b", **more),
    "place": lambda **more: payloads.location_request(PATIENT, "x", **more),
    "form": lambda **more: payloads.flow(PATIENT, "x", "Aç", flow_id="1", **more),
    "template": lambda **more: payloads.template(PATIENT, "x", "tr", **more),
}


@pytest.mark.parametrize("kind", REPLIES)
def test_every_kind_can_quote_a_message_and_carry_a_correlation_id(kind):
    payload = REPLIES[kind](reply_to="wamid.IN", callback_data="row-1")
    assert payload["context"] == {"message_id": "wamid.IN"}
    assert payload["biz_opaque_callback_data"] == "row-1"


def test_a_place_is_told_in_decimal_degrees():
    assert payloads.location(PATIENT, CLINIC)["location"] == {
        "latitude": "40.990000",
        "longitude": "29.030000",
        "name": "Klinik",
        "address": "Kadıköy, İstanbul",
    }


def test_a_place_needs_no_name():
    content = payloads.location(PATIENT, Location(-0.00001, 0))["location"]
    assert content == {"latitude": "-0.000010", "longitude": "0.000000"}


def test_a_card_has_the_shape_of_the_cloud_api():
    card = Contact(
        "Klinik Kadıköy",
        phones=[ContactPhone("+90 216 000 00 01", wa_id="902160000001")],
        emails=["bilgi@klinik.example"],
        urls=["https://klinik.example"],
        addresses=[Address(city="İstanbul", country_code="tr")],
        company="Klinik",
        birthday="2001-05-06",
    )
    assert payloads.contacts(PATIENT, [card])["contacts"] == [
        {
            "name": {
                "formatted_name": "Klinik Kadıköy",
                "first_name": "Klinik Kadıköy",
            },
            "phones": [
                {"phone": "+90 216 000 00 01", "type": "WORK", "wa_id": "902160000001"}
            ],
            "emails": [{"email": "bilgi@klinik.example", "type": "WORK"}],
            "urls": [{"url": "https://klinik.example", "type": "WORK"}],
            "addresses": [{"city": "İstanbul", "country_code": "tr", "type": "WORK"}],
            "org": {"company": "Klinik"},
            "birthday": "2001-05-06",
        }
    ]


def test_a_card_tells_all_parts_of_a_name_and_of_the_work():
    names = {"prefix": "Dr.", "first_name": "Ayşe", "middle_name": "Nur"}
    names |= {"last_name": "Yılmaz", "suffix": "PhD"}
    work = {"company": "Klinik", "department": "Göz", "title": "Hekim"}
    (card,) = payloads.contacts(PATIENT, [Contact("Dr. Ayşe", **names, **work)])[
        "contacts"
    ]
    assert card["name"] == {"formatted_name": "Dr. Ayşe", **names}
    assert card["org"] == work


def test_a_card_tells_the_parts_of_a_name_that_are_known():
    card = Contact("Dr. Ayşe Yılmaz", last_name="Yılmaz")
    name = payloads.contacts(PATIENT, [card])["contacts"][0]["name"]
    assert name == {"formatted_name": "Dr. Ayşe Yılmaz", "last_name": "Yılmaz"}


def test_a_link_button_has_the_shape_of_the_cloud_api():
    header = MediaHeader("document", FILE, "Bilgi.pdf")
    payload = payloads.cta_url(
        PATIENT, "Formu doldurun.", "Aç", "https://a.b/c", header, "Klinik"
    )
    assert payload["interactive"] == {
        "type": "cta_url",
        "header": {
            "type": "document",
            "document": {"id": FILE.id, "filename": "Bilgi.pdf"},
        },
        "body": {"text": "Formu doldurun."},
        "footer": {"text": "Klinik"},
        "action": {
            "name": "cta_url",
            "parameters": {"display_text": "Aç", "url": "https://a.b/c"},
        },
    }


def test_reply_buttons_can_stand_below_an_image():
    payload = payloads.buttons(
        PATIENT, "x", [("1", "A")], header=MediaHeader("image", LINK)
    )
    assert payload["interactive"]["header"] == {
        "type": "image",
        "image": {"link": LINK.link},
    }


def test_a_request_for_a_place_has_the_shape_of_the_cloud_api():
    assert payloads.location_request(PATIENT, "Neredesiniz?")["interactive"] == {
        "type": "location_request_message",
        "body": {"text": "Neredesiniz?"},
        "action": {"name": "send_location"},
    }


def test_a_form_opens_a_screen_with_data():
    payload = payloads.flow(
        PATIENT,
        "Anket",
        "Başla",
        flow_id="77",
        token="t",
        screen="ASK",
        data={"name": "Ayşe"},
        draft=True,
    )
    assert payload["interactive"]["action"] == {
        "name": "flow",
        "parameters": {
            "flow_message_version": "3",
            "flow_id": "77",
            "flow_cta": "Başla",
            "flow_action": "navigate",
            "flow_action_payload": {"screen": "ASK", "data": {"name": "Ayşe"}},
            "flow_token": "t",
            "mode": "draft",
        },
    }


def test_a_form_can_be_named_and_let_its_endpoint_choose():
    payload = payloads.flow(PATIENT, "x", "Aç", flow_name="anket", exchanges_data=True)
    assert payload["interactive"]["action"]["parameters"] == {
        "flow_message_version": "3",
        "flow_name": "anket",
        "flow_cta": "Aç",
        "flow_action": "data_exchange",
    }


HEADERS = {
    "image": (
        MediaHeader("image", LINK),
        {"type": "image", "image": {"link": LINK.link}},
    ),
    "video": (
        MediaHeader("video", FILE),
        {"type": "video", "video": {"id": FILE.id}},
    ),
    "document": (
        MediaHeader("document", FILE, "a.pdf"),
        {"type": "document", "document": {"id": FILE.id, "filename": "a.pdf"}},
    ),
    "location": (CLINIC, {"type": "location", "location": CLINIC.content()}),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_template_takes_a_file_or_a_place_above_its_text(kind):
    header, parameter = HEADERS[kind]
    template = payloads.template(PATIENT, "x", "tr", header=header)["template"]
    assert template["components"] == [{"type": "header", "parameters": [parameter]}]


def test_a_template_fills_codes_and_forms():
    buttons = [
        QuickReply(0, "confirm:k"),
        CouponCode(1, "SAGLIK25"),
        FlowStart(2, "t", {"name": "Ayşe"}),
        FlowStart(3),
    ]
    template = payloads.template(PATIENT, "x", "tr", buttons=buttons)["template"]
    assert [
        (part["index"], part["sub_type"], part["parameters"])
        for part in template["components"]
    ] == [
        ("0", "quick_reply", [{"type": "payload", "payload": "confirm:k"}]),
        ("1", "copy_code", [{"type": "coupon_code", "coupon_code": "SAGLIK25"}]),
        (
            "2",
            "flow",
            [
                {
                    "type": "action",
                    "action": {
                        "flow_token": "t",
                        "flow_action_data": {"name": "Ayşe"},
                    },
                }
            ],
        ),
        ("3", "flow", [{"type": "action", "action": {}}]),
    ]


LIMITS = {
    "caption": (1024, lambda n: payloads.image(PATIENT, FILE, "x" * n)),
    "file name": (240, lambda n: payloads.document(PATIENT, FILE, "x" * n)),
    "media link": (
        2048,
        lambda n: payloads.video(PATIENT, Media(link="https://a.b/".ljust(n, "x"))),
    ),
    "contacts": (257, lambda n: payloads.contacts(PATIENT, [Contact("A")] * n)),
    "link label": (
        20,
        lambda n: payloads.cta_url(PATIENT, "x", "A" * n, "https://a.b"),
    ),
    "link body": (
        1024,
        lambda n: payloads.cta_url(PATIENT, "x" * n, "A", "https://a.b"),
    ),
    "link address": (
        2000,
        lambda n: payloads.cta_url(PATIENT, "x", "A", "https://a.b/".ljust(n, "x")),
    ),
    "location request": (1024, lambda n: payloads.location_request(PATIENT, "x" * n)),
    "form label": (30, lambda n: payloads.flow(PATIENT, "x", "A" * n, flow_id="1")),
    "latitude": (90, lambda n: payloads.location(PATIENT, Location(n, 0))),
    "longitude": (180, lambda n: payloads.location(PATIENT, Location(0, n))),
    "coupon code": (
        15,
        lambda n: payloads.template(
            PATIENT, "x", "tr", buttons=[CouponCode(0, "A" * n)]
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_a_value_as_long_as_the_limit_is_built(name):
    limit, build = LIMITS[name]
    assert build(limit)


@pytest.mark.parametrize("name", LIMITS)
def test_a_value_over_the_limit_is_refused_before_the_call(name):
    limit, build = LIMITS[name]
    with pytest.raises(PayloadError):
        build(limit + 1)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Media(),
        lambda: Media(id="1", link="https://a.b"),
        lambda: payloads.image(PATIENT, Media(id="")),
        lambda: payloads.image(PATIENT, Media(id="1/2")),
        lambda: payloads.image(PATIENT, Media(link="file:///etc/passwd")),
        lambda: payloads.image(PATIENT, Media(link="https://user:pass@a.b/c")),
        lambda: payloads.image(PATIENT, Media(link="https://a.b/c d")),
        lambda: payloads.document(PATIENT, FILE, "../a.pdf"),
        lambda: payloads.document(PATIENT, FILE, "a\nb.pdf"),
        lambda: payloads.document(PATIENT, FILE, ""),
        lambda: payloads.buttons(
            PATIENT, "x", [("1", "A")], header=MediaHeader("image", FILE, "a.png")
        ),
        lambda: payloads.buttons(
            PATIENT, "x", [("1", "A")], header=MediaHeader("audio", FILE)
        ),
        lambda: payloads.list_(
            PATIENT, "x", "B", [("", [("1", "A")])], header=MediaHeader("image", FILE)
        ),
        lambda: payloads.location(PATIENT, Location(float("nan"), 0)),
        lambda: payloads.location(PATIENT, Location(0, float("inf"))),
        lambda: payloads.contacts(PATIENT, []),
        lambda: payloads.contacts(PATIENT, [Contact("")]),
        lambda: payloads.contacts(PATIENT, [Contact(" ")]),
        lambda: payloads.contacts(PATIENT, [Contact("A", birthday="06.05.2001")]),
        lambda: payloads.contacts(PATIENT, [Contact("A", emails=["a b"])]),
        lambda: payloads.contacts(PATIENT, [Contact("A", phones=[ContactPhone("?")])]),
        lambda: payloads.contacts(
            PATIENT, [Contact("A", phones=[ContactPhone("+902160000001", wa_id="+9")])]
        ),
        lambda: payloads.contacts(PATIENT, [Contact("A", addresses=[Address()])]),
        lambda: payloads.contacts(PATIENT, [Contact("A", urls=["klinik"])]),
        lambda: payloads.cta_url(PATIENT, "x", "A", "javascript:alert(1)"),
        lambda: payloads.cta_url(PATIENT, "x", "", "https://a.b"),
        lambda: payloads.flow(PATIENT, "x", "A"),
        lambda: payloads.flow(PATIENT, "x", "A", flow_id="1", flow_name="a"),
        lambda: payloads.flow(PATIENT, "x", "Aç 🙂", flow_id="1"),
        lambda: payloads.flow(PATIENT, "x", "A", flow_id="1", data={"a": 1}),
        lambda: payloads.flow(PATIENT, "x", "A", flow_id="1", screen="S", data={}),
        lambda: payloads.flow(
            PATIENT, "x", "A", flow_id="1", screen="S", exchanges_data=True
        ),
        lambda: payloads.template(PATIENT, "x", "tr", buttons=[CouponCode(0, "")]),
    ],
)
def test_what_whatsapp_would_refuse_is_refused_before_the_call(build):
    with pytest.raises(PayloadError):
        build()


@bounded
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_can_be_sent(latitude, longitude):
    content = payloads.location(PATIENT, Location(latitude, longitude))["location"]
    assert abs(float(content["latitude"]) - latitude) < 0.00001
    assert abs(float(content["longitude"]) - longitude) < 0.00001


@bounded
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_name_and_caption_is_built_as_json_or_refused(filename, caption):
    try:
        payload = payloads.document(PATIENT, FILE, filename, caption)
    except PayloadError as error:
        assert len(filename) < 6 or filename not in str(error)
    else:
        assert json.loads(json.dumps(payload).encode()) == payload


def test_what_is_personal_is_not_shown():
    card = Contact("Ayşe", phones=[ContactPhone("+905321110001")], company="Gizli")
    shown = repr([card, CLINIC, LINK, MediaHeader("image", FILE, "Ayşe.png")])
    for secret in ("Ayşe", "905321110001", "Gizli", "Kadıköy", "harita"):
        assert secret not in shown
