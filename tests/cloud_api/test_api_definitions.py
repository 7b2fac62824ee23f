"""A template's definition is written in WhatsApp's form and read from it."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import templates
from whatsapp_clinic.cloud_api.templates import (
    Card,
    ContactRequestButton,
    CopyCodeButton,
    FlowButton,
    Header,
    OneTimeCodeButton,
    OtherButton,
    PhoneButton,
    QuickReplyButton,
    TemplateDefinition,
    UrlButton,
    VoiceCallButton,
    creation,
    read,
)

bounded = settings(max_examples=300, derandomize=True, deadline=None, database=None)
words = st.text(string.ascii_letters + " ğışÇ*_", min_size=1, max_size=20)
names = st.text(string.ascii_lowercase, min_size=1, max_size=8)
OTHER = {"type": "CATALOG", "text": "Shop", "more": {"of": "it"}}
buttons = st.one_of(
    st.builds(QuickReplyButton, words),
    st.builds(UrlButton, words, st.just("https://a.example/page")),
    st.just(UrlButton("Map", "https://a.example/{{1}}", "https://a.example/x")),
    st.builds(PhoneButton, words, st.just("+902165550000")),
    st.builds(CopyCodeButton, words),
    st.builds(FlowButton, words, st.just("12"), st.sampled_from(["", "ONE"])),
    st.builds(VoiceCallButton, words),
    st.just(ContactRequestButton()),
    st.just(OtherButton("CATALOG", "Shop", OTHER)),
)
files = st.builds(
    Header, st.sampled_from(["IMAGE", "VIDEO", "DOCUMENT", "GIF"]), handle=names
)


@st.composite
def definitions(draw):
    """Templates of every shape, each variable with an example."""
    is_named = draw(st.booleans())
    examples = {}

    def text(component, most=3):
        """Words with variables between them, which are noted with examples."""
        found = [draw(words)]
        wanted = draw(st.lists(names, max_size=most, unique=True))
        for number, name in enumerate(wanted, start=1):
            key = name if is_named else number
            examples[component, key] = draw(words)
            found += [f"{{{{{key}}}}}", draw(words)]
        return "".join(found)

    kind = draw(st.sampled_from(["none", "text", "place", "file"]))
    header = {
        "none": lambda: None,
        "text": lambda: Header("TEXT", text=text("header", 1)),
        "place": lambda: Header("LOCATION"),
        "file": lambda: draw(files),
    }[kind]()
    cards = [
        Card(draw(files), text(f"card:{index}:body"), tuple(draw(st.lists(buttons))))
        for index in range(draw(st.sampled_from([0, 0, 2, 3])))
    ]
    return TemplateDefinition(
        name=draw(names),
        language="tr",
        category=draw(st.sampled_from(["UTILITY", "MARKETING"])),
        header=header,
        body=text("body"),
        footer=draw(st.one_of(st.just(""), words)),
        buttons=tuple(draw(st.lists(buttons, max_size=4))),
        cards=tuple(cards),
        parameter_format=templates.NAMED if is_named else templates.POSITIONAL,
        examples=examples,
        ttl_seconds=draw(st.sampled_from([None, 60])),
        others=draw(st.sampled_from([(), ({"type": "HOLOGRAM", "text": "x"},)])),
    )


@bounded
@given(definitions())
def test_what_is_written_is_read_as_it_was(definition):
    assert read(creation(definition)) == definition


@bounded
@given(st.booleans(), st.sampled_from([None, 1, 90]), st.sampled_from(["", "Copy"]))
def test_one_time_code_is_read_as_it_was(advises, minutes, label):
    code = TemplateDefinition(
        name="login_code",
        language="tr",
        category=templates.AUTHENTICATION,
        body="",
        buttons=(OneTimeCodeButton(label),),
        add_security_recommendation=advises,
        code_expiration_minutes=minutes,
    )
    assert read(creation(code)) == code


@pytest.mark.parametrize(
    "components",
    [
        *(None, "text", ["text"], [None, {}], [{"text": "no type"}]),
        [{"type": "BUTTONS", "buttons": "x"}],
        [{"type": "BUTTONS", "buttons": [None, {}]}],
        [{"type": "HEADER", "format": None, "example": "x"}],
        [{"type": "CAROUSEL", "cards": [None, {"components": "x"}]}],
        [{"type": "FOOTER", "code_expiration_minutes": "soon"}],
    ],
)
def test_what_is_odd_does_not_stop_the_reading(components):
    definition = read({"components": components})
    assert read({"components": definition.components()}).body == definition.body
