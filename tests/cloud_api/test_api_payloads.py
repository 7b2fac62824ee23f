"""What is sent: shapes and limits; what is read from template definitions."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import payloads
from whatsapp_clinic.cloud_api.payloads import (
    PayloadError,
    QuickReply,
    Row,
    Section,
    TemplateVariable,
    UrlSuffix,
)

PATIENT = "+905321110001"
USER_ID = "TR.1A2b3C4d5E"

bounded = settings(max_examples=200, derandomize=True, deadline=None, database=None)
sendable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


@bounded
@given(st.text(sendable, min_size=1, max_size=4096))
def test_any_text_survives_the_way_to_json_and_back(body):
    wire = json.dumps(payloads.text(PATIENT, body)).encode()
    assert json.loads(wire)["text"]["body"] == body


def test_a_text_message_has_the_shape_of_the_cloud_api():
    assert payloads.text(
        PATIENT, "Merhaba", True, reply_to="wamid.IN", callback_data="row-1"
    ) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PATIENT,
        "type": "text",
        "text": {"body": "Merhaba", "preview_url": True},
        "context": {"message_id": "wamid.IN"},
        "biz_opaque_callback_data": "row-1",
    }


@pytest.mark.parametrize("user_id", [USER_ID, "TR.ENT.1A2b3C"])
def test_a_user_id_is_addressed_as_recipient(user_id):
    payload = payloads.text(user_id, "Merhaba")
    assert payload["recipient"] == user_id
    assert "to" not in payload


@pytest.mark.parametrize(
    "recipient",
    ["", "905321110001", "05321110001", "+90 532 111 00 01", "+0532", "+90", "tr.1",
     "TR.", "+905321110001\n", "+٩٠٥٣٢١١١٠٠٠١", "TR." + "1" * 129],
)  # fmt: skip
def test_a_recipient_that_whatsapp_could_mistake_is_refused(recipient):
    with pytest.raises(PayloadError) as caught:
        payloads.text(recipient, "Merhaba")
    assert caught.value.field == "recipient"
    assert not recipient.strip() or recipient.strip() not in str(caught.value)


def named(size):
    return {"a": "x" * size}


LIMITS = {
    "text body": (4096, lambda n: payloads.text(PATIENT, "x" * n)),
    "callback data": (512, lambda n: payloads.text(PATIENT, "x", False, None, "x" * n)),
    "buttons body": (1024, lambda n: payloads.buttons(PATIENT, "x" * n, [("1", "A")])),
    "buttons header": (
        60,
        lambda n: payloads.buttons(PATIENT, "x", [("1", "A")], header="x" * n),
    ),
    "buttons footer": (
        60,
        lambda n: payloads.buttons(PATIENT, "x", [("1", "A")], footer="x" * n),
    ),
    "button id": (256, lambda n: payloads.buttons(PATIENT, "x", [("1" * n, "A")])),
    "button title": (20, lambda n: payloads.buttons(PATIENT, "x", [("1", "A" * n)])),
    "number of buttons": (
        3,
        lambda n: payloads.buttons(PATIENT, "x", [(f"{i}", f"{i}") for i in range(n)]),
    ),
    "list body": (
        1024,
        lambda n: payloads.list_(PATIENT, "x" * n, "B", [("", [("1", "A")])]),
    ),
    "list button": (
        20,
        lambda n: payloads.list_(PATIENT, "x", "B" * n, [("", [("1", "A")])]),
    ),
    "section title": (
        24,
        lambda n: payloads.list_(PATIENT, "x", "B", [("S" * n, [("1", "A")])]),
    ),
    "number of rows": (
        10,
        lambda n: payloads.list_(
            PATIENT, "x", "B", [("", [(f"{i}", "A") for i in range(n)])]
        ),
    ),
    "row id": (
        200,
        lambda n: payloads.list_(PATIENT, "x", "B", [("", [("1" * n, "A")])]),
    ),
    "row title": (
        24,
        lambda n: payloads.list_(PATIENT, "x", "B", [("", [("1", "A" * n)])]),
    ),
    "row description": (
        72,
        lambda n: payloads.list_(PATIENT, "x", "B", [("", [("1", "A", "D" * n)])]),
    ),
    "template name": (512, lambda n: payloads.template(PATIENT, "x" * n, "tr")),
    "template body parameter": (
        1024,
        lambda n: payloads.template(PATIENT, "x", "tr", body=named(n)),
    ),
    "template header parameter": (
        60,
        lambda n: payloads.template(PATIENT, "x", "tr", header="x" * n),
    ),
    "template button payload": (
        128,
        lambda n: payloads.template(
            PATIENT, "x", "tr", buttons=[QuickReply(0, "x" * n)]
        ),
    ),
    "template url": (
        2000,
        lambda n: payloads.template(
            PATIENT, "x", "tr", buttons=[UrlSuffix(0, "x" * n)]
        ),
    ),
    "template button index": (
        9,
        lambda n: payloads.template(PATIENT, "x", "tr", buttons=[QuickReply(n, "x")]),
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
        lambda: payloads.text(PATIENT, ""),
        lambda: payloads.text(PATIENT, "half \ud83d"),
        lambda: payloads.text(PATIENT, "nul \x00"),
        lambda: payloads.text(PATIENT, "x", reply_to=""),
        lambda: payloads.buttons(PATIENT, "x", []),
        lambda: payloads.buttons(PATIENT, "x", [("1", "")]),
        lambda: payloads.buttons(PATIENT, "x", [("", "A")]),
        lambda: payloads.buttons(PATIENT, "x", [(" 1", "A")]),
        lambda: payloads.buttons(PATIENT, "x", [("1", "A"), ("1", "B")]),
        lambda: payloads.buttons(PATIENT, "x", [("1", "A"), ("2", "A")]),
        lambda: payloads.list_(PATIENT, "x", "B", []),
        lambda: payloads.list_(PATIENT, "x", "B", [("S", [])]),
        lambda: payloads.list_(PATIENT, "x", "B", [("", [("1", "A"), ("1", "B")])]),
        lambda: payloads.list_(
            PATIENT, "x", "B", [("", [("1", "A")]), ("S", [("2", "B")])]
        ),
        lambda: payloads.list_(PATIENT, "x", "B", [("S", [("1", "A")])] * 11),
        lambda: payloads.template(PATIENT, "Big", "tr"),
        lambda: payloads.template(PATIENT, "x", "tr-TR"),
        lambda: payloads.template(PATIENT, "x", ""),
        lambda: payloads.template(PATIENT, "x", "tr", header=""),
        lambda: payloads.template(PATIENT, "x", "tr", header={"a": "1", "b": "2"}),
        lambda: payloads.template(
            PATIENT, "x", "tr", buttons=[QuickReply(0, "a"), QuickReply(0, "b")]
        ),
        lambda: payloads.reaction(PATIENT, "", "👍"),
        lambda: payloads.read("wamid\n"),
    ],
)
def test_what_whatsapp_would_refuse_is_refused_before_the_call(build):
    with pytest.raises(PayloadError):
        build()


@pytest.mark.parametrize(
    "value", ["", "  ", "a\nb", "a\r", "a\tb", "a     b", "\ud83d", "x" * 1025]
)
def test_a_template_parameter_whatsapp_would_refuse_is_refused(value):
    with pytest.raises(PayloadError) as caught:
        payloads.template(PATIENT, "x", "tr", body={"patient_name": value})
    assert caught.value.field == "body patient_name"


def test_four_spaces_in_a_row_are_allowed_in_a_parameter():
    assert payloads.template(PATIENT, "x", "tr", body=["a    b"])


@bounded
@given(st.text(max_size=9), st.sampled_from(["\n", "\x00", "x" * 1025]))
def test_an_error_never_quotes_the_value(value, fault):
    secret = "gizli" + value + fault
    with pytest.raises(PayloadError) as caught:
        payloads.template(PATIENT, "x", "tr", body=[secret])
    assert "gizli" not in str(caught.value)


def test_a_template_with_named_parameters():
    assert payloads.template(
        PATIENT,
        "appointment_reminder",
        "tr",
        header={"clinic": "Kadıköy"},
        body={"patient_name": "Ayşe", "time": "10:00"},
        buttons=[QuickReply(0, "confirm:k"), UrlSuffix(1, "a/b")],
    )["template"] == {
        "name": "appointment_reminder",
        "language": {"code": "tr"},
        "components": [
            {
                "type": "header",
                "parameters": [
                    {"type": "text", "parameter_name": "clinic", "text": "Kadıköy"}
                ],
            },
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "parameter_name": "patient_name", "text": "Ayşe"},
                    {"type": "text", "parameter_name": "time", "text": "10:00"},
                ],
            },
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "0",
                "parameters": [{"type": "payload", "payload": "confirm:k"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "1",
                "parameters": [{"type": "text", "text": "a/b"}],
            },
        ],
    }


def test_a_template_with_positional_parameters_keeps_their_order():
    template = payloads.template(PATIENT, "x", "en_US", header="H", body=["1", "2"])
    assert template["template"]["components"] == [
        {"type": "header", "parameters": [{"type": "text", "text": "H"}]},
        {
            "type": "body",
            "parameters": [
                {"type": "text", "text": "1"},
                {"type": "text", "text": "2"},
            ],
        },
    ]


def test_a_template_without_variables_has_no_components():
    assert "components" not in payloads.template(PATIENT, "x", "tr")["template"]


def test_reply_buttons_have_the_shape_of_the_cloud_api():
    assert payloads.buttons(
        PATIENT,
        "Gelecek misiniz?",
        [("y", "Evet"), ("n", "Hayır")],
        "Randevu",
        "Klinik",
    )["interactive"] == {
        "type": "button",
        "header": {"type": "text", "text": "Randevu"},
        "body": {"text": "Gelecek misiniz?"},
        "footer": {"text": "Klinik"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "y", "title": "Evet"}},
                {"type": "reply", "reply": {"id": "n", "title": "Hayır"}},
            ]
        },
    }


def test_a_list_has_the_shape_of_the_cloud_api():
    sections = [
        Section("Pazartesi", [Row("1", "10:00", "Dr. A")]),
        ("Salı", [("2", "11:00")]),
    ]
    assert payloads.list_(PATIENT, "Seçin", "Saatler", sections)["interactive"] == {
        "type": "list",
        "body": {"text": "Seçin"},
        "action": {
            "button": "Saatler",
            "sections": [
                {
                    "title": "Pazartesi",
                    "rows": [{"id": "1", "title": "10:00", "description": "Dr. A"}],
                },
                {"title": "Salı", "rows": [{"id": "2", "title": "11:00"}]},
            ],
        },
    }


def test_a_reaction_is_set_and_taken_back():
    assert payloads.reaction(PATIENT, "wamid.IN", "👍")["reaction"]["emoji"] == "👍"
    assert payloads.reaction(PATIENT, "wamid.IN", "")["reaction"] == {
        "message_id": "wamid.IN",
        "emoji": "",
    }


@pytest.mark.parametrize("end", ["https://k.example/a", "HTTP://x", "a b", " ", ""])
def test_the_end_of_an_address_is_no_whole_one_and_has_no_blanks(end):
    with pytest.raises(payloads.PayloadError):
        payloads.template(PATIENT, "x", "tr", buttons=[UrlSuffix(0, end)])


def test_an_address_may_end_in_another_one():
    end = "go?to=https://k.example/a"
    built = payloads.template(PATIENT, "x", "tr", buttons=[UrlSuffix(0, end)])
    (button,) = built["template"]["components"]
    assert button["parameters"] == [{"type": "text", "text": end}]


def test_the_payload_of_a_tap_is_not_shown():
    assert "key" not in repr(QuickReply(0, "key")) + repr(UrlSuffix(0, "key"))


NAMED = [
    {
        "type": "HEADER",
        "format": "TEXT",
        "text": "{{clinic_name}}",
        "example": {
            "header_text_named_params": [
                {"param_name": "clinic_name", "example": "Kadıköy"}
            ]
        },
    },
    {
        "type": "BODY",
        "text": "Sayın {{patient_name}}, {{time}}. {{patient_name}}!",
        "example": {
            "body_text_named_params": [
                {"param_name": "time", "example": "10:00"},
                {"param_name": "patient_name", "example": "Ayşe"},
            ]
        },
    },
    {"type": "FOOTER", "text": "Klinik"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Onayla"},
            {
                "type": "URL",
                "text": "Aç",
                "url": "https://k.example/{{1}}",
                "example": ["https://k.example/abc"],
            },
        ],
    },
]


def test_variables_of_a_template_with_named_parameters():
    assert payloads.template_variables(NAMED, "NAMED") == [
        TemplateVariable("header", "clinic_name", "Kadıköy"),
        TemplateVariable("body", "patient_name", "Ayşe"),
        TemplateVariable("body", "time", "10:00"),
        TemplateVariable("button:1", 1, "https://k.example/abc"),
    ]


@pytest.mark.parametrize("examples", [[["Ayşe", "10:00"]], ["Ayşe", "10:00"]])
def test_variables_of_a_template_with_positional_parameters(examples):
    body = {
        "type": "body",
        "text": "Saat {{2}}: {{1}}.",
        "example": {"body_text": examples},
    }
    assert payloads.template_variables([body], "POSITIONAL") == [
        ("body", 1, "Ayşe"),
        ("body", 2, "10:00"),
    ]


def test_a_variable_without_an_example_is_listed():
    body = {"type": "BODY", "text": "Sayın {{1}},"}
    assert payloads.template_variables([body], None) == [("body", 1, "")]


@bounded
@given(st.text("{}12ab_ ", max_size=40), st.sampled_from([None, "NAMED", "POSITIONAL"]))
def test_every_variable_that_is_listed_is_filled_and_no_other(
    wording, parameter_format
):
    components = [{"type": "BODY", "text": wording}]
    variables = payloads.template_variables(components, parameter_format)
    values = {(component, name): "-" for component, name, _ in variables}
    rendered = payloads.render(components, values)
    assert payloads.template_variables([{"type": "BODY", "text": rendered}], None) == []
    assert bool(variables) == (rendered != wording)


def test_a_preview_reads_like_the_message():
    values = {
        ("header", "clinic_name"): "Kadıköy",
        ("body", "patient_name"): "Ayşe",
        ("body", "time"): "10:00",
    }
    assert payloads.render(NAMED, values) == (
        "Kadıköy\n\nSayın Ayşe, 10:00. Ayşe!\n\nKlinik\n\n[Onayla]\n[Aç]"
    )


def test_a_preview_leaves_unfilled_variables_and_does_not_fill_values():
    body = {"type": "BODY", "text": "{{1}} {{2}}"}
    assert payloads.render([body], {("body", 1): "{{2}}"}) == "{{2}} {{2}}"


def test_parts_that_cannot_be_filled_are_named():
    assert payloads.unfillable_parts(NAMED) == []
    assert payloads.unfillable_parts(
        [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BUTTONS", "buttons": [{"type": "URL"}, {"type": "COPY_CODE"}]},
            {"type": "CAROUSEL"},
        ]
    ) == ["HEADER IMAGE", "BUTTON COPY_CODE", "CAROUSEL"]


def test_a_footer_with_a_variable_cannot_be_filled():
    footer = {"type": "FOOTER", "text": "Yours, {{1}}"}
    assert payloads.unfillable_parts([footer]) == ["FOOTER"]


CODE_BODY = {"type": "BODY", "text": "*{{1}}* is your verification code."}
CODE_PAGE = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
CODE_BUTTONS = [
    {"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"},
    {"type": "URL", "text": "Copy code", "url": CODE_PAGE},
]


@pytest.mark.parametrize("button", CODE_BUTTONS)
def test_a_one_time_code_is_asked_for_once(button):
    components = [CODE_BODY, {"type": "BUTTONS", "buttons": [button]}]
    (variable,) = payloads.template_variables(components, "POSITIONAL")
    assert (variable.component, variable.name) == payloads.CODE_VARIABLE
    assert payloads.unfillable_parts(components) == []


@pytest.mark.parametrize("button", CODE_BUTTONS)
def test_a_button_for_a_code_that_no_text_shows_cannot_be_filled(button):
    body = {"type": "BODY", "text": "Hello {{patient}}, here you are."}
    components = [body, {"type": "BUTTONS", "buttons": [button]}]
    assert payloads.unfillable_parts(components) == ["BUTTON OTP"]


def code_message(code, recipient="+905321110001"):
    buttons = [payloads.OneTimeCode(0, code)]
    return payloads.template(recipient, "code", "en", body=[code], buttons=buttons)


def test_a_one_time_code_is_given_to_the_text_and_to_its_button():
    assert code_message("123-456 x9")["template"]["components"] == [
        {"type": "body", "parameters": [{"type": "text", "text": "123-456 x9"}]},
        {
            "type": "button",
            "sub_type": "url",
            "index": "0",
            "parameters": [{"type": "text", "text": "123-456 x9"}],
        },
    ]


def test_a_one_time_code_has_up_to_15_characters():
    assert code_message("x" * 15)
    with pytest.raises(PayloadError, match="one-time code: 1 to 15 characters"):
        code_message("x" * 16)


@pytest.mark.parametrize("code", ["http://a.b/1", "12\N{PARTY POPPER}34", ""])
def test_a_one_time_code_is_no_address_no_emoji_and_not_empty(code):
    with pytest.raises(PayloadError):
        code_message(code)


def test_a_one_time_code_goes_to_phone_numbers_only():
    with pytest.raises(PayloadError, match="recipient: a one-time code needs a phone"):
        code_message("123456", recipient="TR.1234567890")


@pytest.mark.parametrize("components", [None, "x", ["x"], [{}], [{"type": "BUTTONS"}]])
def test_odd_definitions_can_be_read(components):
    assert payloads.template_variables(components, "NAMED") == []
    assert payloads.render(components, {}) == ""


@pytest.mark.parametrize(("name", "limit"), [("HEADER", 60), ("BODY", 1024)])
def test_a_text_keeps_its_limit_when_it_is_filled(name, limit):
    part = {"type": name, "format": "TEXT", "text": "Hello {{1}}"}
    key = (name.lower(), 1)
    payloads.check_filled([part], {key: "x" * (limit - 6)})
    with pytest.raises(payloads.PayloadError, match=str(limit)):
        payloads.check_filled([part], {key: "x" * (limit - 5)})


@pytest.mark.parametrize(
    ("odoo_lang", "code"),
    [
        ("tr_TR", "tr"),
        ("en_US", "en_US"),
        ("en_GB", "en_GB"),
        ("en_IN", "en_IN"),
        ("en_KE", "en"),
        ("be_BY", "be_BY"),
        ("de_DE", "de"),
        ("de_CH", "de_CH"),
        ("ar_001", "ar"),
        ("ar_SY", "ar"),
        ("ar_EG", "ar_EG"),
        ("fa_IR", "fa"),
        ("es_419", "es"),
        ("pt_AO", "pt_PT"),
        ("pt_BR", "pt_BR"),
        ("zh_TW", "zh_TW"),
        ("nb_NO", "nb"),
        ("sr@latin", "sr"),
        ("ru_RU", "ru"),
        ("az_AZ", "az"),
        ("uk_UA", "uk"),
        ("tr", "tr"),
    ],
)
def test_odoos_language_becomes_whatsapps(odoo_lang, code):
    assert payloads.language_code(odoo_lang) == code


def card(*buttons, format_="IMAGE", text="On {{1}}."):
    components = [
        {"type": "HEADER", "format": format_},
        {"type": "BODY", "text": text},
        {"type": "BUTTONS", "buttons": list(buttons)},
    ]
    return {"components": components}


ANSWER = {"type": "QUICK_REPLY", "text": "More"}
PAGE = {"type": "URL", "text": "Read", "url": "https://k.example/{{1}}"}
CAROUSEL = [
    {"type": "BODY", "text": "Two days, {{1}}."},
    {"type": "CAROUSEL", "cards": [card(ANSWER, PAGE), card(ANSWER, PAGE)]},
]
FILE = payloads.MediaHeader("image", payloads.Media(id="1"))
VALUES = {
    ("body", 1): "Ayşe",
    ("card:0:body", 1): "Monday",
    ("card:0:button:1", 1): "a",
    ("card:1:body", 1): "Tuesday",
    ("card:1:button:1", 1): "b",
}


def test_variables_of_a_carousel_name_their_card():
    found = payloads.template_variables(CAROUSEL, None)
    assert {one[:2] for one in found} == VALUES.keys()


def test_a_preview_of_a_carousel_has_its_cards_below_the_text():
    assert payloads.render(CAROUSEL, VALUES) == (
        "Two days, Ayşe.\n\n"
        "On Monday.\n\n[More]\n[Read]\n\nOn Tuesday.\n\n[More]\n[Read]"
    )


def test_a_carousel_is_sent_with_all_that_fills_its_cards():
    definitions = payloads.template_cards(CAROUSEL)
    own = [payloads.card_values(VALUES, index) for index in range(2)]
    cards = [
        payloads.Card(
            FILE, [one["body", 1]], payloads.card_buttons(definition, one, "card")
        )
        for definition, one in zip(definitions, own, strict=True)
    ]
    built = payloads.template(PATIENT, "days", "tr", body=["Ayşe"], cards=cards)
    body, carousel = built["template"]["components"]
    assert body["parameters"][0]["text"] == "Ayşe"
    assert carousel["type"] == "carousel"
    assert carousel["cards"][1] == {
        "card_index": 1,
        "components": [
            {
                "type": "header",
                "parameters": [{"type": "image", "image": {"id": "1"}}],
            },
            {"type": "body", "parameters": [{"type": "text", "text": "Tuesday"}]},
            {
                "type": "button",
                "sub_type": "quick_reply",
                "parameters": [{"type": "payload", "payload": "card"}],
                "index": "0",
            },
            {
                "type": "button",
                "sub_type": "url",
                "parameters": [{"type": "text", "text": "b"}],
                "index": "1",
            },
        ],
    }


@pytest.mark.parametrize("count", [1, 11])
def test_a_carousel_has_two_to_ten_cards(count):
    with pytest.raises(PayloadError, match="2 to 10"):
        payloads.template(PATIENT, "days", "tr", cards=[payloads.Card(FILE)] * count)


def test_the_cards_of_a_carousel_are_all_images_or_all_videos():
    film = payloads.MediaHeader("video", payloads.Media(id="1"))
    cards = [payloads.Card(FILE), payloads.Card(film)]
    with pytest.raises(PayloadError, match="all videos"):
        payloads.template(PATIENT, "days", "tr", cards=cards)


@pytest.mark.parametrize("length", [160, 161])
def test_the_text_of_a_card_is_short_once_filled(length):
    filled = {("card:1:body", 1): "x" * (length - len("On ."))}
    if length <= payloads.CARD_BODY:
        payloads.check_filled(CAROUSEL, filled)
        return
    with pytest.raises(PayloadError, match="160"):
        payloads.check_filled(CAROUSEL, filled)


@pytest.mark.parametrize(
    ("cards", "missing"),
    [
        ([card(ANSWER), card(ANSWER)], []),
        ([], ["CAROUSEL"]),
        ([card(format_="PRODUCT")], ["CARD HEADER", "CARD HEADER PRODUCT"]),
        ([card({"type": "SPM", "text": "Buy"})], ["CARD BUTTON SPM"]),
    ],
)
def test_who_fills_a_carousel_is_told_what_else_its_cards_have(cards, missing):
    components = [{"type": "CAROUSEL", "cards": cards}]
    assert payloads.unfillable_parts(components) == ["CAROUSEL"]
    assert payloads.unfillable_parts(components, ["CAROUSEL"]) == missing
