"""Templates as they are written: every rule, and what is posted."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import payloads, templates
from whatsapp_clinic.cloud_api.templates import (
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    Header,
    OneTimeCodeButton,
    PhoneButton,
    QuickReplyButton,
    TemplateDefinition,
    UrlButton,
    VoiceCallButton,
    edit_problems,
    problems,
)

bounded = settings(max_examples=200, derandomize=True, deadline=None, database=None)

REMINDER = TemplateDefinition(
    name="appointment_reminder",
    language="tr",
    category="UTILITY",
    parameter_format=templates.NAMED,
    header=Header("TEXT", "Randevu: {{clinic}}"),
    body="Sayın {{patient}}, randevunuz {{date}} günü saat {{time}} için ayrıldı.",
    footer="Klinik",
    buttons=(
        QuickReplyButton("Geliyorum"),
        QuickReplyButton("İptal"),
        UrlButton("Yol tarifi", "https://k.example/{{1}}", "https://k.example/kadikoy"),
    ),
    examples={
        ("header", "clinic"): "Kadıköy",
        ("body", "patient"): "Ayşe",
        ("body", "date"): "24 Kasım",
        ("body", "time"): "14:30",
    },
    ttl_seconds=3600,
)
NUMBERED = replace(
    REMINDER,
    header=None,
    parameter_format=templates.POSITIONAL,
    body="Sayın {{1}}, randevunuz {{2}} günü için ayrılmıştır, bekliyoruz.",
    examples={("body", 1): "Ayşe", ("body", 2): "24 Kasım"},
)

CODE = TemplateDefinition(
    name="login_code",
    language="tr",
    category=templates.AUTHENTICATION,
    body="",
    buttons=[OneTimeCodeButton()],
    add_security_recommendation=True,
    code_expiration_minutes=10,
    ttl_seconds=600,
)


def body(text, **changes):
    """The reminder with another body, each variable of which has an example."""
    definition = replace(NUMBERED, body=text, **changes)
    part = {"type": "BODY", "text": text}
    names = payloads.template_variables([part], definition.parameter_format)
    examples = {("body", one.name): "x" for one in names}
    return replace(definition, examples=examples)


def header(text, **examples):
    return replace(
        REMINDER,
        header=Header("TEXT", text),
        examples={
            **REMINDER.examples,
            **{("header", name): value for name, value in examples.items()},
        },
    )


def buttons(*buttons):
    return replace(REMINDER, buttons=buttons)


def replies(count):
    return [QuickReplyButton(f"Saat {number}") for number in range(count)]


def refusals(definition):
    return [one for one in problems(definition) if not one.is_advice]


@pytest.mark.parametrize("definition", [REMINDER, NUMBERED, CODE])
def test_a_good_template_has_no_problem_that_must_be_mended(definition):
    assert refusals(definition) == []


LINK = UrlButton("Aç", "https://k.example")
BAD = {
    "no name": (replace(REMINDER, name=""), "name", ""),
    "capital in name": (replace(REMINDER, name="Reminder"), "name", "Reminder"),
    "long name": (replace(REMINDER, name="x" * 513), "name", "x" * 513),
    "language of Odoo": (replace(REMINDER, language="tr_TR"), "language", "tr_TR"),
    "no language": (replace(REMINDER, language="türkçe"), "language", "türkçe"),
    "category": (replace(REMINDER, category="PROMO"), "category", "PROMO"),
    "code in a reminder": (buttons(OneTimeCodeButton("Kopyala")), "buttons", "Kopyala"),
    "code with a header": (
        replace(CODE, header=Header("IMAGE", handle="4::x")),
        "header",
        "IMAGE",
    ),
    "code with an own text": (replace(CODE, body="Kod {{1}}"), "body", "Kod {{1}}"),
    "code with an own footer": (replace(CODE, footer="Klinik"), "footer", "Klinik"),
    "code without its button": (replace(CODE, buttons=()), "buttons", ""),
    "code with two buttons": (
        replace(CODE, buttons=[OneTimeCodeButton(), OneTimeCodeButton()]),
        "buttons",
        "",
    ),
    "code with another button": (
        replace(CODE, buttons=[OneTimeCodeButton(), LINK]),
        "button:1",
        "Aç",
    ),
    "long button of a code": (
        replace(CODE, buttons=[OneTimeCodeButton("x" * 25 + "yz")]),
        "button:0",
        "yz",
    ),
    "code of no time": (replace(CODE, code_expiration_minutes=0), "footer", "0"),
    "code of too long": (replace(CODE, code_expiration_minutes=91), "footer", "91"),
    "long life of a code": (replace(CODE, ttl_seconds=901), "ttl", "901"),
    "header kind": (replace(REMINDER, header=Header("GIF")), "header", "GIF"),
    "no sample": (replace(REMINDER, header=Header("IMAGE")), "header", ""),
    "empty header": (header(""), "header", ""),
    "long header": (header("x" * 60 + "yz"), "header", "yz"),
    "line break in header": (header("a\nb"), "header", "a\nb"),
    "formatted header": (header("*Randevu*"), "header", "*"),
    "two in header": (header("a {{b}} c {{d}}", b="1", d="2"), "header", "{{d}}"),
    "empty body": (body(" "), "body", ""),
    "long body": (body("x" * 1024 + "yz"), "body", "yz"),
    "variable first": (body("{{1}} bey, hoş geldiniz."), "body", "{{1}}"),
    "variable last": (body("Hoş geldiniz sayın {{1}}"), "body", "{{1}}"),
    "variables adjacent": (
        body("Sayın {{1}} {{2}} hoş geldiniz bize"),
        "body",
        "{{1}} {{2}}",
    ),
    "gap": (body("Bir {{1}} iki üç {{3}} dört beş."), "body", "{{2}}"),
    "not from 1": (body("Bir {{2}} iki üç dört beş."), "body", "{{1}}"),
    "zero": (body("Bir {{0}} iki üç dört beş."), "body", "{{0}}"),
    "name among numbers": (body("Bir {{ad}} iki üç."), "body", "{{ad}}"),
    "unbalanced": (body("Bir {{1}} iki {{ üç dört beş."), "body", "{{"),
    "closing only": (body("Bir iki }} üç dört beş."), "body", "}}"),
    "special character": (body("Bir {{a#b}} iki üç."), "body", "{{a#b}}"),
    "number among names": (
        body("Bir {{1}} iki üç.", parameter_format="NAMED"),
        "body",
        "{{1}}",
    ),
    "capital in variable": (
        body("Bir {{Ad}} iki üç.", parameter_format="NAMED"),
        "body",
        "{{Ad}}",
    ),
    "name twice": (
        body("Bir {{ad}} iki üç {{ad}} dört beş.", parameter_format="NAMED"),
        "body",
        "{{ad}}",
    ),
    "no example": (replace(NUMBERED, examples={("body", 1): "A"}), "body:2", ""),
    "example with line break": (
        replace(NUMBERED, examples={("body", 1): "a\nb", ("body", 2): "x"}),
        "body:1",
        "a\nb",
    ),
    "filled body too long": (
        replace(NUMBERED, examples={("body", 1): "x" * 1000, ("body", 2): "x"}),
        "body",
        NUMBERED.body,
    ),
    "long footer": (replace(REMINDER, footer="x" * 60 + "yz"), "footer", "yz"),
    "variable in footer": (replace(REMINDER, footer="a {{1}}"), "footer", "{{1}}"),
    "11 buttons": (buttons(*replies(10), LINK), "buttons", "Aç"),
    "3 links": (
        buttons(LINK, LINK, UrlButton("Üç", "https://a.b")),
        "buttons",
        "Üç",
    ),
    "2 phones": (
        buttons(
            PhoneButton("A", "+902160000001"),
            PhoneButton("B", "+902160000002"),
        ),
        "buttons",
        "B",
    ),
    "2 codes": (buttons(CopyCodeButton("A1"), CopyCodeButton("B2")), "buttons", "B2"),
    "2 calls": (buttons(VoiceCallButton("A"), VoiceCallButton("B")), "buttons", "B"),
    "2 requests": (
        buttons(ContactRequestButton(), ContactRequestButton()),
        "buttons",
        "",
    ),
    "long call": (buttons(VoiceCallButton("x" * 25 + "yz")), "button:0", "yz"),
    "2 forms": (buttons(FlowButton("A", "1"), FlowButton("B", "2")), "buttons", "B"),
    "replies apart": (
        buttons(QuickReplyButton("A"), LINK, QuickReplyButton("B")),
        "buttons",
        "B",
    ),
    "long button": (
        buttons(QuickReplyButton("x" * 25 + "yz")),
        "button:0",
        "yz",
    ),
    "button without text": (
        buttons(LINK, PhoneButton("", "+902160000001")),
        "button:1",
        "",
    ),
    "variable in button": (
        buttons(QuickReplyButton("Saat {{1}}")),
        "button:0",
        "{{1}}",
    ),
    "no address": (buttons(UrlButton("A", "k.example")), "button:0", "k.example"),
    "long address": (
        buttons(UrlButton("A", "https://a.b/".ljust(2001, "x"))),
        "button:0",
        "https://a.b/".ljust(2001, "x"),
    ),
    "variable amid address": (
        buttons(UrlButton("A", "https://a.b/{{1}}/c", "https://a.b/x/c")),
        "button:0",
        "{{1}}/c",
    ),
    "variable host": (
        buttons(UrlButton("A", "https://{{1}}", "https://a.b")),
        "button:0",
        "https://{{1}}",
    ),
    "address without example": (
        buttons(UrlButton("A", "https://a.b/{{1}}", "xyz")),
        "button:0",
        "xyz",
    ),
    "national phone": (buttons(PhoneButton("A", "0216")), "button:0", "0216"),
    "long phone": (
        buttons(PhoneButton("A", "+" + "9" * 16)),
        "button:0",
        "+" + "9" * 16,
    ),
    "long code": (buttons(CopyCodeButton("x" * 15 + "yz")), "button:0", "yz"),
    "no form": (buttons(FlowButton("A", "")), "button:0", ""),
    "short life": (replace(REMINDER, ttl_seconds=29), "ttl", "29"),
    "long life": (replace(REMINDER, ttl_seconds=43_201), "ttl", "43201"),
    "marketing for a moment": (
        replace(REMINDER, category="MARKETING", ttl_seconds=3600),
        "ttl",
        "3600",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_the_part_and_the_text_that_break_a_rule_are_named(name):
    definition, part, text = BAD[name]
    assert (part, text) in [(one.part, one.text) for one in refusals(definition)]


@pytest.mark.parametrize("name", BAD)
def test_a_broken_rule_is_told_in_a_whole_sentence(name):
    definition, _part, _text = BAD[name]
    for problem in problems(definition):
        assert problem.tell().endswith((".", "…"))
        assert problem.tell(str.upper if not problem.values else str)


GOOD = {
    "longest name": replace(REMINDER, name="x" * 512),
    "longest header": header("x" * 60),
    "longest body": body("x" * 1024),
    "longest footer": replace(REMINDER, footer="x" * 60),
    "ten buttons": buttons(*replies(10)),
    "links before replies": buttons(LINK, LINK, *replies(2)),
    "one of each": buttons(
        QuickReplyButton("x" * 25),
        PhoneButton("Ara", "+902160000001"),
        CopyCodeButton("x" * 15),
        FlowButton("Form", "77", "ASK"),
        VoiceCallButton("x" * 25),
        ContactRequestButton(),
    ),
    "longest address": buttons(UrlButton("A", "https://a.b/".ljust(2000, "x"))),
    "variable before a full stop": body("Sizi bekliyoruz sayın {{1}}."),
    "number twice": body("Bir {{1}} iki üç dört {{1}} beş altı."),
    "sample image": replace(REMINDER, header=Header("IMAGE", handle="4::x")),
    "place": replace(REMINDER, header=Header("LOCATION")),
    "thirty days": replace(REMINDER, ttl_seconds=-1),
    "code for a minute": replace(CODE, code_expiration_minutes=1),
    "code for long": replace(CODE, code_expiration_minutes=90),
    "code without more": replace(
        CODE, add_security_recommendation=False, code_expiration_minutes=None
    ),
    "code for thirty days": replace(CODE, ttl_seconds=-1),
    "button of a code with a text": replace(
        CODE, buttons=[OneTimeCodeButton("x" * 25)]
    ),
    "no header, no footer, no buttons": replace(
        REMINDER, header=None, footer="", buttons=()
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_keeps_the_limits_is_accepted(name):
    assert refusals(GOOD[name]) == []


@pytest.mark.parametrize(
    ("definition", "part"),
    [
        (body("Sayın {{1}}, {{2}}: {{3}}.", buttons=()), "body"),
        (buttons(*replies(4)), "buttons"),
        (buttons(*replies(1), LINK), "buttons"),
    ],
)
def test_what_whatsapp_may_accept_is_only_advised(definition, part):
    advice = [one.part for one in problems(definition) if one.is_advice]
    assert advice == [part]
    assert refusals(definition) == []


def test_all_problems_are_told_at_once():
    definition = replace(
        REMINDER, name="A", language="xx_xx", footer="x" * 61, body="{{patient}}"
    )
    assert {"name", "language", "footer", "body"} <= {
        one.part for one in refusals(definition)
    }


def test_a_named_template_is_created_with_its_examples():
    assert templates.creation(REMINDER) == {
        "name": "appointment_reminder",
        "language": "tr",
        "category": "UTILITY",
        "parameter_format": "NAMED",
        "message_send_ttl_seconds": 3600,
        "components": [
            {
                "type": "HEADER",
                "format": "TEXT",
                "text": "Randevu: {{clinic}}",
                "example": {
                    "header_text_named_params": [
                        {"param_name": "clinic", "example": "Kadıköy"}
                    ]
                },
            },
            {
                "type": "BODY",
                "text": REMINDER.body,
                "example": {
                    "body_text_named_params": [
                        {"param_name": "patient", "example": "Ayşe"},
                        {"param_name": "date", "example": "24 Kasım"},
                        {"param_name": "time", "example": "14:30"},
                    ]
                },
            },
            {"type": "FOOTER", "text": "Klinik"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Geliyorum"},
                    {"type": "QUICK_REPLY", "text": "İptal"},
                    {
                        "type": "URL",
                        "text": "Yol tarifi",
                        "url": "https://k.example/{{1}}",
                        "example": ["https://k.example/kadikoy"],
                    },
                ],
            },
        ],
    }


def test_a_numbered_template_is_created_with_its_examples():
    (body_part, _footer, _buttons) = templates.creation(NUMBERED)["components"]
    assert body_part["example"] == {"body_text": [["Ayşe", "24 Kasım"]]}


def test_a_numbered_header_has_a_flat_example():
    definition = replace(
        NUMBERED,
        header=Header("TEXT", "Klinik {{1}}"),
        examples={**NUMBERED.examples, ("header", 1): "Kadıköy"},
    )
    header_part = templates.creation(definition)["components"][0]
    assert header_part["example"] == {"header_text": ["Kadıköy"]}


@pytest.mark.parametrize(
    ("header", "component"),
    [
        (
            Header("DOCUMENT", handle="4::x"),
            {
                "type": "HEADER",
                "format": "DOCUMENT",
                "example": {"header_handle": ["4::x"]},
            },
        ),
        (Header("LOCATION"), {"type": "HEADER", "format": "LOCATION"}),
    ],
)
def test_a_header_other_than_text_is_created(header, component):
    definition = replace(REMINDER, header=header)
    assert templates.creation(definition)["components"][0] == component


def test_the_other_buttons_are_created():
    definition = buttons(
        PhoneButton("Ara", "+902160000001"),
        CopyCodeButton("SAGLIK25"),
        FlowButton("Form", "77", "ASK"),
        LINK,
        VoiceCallButton("Bizi arayın"),
        ContactRequestButton(),
    )
    assert templates.creation(definition)["components"][-1]["buttons"] == [
        {"type": "PHONE_NUMBER", "text": "Ara", "phone_number": "+902160000001"},
        {"type": "COPY_CODE", "example": "SAGLIK25"},
        {
            "type": "FLOW",
            "text": "Form",
            "flow_id": "77",
            "flow_action": "navigate",
            "navigate_screen": "ASK",
        },
        {"type": "URL", "text": "Aç", "url": "https://k.example"},
        {"type": "VOICE_CALL", "text": "Bizi arayın"},
        {"type": "REQUEST_CONTACT_INFO"},
    ]


def test_the_texts_of_a_one_time_code_are_left_to_whatsapp():
    assert templates.creation(CODE)["components"] == [
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 10},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
    ]


@pytest.mark.parametrize(
    ("language", "words", "expiry"),
    [
        ("en_US", "*123456* is your verification code. For your", "in 10 minutes"),
        ("tr", "Doğrulama kodunuz: *123456*. Güvenliğiniz için", "10 dakika"),
        ("de", "*123456* is your verification code. For your", "in 10 minutes"),
    ],
)
def test_whatsapps_own_words_are_foreseen(language, words, expiry):
    parts = templates.listed_components(replace(CODE, language=language))
    (variable,) = payloads.template_variables(parts, templates.POSITIONAL)
    assert variable[:2] == payloads.CODE_VARIABLE
    shown = payloads.render(parts, {variable[:2]: variable.example})
    assert shown.startswith(words)
    assert expiry in shown


def test_words_that_nobody_asked_whatsapp_for_are_not_foreseen():
    plain = replace(
        CODE, add_security_recommendation=False, code_expiration_minutes=None
    )
    shown = payloads.render(templates.listed_components(plain), {})
    assert shown == "Doğrulama kodunuz: *{{1}}*.\n\n[]"


CODE_PAGE = "https://www.whatsapp.com/otp/code/?otp_type=%s&code=otp{{1}}"
CODE_BUTTONS = {
    "as it was taken": {"type": "OTP", "otp_type": "copy_code", "text": "Kopyala"},
    "as an address": {
        "type": "URL",
        "text": "Kopyala",
        "url": CODE_PAGE % "COPY_CODE",
        "example": [CODE_PAGE % "COPY_CODE"],
    },
}


def listed_code(button):
    """A template for codes as WhatsApp lists it, in words of a language of its own."""
    return [
        {"type": "BODY", "text": "*{{1}}* Kod", "add_security_recommendation": True},
        {"type": "FOOTER", "text": "10", "code_expiration_minutes": 10},
        {"type": "BUTTONS", "buttons": [button]},
    ]


@pytest.mark.parametrize("shape", CODE_BUTTONS)
def test_an_edit_says_a_one_time_code_again(shape):
    definition = replace(CODE, buttons=[OneTimeCodeButton("Kopyala")])
    listed = listed_code(CODE_BUTTONS[shape])
    assert templates.lost_parts(listed, definition) == []
    shorter = replace(definition, code_expiration_minutes=5)
    assert templates.lost_parts(listed, shorter) == ["FOOTER"]


@pytest.mark.parametrize(
    "button",
    [
        {"type": "OTP", "otp_type": "ONE_TAP", "text": "Kopyala"},
        {"type": "URL", "text": "Kopyala", "url": CODE_PAGE % "ZERO_TAP"},
    ],
)
def test_an_edit_would_take_the_clinics_own_app_away(button):
    definition = replace(CODE, buttons=[OneTimeCodeButton("Kopyala")])
    assert templates.lost_parts(listed_code(button), definition) == ["BUTTON OTP"]


def test_an_edit_would_take_an_old_authentication_template_its_text():
    old = [{"type": "BODY", "text": "Kodunuz {{1}} budur."}]
    assert templates.lost_parts(old, CODE) == ["BODY"]


def test_an_edit_that_says_everything_again_loses_nothing():
    for definition in (REMINDER, NUMBERED, CODE):
        assert templates.lost_parts(definition.components(), definition) == []


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"type": "HEADER", "format": "GIF"}, "HEADER GIF"),
        ({"type": "CAROUSEL", "cards": []}, "CAROUSEL"),
        ({"type": "BUTTONS", "buttons": [{"type": "CATALOG"}]}, "BUTTON CATALOG"),
        (
            {"type": "BODY", "text": REMINDER.body, "add_security_recommendation": 1},
            "BODY",
        ),
    ],
)
def test_what_an_edit_would_take_away_is_named(part, name):
    assert templates.lost_parts([part], REMINDER) == [name]


def test_an_edit_leaves_name_language_and_a_kept_category_out():
    assert templates.edit(REMINDER, "UTILITY").keys() == {
        "components",
        "message_send_ttl_seconds",
    }
    assert templates.edit(REMINDER, "MARKETING")["category"] == "UTILITY"


NOW = datetime(2026, 11, 22, 9, 0)


def edited(*hours_ago):
    return [NOW - timedelta(hours=hours) for hours in hours_ago]


@pytest.mark.parametrize(
    ("status", "category", "edits", "parts"),
    [
        ("APPROVED", "UTILITY", [], []),
        ("APPROVED", "UTILITY", edited(25), []),
        ("APPROVED", "UTILITY", edited(23), ["edit"]),
        ("APPROVED", "UTILITY", edited(*range(25, 700, 60))[:9], []),
        ("APPROVED", "UTILITY", edited(*range(25, 700, 60))[:10], ["edit"]),
        ("APPROVED", "UTILITY", edited(*[721] * 10), []),
        ("APPROVED", "MARKETING", [], ["category"]),
        ("REJECTED", "MARKETING", edited(1, 1, 1), []),
        ("PAUSED", "UTILITY", edited(1), []),
        ("PENDING", "UTILITY", [], ["edit"]),
        ("DISABLED", "UTILITY", [], ["edit"]),
    ],
)
def test_an_edit_keeps_whatsapps_quota(status, category, edits, parts):
    found = list(edit_problems(status, category, "UTILITY", edits, NOW))
    assert [one.part for one in found] == parts


wording = st.text("ab {}12_#\n.", max_size=60)


@bounded
@given(wording, wording, st.sampled_from(["NAMED", "POSITIONAL"]))
def test_any_wording_is_judged_and_what_passes_can_be_filled(text, top, form):
    definition = replace(
        body(text, parameter_format=form), header=Header("TEXT", top), buttons=()
    )
    found = refusals(definition)
    if any(one.part in ("body", "header") for one in found):
        return
    components = templates.creation(definition)["components"]
    names = payloads.template_variables(components, form)
    values = {(component, name): "x" for component, name, _example in names}
    assert "{{" not in payloads.render(components, values)
