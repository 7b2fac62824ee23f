"""Everything that patients can send, and all other news, as typed events."""

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import webhooks
from whatsapp_clinic.cloud_api.webhooks import (
    AccountEvent,
    AccountUpdate,
    Alert,
    Capability,
    Decision,
    EventError,
    InboundCall,
    Location,
    Media,
    NumberChanged,
    NumberQuality,
    Order,
    OrderItem,
    Referral,
    Restriction,
    SecurityEvent,
    Sender,
    Trouble,
    Unrecognised,
)

NUMBER, ACCOUNT = "100000000000001", "200000000000001"
PATIENT, USER_ID = "905321110001", "TR.1A2b3C4d5E"
MOMENT = datetime(2026, 11, 21, 8, 30, tzinfo=timezone.utc)
STAMP = str(int(MOMENT.timestamp()))
METADATA = {"display_phone_number": "+90 555 000 00 01", "phone_number_id": NUMBER}

bounded = settings(max_examples=200, derandomize=True, deadline=None, database=None)


def parse(name, value):
    change = {"field": name, "value": value}
    entry = {"id": ACCOUNT, "time": int(STAMP), "changes": [change]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    return webhooks.parse(json.dumps(body).encode())


def message(kind, content=None, **more):
    found = {"from": PATIENT, "id": "wamid.IN", "timestamp": STAMP, "type": kind}
    return {**found, **({} if content is None else {kind: content}), **more}


def parse_message(kind, content=None, **more):
    value = {"metadata": METADATA, "messages": [message(kind, content, **more)]}
    (event,) = parse("messages", value)
    return event


FILE = {"id": "500", "mime_type": "image/jpeg", "sha256": "q1E=", "url": "https://x/y"}
MEDIA = {
    "image": ({"caption": "Röntgen"}, {"caption": "Röntgen"}),
    "video": ({}, {}),
    "audio": ({"voice": True}, {"is_voice": True}),
    "document": ({"filename": "Tahlil.pdf"}, {"filename": "Tahlil.pdf"}),
    "sticker": ({"animated": True}, {"is_animated": True}),
}


@pytest.mark.parametrize("kind", MEDIA)
def test_a_file_is_read_with_what_is_claimed_of_it(kind):
    sent, read = MEDIA[kind]
    event = parse_message(kind, {**FILE, **sent})
    assert event.kind == kind
    assert event.media == Media("500", "image/jpeg", "q1E=", "https://x/y", **read)


def test_a_file_without_an_address_is_read():
    event = parse_message("image", {"id": 500, "mime_type": "image/png"})
    assert event.media == Media("500", "image/png")


@pytest.mark.parametrize("content", [{}, {"id": None}, "x", None, []])
def test_a_file_without_an_id_stays_a_message(content):
    event = parse_message("image", content)
    assert event.media is None
    assert event.kind == "image"


def test_a_place_is_read():
    event = parse_message(
        "location", {"latitude": 40.99, "longitude": "29.03", "name": "Ev"}
    )
    assert event.location == Location(40.99, 29.03, "Ev")


@pytest.mark.parametrize(
    "content",
    [{}, {"latitude": 91, "longitude": 0}, {"latitude": True, "longitude": 0}],
)
def test_a_place_that_is_none_is_no_location(content):
    assert parse_message("location", content).location is None


def test_a_voice_note_may_be_a_type_of_its_own():
    event = parse_message("voice", FILE)
    assert event.media == Media(
        "500", "image/jpeg", "q1E=", "https://x/y", is_voice=True
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ({"formatted_name": "Ayşe Y.", "first_name": "Ayşe"}, "Ayşe Y."),
        ({"first_name": "Ayşe", "last_name": "Yılmaz"}, "Ayşe Yılmaz"),
        ({"prefix": "Dr.", "middle_name": "Nur", "suffix": "PhD"}, "Dr. Nur PhD"),
        ({"formatted_name": 5}, ""),
    ],
)
def test_a_card_has_the_name_that_its_parts_make(name, told):
    (card,) = parse_message("contacts", [{"name": name}]).contacts
    assert card.name == told


def test_a_name_on_a_card_is_bounded():
    card = {"name": {"formatted_name": "A" * 60_000}}
    (read,) = parse_message("contacts", [card]).contacts
    assert read.name == "A" * 100


def test_cards_are_read():
    card = {
        "name": {"formatted_name": "Ayşe"},
        "phones": [{"phone": "+90 532", "wa_id": PATIENT}, {"phone": "+90 216"}],
        "emails": [{"email": "a@k.example"}, {}],
        "origin": "contact_request",
    }
    (own, empty) = parse_message("contacts", [card, {}]).contacts
    assert own.name == "Ayşe"
    assert own.phones == (("+90 532", PATIENT), ("+90 216", None))
    assert own.emails == ("a@k.example",)
    assert own.is_own
    assert own.raw == card
    assert (empty.name, empty.phones, empty.is_own) == ("", (), False)


@pytest.mark.parametrize(
    ("response", "answers", "token"),
    [
        ('{"flow_token":"t","pain":"3"}', {"flow_token": "t", "pain": "3"}, "t"),
        ('{"pain":"3"}', {"pain": "3"}, None),
        ("[1]", {}, None),
        ("not json", {}, None),
        ("", {}, None),
        ("[" * 100_000, {}, None),
        (7, {}, None),
    ],
)
def test_the_answer_of_a_form_is_read_whatever_is_in_it(response, answers, token):
    reply = {"name": "flow", "body": "Sent", "response_json": response}
    event = parse_message("interactive", {"type": "nfm_reply", "nfm_reply": reply})
    assert (event.interactive_type, event.text) == ("nfm_reply", "Sent")
    assert (event.form.answers, event.form.token) == (answers, token)
    assert event.form.response_json == (response if response != 7 else "")


def test_a_tapped_row_brings_its_description():
    reply = {"id": "r", "title": "10:00", "description": "Dr. A"}
    event = parse_message("interactive", {"type": "list_reply", "list_reply": reply})
    assert (event.payload, event.text, event.description) == ("r", "10:00", "Dr. A")
    assert event.interactive_type == "list_reply"


def test_an_order_is_read():
    item = {
        "product_retailer_id": "SKU",
        "quantity": "2",
        "item_price": 9.5,
        "currency": "TRY",
    }
    event = parse_message(
        "order", {"catalog_id": "9", "text": "Kapıya", "product_items": [item, 7]}
    )
    assert event.text == "Kapıya"
    assert event.order == Order("9", (OrderItem("SKU", 2.0, 9.5, "TRY"),))


def test_an_order_without_lines_is_none():
    assert parse_message("order", {"catalog_id": "9"}).order is None


def test_what_of_a_catalogue_is_asked_about_is_read():
    product = {"catalog_id": "9", "product_retailer_id": 77}
    event = parse_message("text", {"body": "?"}, context={"referred_product": product})
    assert event.product_id == "77"


def test_a_sender_written_as_a_number_is_read():
    event = parse_message("text", {"body": "Merhaba"}, **{"from": int(PATIENT)})
    assert event.sender.wa_id == PATIENT


def test_the_advertisement_that_brought_a_patient_is_read():
    event = parse_message(
        "text",
        {"body": "Merhaba"},
        referral={
            "source_type": "ad",
            "source_id": "1",
            "source_url": "https://fb.me/x",
            "headline": "Diş",
            "body": "Gülüş",
            "ctwa_clid": "c",
            "media_type": "image",
            "image_url": "https://fb.me/i",
            "welcome_message": {"text": "Buyurun"},
        },
    )
    words = ("ad", "1", "https://fb.me/x", "Diş", "Gülüş", "c")
    assert event.referral == Referral(*words, "image", "https://fb.me/i", "Buyurun")


def test_an_edit_points_to_its_message_and_brings_the_new_text():
    new = {"type": "text", "text": {"body": "Yarın 15:00"}}
    event = parse_message("edit", {"original_message_id": "wamid.OLD", "message": new})
    assert event.kind == "edit"
    assert (event.context_id, event.text) == ("wamid.OLD", "Yarın 15:00")


def test_an_edited_caption_brings_its_file():
    new = {"type": "image", "image": {**FILE, "caption": "Sol üst"}}
    event = parse_message("edit", {"original_message_id": "wamid.OLD", "message": new})
    assert (event.text, event.media.id) == ("Sol üst", "500")


def test_a_deletion_points_to_its_message():
    event = parse_message("revoke", {"original_message_id": "wamid.OLD"})
    assert (event.kind, event.context_id, event.text) == ("revoke", "wamid.OLD", None)


def test_what_whatsapp_cannot_pass_on_says_why():
    error = {
        "code": 131051,
        "title": "Message type unknown",
        "error_data": {"details": "Message type is currently not supported."},
    }
    event = parse_message("unsupported", {"type": "poll"}, errors=[error])
    assert event.unsupported_type == "poll"
    assert event.errors == (
        EventError(
            131051, "Message type unknown", "Message type is currently not supported."
        ),
    )


@pytest.mark.parametrize("key", ["forwarded", "frequently_forwarded"])
def test_a_forwarded_message_is_marked(key):
    assert parse_message("text", {"body": "x"}, context={key: True}).is_forwarded
    assert not parse_message("text", {"body": "x"}, context={"id": "1"}).is_forwarded


def test_a_kind_of_tomorrow_is_kept_whole():
    event = parse_message("hologram", {"x": 1})
    assert (event.kind, event.text, event.media) == ("hologram", None, None)
    assert event.raw["hologram"] == {"x": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {
            "user_id": {"previous": "TR.1", "current": "TR.2"},
            "parent_user_id": {"previous": "TR.ENT.1", "current": "TR.ENT.2"},
        },
        {
            "user_id": "TR.2",
            "previous_user_id": "TR.1",
            "parent_user_id": "TR.ENT.2",
            "previous_parent_user_id": "TR.ENT.1",
        },
    ],
)
def test_a_changed_user_id_may_come_in_a_field_of_its_own(changes):
    update = {"wa_id": PATIENT, **changes, "timestamp": STAMP}
    (event,) = parse(
        "user_id_update", {"metadata": METADATA, "user_id_update": [update]}
    )
    assert event == NumberChanged(
        NUMBER,
        PATIENT,
        None,
        "TR.1",
        "TR.2",
        "",
        MOMENT,
        False,
        "TR.ENT.1",
        "TR.ENT.2",
    )


def test_a_new_user_id_brings_the_parents():
    event = parse_message(
        "system",
        {
            "type": "user_changed_user_id",
            "user_id": "TR.2",
            "parent_user_id": "TR.ENT.2",
            "previous_user_id": "TR.1",
            "previous_parent_user_id": "TR.ENT.1",
        },
    )
    assert (event.old_user_id, event.new_user_id) == ("TR.1", "TR.2")
    assert (event.old_parent_user_id, event.new_parent_user_id) == (
        "TR.ENT.1",
        "TR.ENT.2",
    )


def test_a_status_tells_the_user_id_of_its_contact():
    value = {
        "metadata": METADATA,
        "contacts": [{"wa_id": PATIENT, "user_id": USER_ID, "parent_user_id": "P"}],
        "statuses": [
            {
                "id": "wamid.OUT",
                "status": "sent",
                "timestamp": STAMP,
                "recipient_id": PATIENT,
            }
        ],
    }
    (event,) = parse("messages", value)
    assert (event.recipient_wa_id, event.recipient_user_id) == (PATIENT, USER_ID)
    assert event.recipient_parent_user_id == "P"


def call(**more):
    found = {"id": "wacid.1", "event": "connect", "timestamp": STAMP}
    return {
        "metadata": METADATA,
        "contacts": [{"wa_id": PATIENT, "profile": {"name": "Ayşe"}}],
        "calls": [{**found, **more}],
    }


@pytest.mark.parametrize("more", [{"direction": "USER_INITIATED"}, {}])
def test_a_call_tells_who_called_and_when(more):
    sent = call(**{"from": PATIENT, "to": "905550000001", **more})
    (event,) = parse("calls", sent)
    assert event == InboundCall(
        phone_number_id=NUMBER,
        call_id="wacid.1",
        timestamp=MOMENT,
        sender=Sender(wa_id=PATIENT, profile_name="Ayşe"),
        event="connect",
        raw=event.raw,
    )


def test_the_end_of_a_call_is_told_apart():
    (event,) = parse("calls", call(**{"from": PATIENT, "event": "terminate"}))
    assert event.event == "terminate"


@pytest.mark.parametrize("more", [{"direction": "BUSINESS_INITIATED"}, {}])
def test_a_call_of_the_clinic_is_none_of_a_patient(more):
    (event,) = parse("calls", call(**{"from": "905550000001", "to": PATIENT, **more}))
    assert isinstance(event, Unrecognised)
    assert event.why == "call of the clinic"


def test_what_else_comes_with_a_call_is_not_lost():
    value = {**call(**{"from": PATIENT}), "statuses": [{"status": "RINGING"}]}
    (first, second) = parse("calls", value)
    assert isinstance(first, InboundCall)
    assert second == Unrecognised(
        "calls", {"statuses": [{"status": "RINGING"}]}, "unknown part"
    )


def test_an_unknown_part_beside_messages_is_not_lost():
    value = {
        "metadata": METADATA,
        "messages": [message("text", {"body": "x"})],
        "novelty": {"x": 1},
    }
    (_message, event) = parse("messages", value)
    assert event == Unrecognised("messages", {"novelty": {"x": 1}}, "unknown part")


TEMPLATE = {
    "message_template_id": 77,
    "message_template_name": "reminder",
    "message_template_language": "tr",
}


def test_a_pause_is_explained():
    (event,) = parse(
        "message_template_status_update",
        {
            **TEMPLATE,
            "event": "PAUSED",
            "other_info": {"title": "FIRST_PAUSE", "description": "3 hours"},
            "disable_info": {"disable_date": int(STAMP)},
        },
    )
    assert (event.event, event.title, event.description) == (
        "PAUSED",
        "FIRST_PAUSE",
        "3 hours",
    )
    assert event.disabled_at == MOMENT


def test_a_rejection_is_explained():
    (event,) = parse(
        "message_template_status_update",
        {
            **TEMPLATE,
            "event": "REJECTED",
            "rejection_info": {"reason": "PROMOTIONAL", "recommendation": "Shorten"},
        },
    )
    assert (event.reason, event.recommendation) == ("PROMOTIONAL", "Shorten")


def test_a_coming_category_has_its_time():
    (event,) = parse(
        "template_category_update",
        {
            **TEMPLATE,
            "new_category": "UTILITY",
            "correct_category": "MARKETING",
            "category_update_timestamp": int(STAMP),
        },
    )
    assert (event.coming_category, event.category_changes_at) == ("MARKETING", MOMENT)


def test_changed_components_come_in_the_shape_of_a_definition():
    button = {
        "message_template_button_type": "URL",
        "message_template_button_text": "Aç",
        "message_template_button_url": "https://a.b",
    }
    (event,) = parse(
        "message_template_components_update",
        {
            **TEMPLATE,
            "message_template_element": "Merhaba {{1}}.",
            "message_template_title": "Randevu",
            "message_template_footer": "Klinik",
            "message_template_buttons": [button],
        },
    )
    assert event.components == (
        {"type": "HEADER", "format": "TEXT", "text": "Randevu"},
        {"type": "BODY", "text": "Merhaba {{1}}."},
        {"type": "FOOTER", "text": "Klinik"},
        {
            "type": "BUTTONS",
            "buttons": [{"type": "URL", "text": "Aç", "url": "https://a.b"}],
        },
    )


PHONE = {"display_phone_number": "905550000001"}
NEWS = {
    "restriction": (
        "account_update",
        {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [
                {"restriction_type": "RESTRICTED_BIZ", "expiration": int(STAMP)},
                {"expiration": 1},
            ],
        },
        AccountEvent(
            "ACCOUNT_RESTRICTION",
            (Restriction("RESTRICTED_BIZ", MOMENT),),
            None,
            None,
            None,
        ),
    ),
    "violation": (
        "account_update",
        {
            "event": "ACCOUNT_VIOLATION",
            "violation_info": {"violation_type": "HEALTHCARE"},
        },
        AccountEvent("ACCOUNT_VIOLATION", (), "HEALTHCARE", None, None),
    ),
    "ban": (
        "account_update",
        {
            "event": "DISABLED_UPDATE",
            "ban_info": {"waba_ban_state": ["DISABLE"], "waba_ban_date": "May 1"},
        },
        AccountEvent("DISABLED_UPDATE", (), None, "DISABLE", "May 1"),
    ),
    "alert": (
        "account_alerts",
        {
            "entity_type": "PHONE_NUMBER",
            "entity_id": 7,
            "alert_info": {
                "alert_severity": "WARNING",
                "alert_status": "ACTIVE",
                "alert_type": "OBA_REJECTED",
                "alert_description": "No",
            },
        },
        Alert("OBA_REJECTED", "WARNING", True, "No", "PHONE_NUMBER", "7"),
    ),
    "review": (
        "account_review_update",
        {"decision": "APPROVED"},
        Decision("APPROVED", None, None, None),
    ),
    "name": (
        "phone_number_name_update",
        {
            **PHONE,
            "decision": "REJECTED",
            "requested_verified_name": "Klinik",
            "rejection_reason": "NAME_EMPTY",
        },
        Decision("REJECTED", "905550000001", "Klinik", "NAME_EMPTY"),
    ),
    "quality": (
        "phone_number_quality_update",
        {
            **PHONE,
            "event": "THROUGHPUT_UPGRADE",
            "max_daily_conversations_per_business": "TIER_UNLIMITED",
        },
        NumberQuality("THROUGHPUT_UPGRADE", "905550000001", "TIER_UNLIMITED"),
    ),
    "old quality": (
        "phone_number_quality_update",
        {**PHONE, "event": "FLAGGED", "current_limit": "TIER_250"},
        NumberQuality("FLAGGED", "905550000001", "TIER_250"),
    ),
    "limit": (
        "business_capability_update",
        {"max_daily_conversations_per_business": 2000},
        Capability("2000"),
    ),
    "no limit": (
        "business_capability_update",
        {"max_daily_conversations_per_business": -1},
        Capability("-1"),
    ),
    "security": (
        "security",
        {**PHONE, "event": "PIN_CHANGED", "requester": 5},
        SecurityEvent("PIN_CHANGED", "905550000001", "5"),
    ),
    "errors": (
        "messages",
        {"metadata": METADATA, "errors": [{"code": 130429, "title": "Rate"}]},
        Trouble(NUMBER, (EventError(130429, "Rate", ""),)),
    ),
    "ban without an event": (
        "account_update",
        {"ban_info": {"waba_ban_state": "DISABLE"}},
        AccountEvent("", (), None, "DISABLE", None),
    ),
    "unknown settings": ("account_settings_update", {"x": 1}, None),
    "empty": ("account_update", {}, None),
}


@pytest.mark.parametrize("name", NEWS)
def test_news_of_the_account_are_understood_and_kept_whole(name):
    field, value, detail = NEWS[name]
    (event,) = parse(field, value)
    assert isinstance(event, AccountUpdate)
    assert event.detail == detail
    assert (event.value, event.timestamp) == (value, MOMENT)


CONTENTS = ["image", "location", "contacts", "interactive", "order", "edit", "revoke"]
KEYS = ["id", "type", "message", "name", "phones", "nfm_reply", "product_items"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@bounded
@given(st.sampled_from([*CONTENTS, "unsupported", "system"]), anything, anything)
def test_any_content_of_any_kind_is_one_event(kind, content, extra):
    value = {
        "metadata": METADATA,
        "messages": [message(kind, errors=extra, referral=extra, **{kind: content})],
    }
    events = parse("messages", value)
    assert len(events) == 1
    assert repr(events)


@bounded
@given(
    st.sampled_from(
        ["calls", "user_id_update", *(field for field, _, _ in NEWS.values())]
    ),
    st.dictionaries(
        st.sampled_from(
            ["event", "decision", "alert_info", "ban_info", "restriction_info", "calls"]
        ),
        anything,
        max_size=4,
    ),
)
def test_any_news_leaves_a_trace(name, value):
    events = parse(name, value)
    assert events or value == {"calls": []}


def test_what_is_personal_is_not_shown():
    events = [
        parse_message("image", {**FILE, "caption": "GIZLI"}),
        parse_message("document", {**FILE, "filename": "GIZLI.pdf"}),
        parse_message("location", {"latitude": 40.99, "longitude": 29.03}),
        parse_message("contacts", [{"name": {"formatted_name": "GIZLI"}}]),
        parse_message(
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"response_json": '{"a":"GIZLI"}'}},
        ),
        parse_message("edit", {"message": {"type": "text", "text": {"body": "GIZLI"}}}),
        *parse("calls", call(**{"from": PATIENT})),
    ]
    for secret in ("GIZLI", PATIENT, "40.99", "wamid", "wacid", "https://x/y"):
        assert secret not in repr(events)
