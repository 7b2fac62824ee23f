"""What WhatsApp sends, and what others might send in its place."""

import hashlib
import hmac
import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_clinic.cloud_api import webhooks
from whatsapp_clinic.cloud_api.errors import NO_CODE
from whatsapp_clinic.cloud_api.webhooks import (
    AccountUpdate,
    Event,
    EventError,
    InboundMessage,
    MalformedWebhook,
    NumberChanged,
    Sender,
    StatusUpdate,
    SystemNotice,
    TemplateUpdate,
    Unrecognised,
    UserPreference,
)

NUMBER = "100000000000001"
ACCOUNT = "200000000000001"
PATIENT = "905321110001"
USER_ID = "TR.1A2b3C4d5E"
MOMENT = datetime(2026, 11, 21, 8, 30, tzinfo=timezone.utc)
STAMP = str(int(MOMENT.timestamp()))

bounded = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def envelope(*changes, **entry):
    entries = [{"id": ACCOUNT, "changes": list(changes), **entry}]
    return {"object": "whatsapp_business_account", "entry": entries}


def messages_change(**value):
    metadata = {"display_phone_number": "905550000001", "phone_number_id": NUMBER}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    return {"field": "messages", "value": value}


def parse(*changes, **entry):
    return webhooks.parse(json.dumps(envelope(*changes, **entry)).encode())


def message(kind="text", **more):
    content = {"text": {"body": "Merhaba"}} if kind == "text" else {}
    return {
        "from": PATIENT,
        "id": "wamid.IN",
        "timestamp": STAMP,
        "type": kind,
        **content,
        **more,
    }


def parse_message(kind="text", **more):
    (event,) = parse(messages_change(messages=[message(kind, **more)]))
    return event


def status(**more):
    return {
        "id": "wamid.OUT",
        "status": "delivered",
        "timestamp": STAMP,
        "recipient_id": PATIENT,
        **more,
    }


def parse_status(**more):
    (event,) = parse(messages_change(statuses=[status(**more)]))
    return event


def sign(secret, body):
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


@bounded
@given(st.binary(max_size=200), st.text(min_size=1, max_size=20))
def test_a_right_signature_is_accepted(body, secret):
    secret = secret.encode("utf-8", "replace").decode()
    assert webhooks.verify(secret, body, sign(secret.encode(), body))
    assert webhooks.verify(secret.encode(), body, sign(secret.encode(), body))


@bounded
@given(
    st.binary(max_size=200),
    st.none() | st.text(max_size=80) | st.from_regex(r"sha256=[0-9a-f]{64}"),
)
def test_any_other_header_is_refused(body, header):
    assert webhooks.verify("secret", body, header) is False


@pytest.mark.parametrize(
    "change",
    [
        lambda body, header: (body + b" ", header),
        lambda body, header: (body, header[:-1]),
        lambda body, header: (body, header.upper()),
        lambda body, header: (body, header.replace("sha256=", "sha1=")),
        lambda body, header: (body, header.removeprefix("sha256=")),
        lambda body, header: (body.replace(rb"\u015f", "ş".encode()), header),
    ],
)
def test_what_was_changed_on_the_way_is_refused(change):
    body = rb'{"a":"\u015f"}'
    assert webhooks.verify("secret", body, sign(b"secret", body))
    assert not webhooks.verify("secret", *change(body, sign(b"secret", body)))


@pytest.mark.parametrize("secret", ["", b""])
def test_without_an_app_secret_nothing_is_valid(secret):
    assert not webhooks.verify(secret, b"{}", sign(b"", b"{}"))


@bounded
@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_malformed(body):
    with suppress(MalformedWebhook):
        assert isinstance(webhooks.parse(body), list)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b"{",
        b'{"a":NaN}',
        b"\xff\xfe",
        b'{"a":' * 200_000,
        b'{"a":' + b"9" * 10_000 + b"",
        b"<html>",
    ],
)
def test_a_body_that_is_not_a_json_object_is_malformed(body):
    with pytest.raises(MalformedWebhook):
        webhooks.parse(body)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from([STAMP, PATIENT, USER_ID, "\x00", "\ud83d", "text", "system"])
)
KNOWN_KEYS = (
    *("entry", "changes", "value", "field", "messages", "statuses", "errors", "id"),
    *("contacts", "metadata", "from", "type", "text", "body", "timestamp", "status"),
    *("phone_number_id", "profile", "name", "system", "interactive", "button"),
    *("user_preferences", "message_template_id", "new_quality_score"),
)
keys = st.text(max_size=5) | st.sampled_from(KNOWN_KEYS)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6)
    ),
    max_leaves=25,
)
FIELDS = [
    "messages",
    "user_preferences",
    "message_template_status_update",
    "template_category_update",
    "account_update",
    "nonsense",
]


@bounded
@given(json_values)
def test_any_json_object_in_the_place_of_an_entry_is_parsed(value):
    body = {"object": "whatsapp_business_account", "entry": value}
    assert webhooks.parse(json.dumps(body).encode())


@bounded
@given(
    st.sampled_from(FIELDS), st.dictionaries(keys, json_values, max_size=8), json_values
)
def test_any_value_of_a_change_is_parsed(name, value, time):
    metadata = {"phone_number_id": NUMBER}
    change = {"field": name, "value": {"metadata": metadata, **value}}
    events = parse(change, time=time)
    assert all(isinstance(event, get_args(Event)) for event in events)


@bounded
@given(
    st.sampled_from(["text", "button", "interactive", "reaction", "image", "system"]),
    st.dictionaries(keys, json_values, max_size=6),
    st.lists(json_values, max_size=3),
)
def test_no_malformed_neighbour_loses_a_good_message(kind, spoilt, others):
    good = message(id="wamid.GOOD")
    events = parse(
        messages_change(messages=[*others, {**message(kind), **spoilt}, good])
    )
    assert len(events) == len(others) + 2
    assert events[-1].message_id == "wamid.GOOD"


def test_a_text_message_is_read():
    (event,) = parse(
        messages_change(
            contacts=[
                {"wa_id": "905329999999", "profile": {"name": "Other"}},
                {
                    "wa_id": PATIENT,
                    "user_id": USER_ID,
                    "parent_user_id": "TR.ENT.9",
                    "profile": {"name": "Ayşe", "username": "ayse"},
                },
            ],
            messages=[message(context={"from": "905550000001", "id": "wamid.OUT"})],
        )
    )
    assert event == InboundMessage(
        phone_number_id=NUMBER,
        message_id="wamid.IN",
        timestamp=MOMENT,
        sender=Sender(PATIENT, USER_ID, "TR.ENT.9", "ayse", "Ayşe"),
        kind="text",
        text="Merhaba",
        payload=None,
        context_id="wamid.OUT",
        raw=event.raw,
    )


@pytest.mark.parametrize(
    ("kind", "content", "text", "payload"),
    [
        ("button", {"text": "Onayla", "payload": "confirm:k"}, "Onayla", "confirm:k"),
        (
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "y", "title": "Evet"}},
            "Evet",
            "y",
        ),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "r", "title": "10:00"}},
            "10:00",
            "r",
        ),
        (
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "1"}},
            "Sent",
            None,
        ),
        ("interactive", {"type": "brand_new"}, None, None),
        ("image", {"id": "5", "caption": "Röntgen"}, "Röntgen", None),
        ("audio", {"id": "5", "voice": True}, None, None),
        ("unsupported", {"type": "poll"}, None, None),
        ("invented_tomorrow", {"x": 1}, None, None),
    ],
)
def test_every_kind_of_message_tells_what_there_is_to_read(
    kind, content, text, payload
):
    event = parse_message(kind, **{kind: content})
    assert (event.kind, event.text, event.payload) == (kind, text, payload)


def test_a_reaction_points_to_its_message():
    event = parse_message("reaction", reaction={"message_id": "wamid.O", "emoji": "👍"})
    assert (event.text, event.context_id) == ("👍", "wamid.O")


def test_a_reaction_that_is_taken_back_is_empty():
    assert parse_message("reaction", reaction={"message_id": "wamid.O"}).text == ""


def test_a_sender_with_a_user_name_needs_no_phone_number():
    (event,) = parse(
        messages_change(
            contacts=[{"user_id": USER_ID, "profile": {"username": "ayse"}}],
            messages=[{**message(), "from": None, "from_user_id": USER_ID}],
        )
    )
    assert event.sender == Sender(user_id=USER_ID, username="ayse")


def test_a_user_id_in_the_place_of_the_phone_number_is_not_taken_for_one():
    event = parse_message(**{"from": USER_ID})
    assert event.sender == Sender(user_id=USER_ID)


def test_a_sender_may_be_named_by_the_only_contact():
    contact = {"wa_id": PATIENT, "user_id": USER_ID, "profile": {"name": "Ayşe"}}
    change = messages_change(contacts=[contact], messages=[{**message(), "from": None}])
    (event,) = parse(change)
    assert event.sender == Sender(PATIENT, USER_ID, profile_name="Ayşe")


def test_names_that_a_phone_reports_are_bounded():
    profile = {"name": "A" * 60_000, "username": "b" * 60_000}
    contact = {"wa_id": PATIENT, "profile": profile}
    (event,) = parse(messages_change(contacts=[contact], messages=[message()]))
    assert event.sender.profile_name == "A" * 100
    assert event.sender.username == "b" * 100


def test_of_several_contacts_none_is_guessed_to_be_the_sender():
    contacts = [{"wa_id": PATIENT}, {"wa_id": "905329999999"}]
    change = messages_change(contacts=contacts, messages=[{**message(), "from": None}])
    (event,) = parse(change)
    assert isinstance(event, Unrecognised)


@pytest.mark.parametrize("kind", ["text", "hologram"])
def test_a_message_without_a_type_is_what_its_only_content_is(kind):
    found = {**message("any"), kind: {"body": "Merhaba"}}
    del found["type"]
    (event,) = parse(messages_change(messages=[found]))
    assert (event.kind, event.sender) == (kind, Sender(wa_id=PATIENT))


def test_a_message_that_quotes_itself_quotes_nothing():
    event = parse_message(context={"id": "wamid.IN"})
    assert event.context_id is None
    edit = {"original_message_id": "wamid.IN", "text": {"body": "x"}}
    assert parse_message("edit", edit=edit).context_id is None


def test_a_contact_of_somebody_else_says_nothing_about_the_sender():
    (event,) = parse(
        messages_change(
            contacts=[{"wa_id": "905329999999", "profile": {"name": "Other"}}],
            messages=[message()],
        )
    )
    assert event.sender == Sender(wa_id=PATIENT)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"from": None},
        {"from": "somebody"},
        {"id": None},
        {"id": 7},
        {"type": None, "image": {"id": "1"}},
        {"group_id": "G"},
    ],
)
def test_a_message_without_what_is_needed_is_unrecognised(spoilt):
    event = parse_message(**spoilt)
    assert isinstance(event, Unrecognised)
    assert event.field == "messages"


@pytest.mark.parametrize(
    "written",
    [
        STAMP,
        int(STAMP),
        float(STAMP),
        f"{STAMP}.0",
        f"{STAMP}987",
        int(STAMP) * 1000,
        MOMENT.isoformat(),
        MOMENT.strftime("%Y-%m-%dT%H:%M:%SZ"),
        MOMENT.strftime("%Y-%m-%d %H:%M:%S"),
        MOMENT.astimezone(timezone(timedelta(hours=3))).isoformat(),
    ],
)
def test_a_time_is_read_in_whatever_way_it_is_written(written):
    assert parse_message(timestamp=written).timestamp == MOMENT
    assert parse_status(timestamp=written).timestamp == MOMENT


NO_TIMES = [None, "soon", True, "9" * 30, 10**30, -5, "0001-01-01T00:00:00+14:00", {}]


@pytest.mark.parametrize("written", NO_TIMES)
def test_a_message_without_a_time_is_read_all_the_same(written):
    event = parse_message(timestamp=written)
    assert (event.text, event.timestamp) == ("Merhaba", None)


@pytest.mark.parametrize("written", NO_TIMES)
def test_a_status_without_a_time_is_unrecognised(written):
    assert isinstance(parse_status(timestamp=written), Unrecognised)


def test_a_message_to_no_number_is_unrecognised():
    (event,) = parse({"field": "messages", "value": {"messages": [message()]}})
    assert isinstance(event, Unrecognised)


def test_nul_and_lone_surrogates_survive_parsing():
    event = parse_message(text={"body": "a\x00b\ud83dc🙂"})
    assert event.text == "a\x00b\ud83dc🙂"


def test_a_status_is_read():
    event = parse_status(
        recipient_user_id=USER_ID,
        biz_opaque_callback_data="row-1",
        pricing={"billable": True, "category": "utility"},
    )
    assert event == StatusUpdate(
        phone_number_id=NUMBER,
        message_id="wamid.OUT",
        status="delivered",
        timestamp=MOMENT,
        recipient_wa_id=PATIENT,
        recipient_user_id=USER_ID,
        callback_data="row-1",
        errors=(),
        pricing={"billable": True, "category": "utility"},
    )


def test_a_failed_status_brings_its_errors():
    event = parse_status(
        status="failed",
        errors=[
            {
                "code": 131026,
                "title": "T",
                "message": "M",
                "error_data": {"details": "D"},
            },
            {"code": "131047", "title": "T"},
            {"message": "M"},
        ],
    )
    assert event.errors == (
        EventError(131026, "T", "D"),
        EventError(131047, "T", ""),
        EventError(NO_CODE, "", "M"),
    )


def test_a_status_without_recipient_is_read():
    assert parse_status(recipient_id=None).recipient_wa_id is None


@pytest.mark.parametrize("word", ["deleted", "warning", None, 1, ["sent"]])
def test_an_unknown_status_is_unrecognised(word):
    assert isinstance(parse_status(status=word), Unrecognised)


def test_everything_in_a_batch_is_read_in_order():
    body = envelope(
        messages_change(messages=[message(id="1"), message(id="2")]),
        messages_change(statuses=[status(id="3"), status(id="4")]),
    )
    body["entry"] += envelope(messages_change(messages=[message(id="5")]))["entry"]
    events = webhooks.parse(json.dumps(body).encode())
    assert [event.message_id for event in events] == ["1", "2", "3", "4", "5"]


def test_an_error_of_the_account_is_news_of_the_account():
    (event,) = parse(messages_change(errors=[{"code": 130429}]))
    assert isinstance(event, AccountUpdate)
    assert (event.field, event.business_account_id) == ("errors", ACCOUNT)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (
            {
                "type": "user_changed_number",
                "wa_id": "905321110099",
                "user_id": "TR.2",
                "previous_user_id": "TR.1",
            },
            (PATIENT, "905321110099", "TR.1", "TR.2"),
        ),
        (
            {"type": "customer_changed_number", "new_wa_id": "905321110099"},
            (PATIENT, "905321110099", None, None),
        ),
        (
            {
                "type": "user_changed_user_id",
                "user_id": "TR.2",
                "previous_user_id": "TR.1",
            },
            (PATIENT, None, "TR.1", "TR.2"),
        ),
        (
            {
                "type": "user_changed_user_id",
                "body": "User DR.AYSE changed from TR.1 to TR.2.",
            },
            (PATIENT, None, "TR.1", "TR.2"),
        ),
        (
            {
                "type": "user_changed_user_id",
                "user_id": "TR.2",
                "body": "User Ayşe changed from TR.ENT.9a1 to TR.2",
            },
            (PATIENT, None, "TR.ENT.9a1", "TR.2"),
        ),
    ],
)
def test_a_patient_with_a_new_number_or_user_id(system, expected):
    event = parse_message("system", system=system)
    assert event == NumberChanged(
        NUMBER, *expected, "wamid.IN", MOMENT, "number" in system["type"]
    )


def test_a_sender_with_the_new_user_id_is_not_the_old_one():
    system = {"type": "user_changed_user_id", "user_id": "TR.2"}
    event = parse_message("system", system=system, from_user_id="TR.2")
    assert (event.old_user_id, event.new_user_id) == (None, "TR.2")


@pytest.mark.parametrize("kind", ["customer_identity_changed", "of_tomorrow", ""])
def test_any_other_system_message_is_told_of_its_patient(kind):
    system = {"type": kind, "body": "Changed"}
    event = parse_message("system", system=system)
    assert event == SystemNotice(
        NUMBER, "wamid.IN", MOMENT, Sender(wa_id=PATIENT), kind, "Changed"
    )


def preferences_change(**preference):
    change = messages_change(
        contacts=[{"wa_id": PATIENT}],
        user_preferences=[
            {
                "category": "marketing_messages",
                "value": "stop",
                "timestamp": int(STAMP),
                **preference,
            }
        ],
    )
    return {**change, "field": "user_preferences"}


@pytest.mark.parametrize("named", [{"wa_id": PATIENT}, {}])
def test_a_patient_who_stops_marketing_is_heard(named):
    (event,) = parse(preferences_change(**named))
    assert event == UserPreference(
        NUMBER,
        PATIENT,
        None,
        "marketing_messages",
        "stop",
        MOMENT,
        business_account_id=ACCOUNT,
    )


def test_a_patient_who_stops_marketing_is_heard_where_no_number_is_named():
    change = preferences_change(wa_id=PATIENT)
    del change["value"]["metadata"]
    (event,) = parse(change)
    assert (event.phone_number_id, event.business_account_id) == (None, ACCOUNT)
    assert (event.wa_id, event.value) == (PATIENT, "stop")


def test_an_unknown_preference_is_unrecognised():
    (event,) = parse(preferences_change(value="perhaps"))
    assert isinstance(event, Unrecognised)


def template_change(field, **value):
    template = {
        "message_template_id": 77,
        "message_template_name": "reminder",
        "message_template_language": "en-US",
    }
    return {"field": field, "value": {**template, **value}}


def test_a_template_changes_its_status():
    (event,) = parse(
        template_change(
            "message_template_status_update",
            event="REJECTED",
            reason="PROMOTIONAL",
            message_template_category="UTILITY",
        ),
        time=int(STAMP),
    )
    assert (event.kind, event.template_id, event.name) == ("status", "77", "reminder")
    assert (event.event, event.reason) == ("REJECTED", "PROMOTIONAL")
    assert (event.category, event.language) == ("UTILITY", "en_US")
    assert (event.business_account_id, event.timestamp) == (ACCOUNT, MOMENT)


@pytest.mark.parametrize(
    "field", ["message_template_quality_update", "message_template_status_update"]
)
def test_a_quality_update_is_known_by_its_keys(field):
    (event,) = parse(
        template_change(field, previous_quality_score="GREEN", new_quality_score="RED")
    )
    assert (event.kind, event.previous_quality, event.quality) == (
        "quality",
        "GREEN",
        "RED",
    )


def test_a_coming_change_of_category_is_told_from_the_present_one():
    (event,) = parse(
        template_change(
            "template_category_update",
            new_category="UTILITY",
            correct_category="MARKETING",
        )
    )
    assert (event.category, event.coming_category) == ("UTILITY", "MARKETING")


def test_a_done_change_of_category_brings_both():
    (event,) = parse(
        template_change(
            "template_category_update",
            previous_category="UTILITY",
            new_category="MARKETING",
        )
    )
    assert isinstance(event, TemplateUpdate)
    assert (event.previous_category, event.category) == ("UTILITY", "MARKETING")
    assert event.coming_category is None


def test_news_of_the_account_is_passed_on():
    value = {"event": "DISABLED_UPDATE"}
    (event,) = parse({"field": "account_update", "value": value}, time=int(STAMP))
    assert event == AccountUpdate(
        "account_update", ACCOUNT, value, MOMENT, event.detail
    )


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        ({"value": {"event": "X", "field": "account_update"}}, {}),
        ({"value": {"event": "X"}}, {"field": "account_update"}),
    ],
)
def test_a_misplaced_field_is_found(change, entry):
    (event,) = parse(change, **entry)
    assert isinstance(event, AccountUpdate)


def test_a_change_without_a_field_is_known_by_its_keys():
    change = messages_change(messages=[message()])
    del change["field"]
    (event,) = parse(change)
    assert isinstance(event, InboundMessage)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"object": "page", "entry": []},
        {"object": "whatsapp_business_account"},
        {"object": "whatsapp_business_account", "entry": [7]},
        {"object": "whatsapp_business_account", "entry": [{"id": "1"}]},
        envelope(7),
        envelope({"field": "messages"}),
        envelope({"field": "messages", "value": {}}),
        envelope({"field": "messages", "value": {"messages": {}}}),
        envelope({"field": "smb_message_echoes", "value": {}}),
    ],
)
def test_what_is_not_known_is_kept_as_unrecognised(body):
    (event,) = webhooks.parse(json.dumps(body).encode())
    assert isinstance(event, Unrecognised)
    assert event.why


def test_the_numbers_in_a_body_are_found_without_parsing():
    body = envelope(messages_change(messages=[message()]), messages_change())
    assert webhooks.phone_number_ids(json.dumps(body).encode()) == {NUMBER}


def test_a_patient_cannot_name_a_number_in_the_text():
    body = envelope(messages_change(messages=[message(text={"body": "x"})]))
    body["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = (
        '"phone_number_id":"666"'
    )
    assert webhooks.phone_number_ids(json.dumps(body).encode()) == {NUMBER}


@bounded
@given(st.binary(max_size=300))
def test_numbers_are_looked_for_in_any_bytes(body):
    assert isinstance(webhooks.phone_number_ids(body), frozenset)


def test_events_do_not_show_whom_they_are_about():
    events = [
        *parse(
            messages_change(
                contacts=[{"wa_id": PATIENT, "profile": {"name": "Ayşe"}}],
                messages=[message(), message(id=None)],
                statuses=[status()],
            ),
            preferences_change(wa_id=PATIENT),
        ),
        parse_message("system", system={"type": "user_changed_number"}),
    ]
    shown = repr(events) + str(events)
    for secret in (PATIENT, "Ayşe", "Merhaba", "wamid"):
        assert secret not in shown
