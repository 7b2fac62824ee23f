"""Every kind of message that a patient sends, beside texts and files."""

from __future__ import annotations

import base64

import pytest
import requests

from .conftest import (
    COEXISTENCE_NUMBER,
    NUMBER,
    USER_ID,
    WA_ID,
    accepted,
    buttons,
    error,
    text,
    wait_until,
)

HERE = {"phone_number_id": NUMBER}
ORDER = {
    "catalog_id": "1",
    "product_items": [
        {
            "product_retailer_id": "brush",
            "quantity": 2,
            "item_price": 90,
            "currency": "TRY",
        }
    ],
}


def only_message(receiver) -> dict:
    (message,) = receiver.wait_for("messages")
    return message


def received(receiver, act: dict) -> dict:
    """The message that tells what the patient did."""

    def found() -> dict | None:
        messages = receiver.items("messages")
        return next((one for one in messages if one["id"] == act["id"]), None)

    return wait_until(found)


@pytest.mark.parametrize(
    ("what", "body", "told"),
    [
        (
            "locations",
            {"latitude": 40.99, "longitude": 29.03, "name": "Home"},
            {
                "type": "location",
                "location": {"latitude": 40.99, "longitude": 29.03, "name": "Home"},
            },
        ),
        (
            "contacts",
            {"contacts": [{"name": {"formatted_name": "Ada"}, "vcard": "BEGIN"}]},
            {
                "type": "contacts",
                "contacts": [{"name": {"formatted_name": "Ada"}, "vcard": "BEGIN"}],
            },
        ),
        ("orders", ORDER, {"type": "order", "order": ORDER}),
        (
            "raw",
            {"message": {"type": "hologram", "hologram": {"id": "1"}}},
            {"type": "hologram", "hologram": {"id": "1"}},
        ),
    ],
)
def test_the_webhook_has_what_the_patient_sent(whatsapp, receiver, what, body, told):
    message_id = whatsapp.act(what, **HERE, **body)["id"]
    message = only_message(receiver)
    assert {key: message[key] for key in told} == told
    assert (message["id"], message["from"]) == (message_id, WA_ID)
    assert message["from_user_id"] == USER_ID


def test_what_is_not_supported_tells_its_kind_and_131051(whatsapp, receiver):
    whatsapp.act("unsupported", **HERE, kind="poll")
    message = only_message(receiver)
    assert (message["type"], message["unsupported"]) == (
        "unsupported",
        {"type": "poll"},
    )
    assert message["errors"][0]["code"] == 131051
    assert "details" in message["errors"][0]["error_data"]


@pytest.mark.parametrize(
    ("emoji", "told"), [("👍", {"emoji": "👍"}), ("", {"emoji": ""}), (None, {})]
)
def test_a_reaction_names_the_message_and_the_emoji(whatsapp, receiver, emoji, told):
    whatsapp.write()
    message_id = whatsapp.text()
    message = received(
        receiver, whatsapp.act("reactions", message_id=message_id, emoji=emoji)
    )
    assert message["reaction"] == {"message_id": message_id, **told}


def test_a_reaction_is_no_bubble_of_its_own(whatsapp):
    message_id = whatsapp.write()
    whatsapp.act("reactions", message_id=message_id, emoji="🙏")
    (bubble,) = whatsapp.thread()
    assert bubble["reactions"] == {"in": "🙏"}


@pytest.mark.parametrize("opens", [False, True])
def test_whether_a_reaction_opens_the_window_is_a_switch(whatsapp, receiver, opens):
    whatsapp.switch(reactions_open_window=opens)
    message_id = whatsapp.reminder()
    receiver.wait_for_statuses("delivered")
    whatsapp.act("reactions", message_id=message_id, emoji="👍")
    answered = whatsapp.text()
    wanted = "delivered" if opens else "failed"
    found = receiver.wait_for("statuses", 4 if opens else 3)
    assert wanted in [one["status"] for one in found if one["id"] == answered]


def test_an_edit_is_told_by_a_number_that_is_in_the_app_too(whatsapp, receiver):
    message_id = whatsapp.write("Tomorow", phone_number_id=COEXISTENCE_NUMBER)
    message = received(
        receiver, whatsapp.act("edits", message_id=message_id, text="Tomorrow")
    )
    assert message["edit"] == {
        "original_message_id": message_id,
        "message": {"type": "text", "text": {"body": "Tomorrow"}},
    }
    assert message["id"] != message_id


def test_a_deletion_is_told_by_a_number_that_is_in_the_app_too(whatsapp, receiver):
    message_id = whatsapp.write(phone_number_id=COEXISTENCE_NUMBER)
    message = received(receiver, whatsapp.act("deletions", message_id=message_id))
    assert message["type"] == "revoke"
    assert message["revoke"] == {"original_message_id": message_id}


@pytest.mark.parametrize(
    ("what", "kind", "more"),
    [("edits", "edit", {"text": "Later"}), ("deletions", "revoke", {})],
)
def test_to_other_numbers_a_change_is_not_supported(
    whatsapp, receiver, what, kind, more
):
    message_id = whatsapp.write()
    message = received(receiver, whatsapp.act(what, message_id=message_id, **more))
    assert message["unsupported"] == {"type": kind}


def test_the_phone_shows_what_was_edited_and_what_was_deleted(whatsapp):
    edited, deleted = whatsapp.write("Tomorow"), whatsapp.write("No")
    whatsapp.act("edits", message_id=edited, text="Tomorrow")
    whatsapp.act("deletions", message_id=deleted)
    first, second = whatsapp.thread()
    assert (first["text"], first["edited"]) == ("Tomorrow", True)
    assert (second["text"], second["deleted"]) == (None, True)


@pytest.mark.parametrize("what", ["edits", "deletions"])
def test_what_the_clinic_wrote_is_not_the_patients_to_change(whatsapp, receiver, what):
    message_id = whatsapp.reminder()
    receiver.wait_for_statuses("delivered")
    more = {"text": "x"} if what == "edits" else {}
    with pytest.raises(requests.HTTPError, match="409"):
        whatsapp.act(what, message_id=message_id, **more)


def test_a_text_may_come_from_an_ad_and_be_forwarded(whatsapp, receiver):
    ad = {"source_url": "https://fb.me/a", "source_type": "ad", "ctwa_clid": "x"}
    whatsapp.write(referral=ad, forwarded=True)
    message = only_message(receiver)
    assert message["referral"] == ad
    assert message["context"] == {"forwarded": True}


def test_a_forwarded_reply_says_both(whatsapp, receiver):
    quoted = whatsapp.write()
    reply = {"id": whatsapp.write(context_id=quoted, frequently_forwarded=True)}
    context = received(receiver, reply)["context"]
    assert (context["id"], context["frequently_forwarded"]) == (quoted, True)


def test_a_tap_may_come_without_saying_what_it_answers(whatsapp, receiver):
    whatsapp.write()
    message_id = accepted(whatsapp.send(buttons(("1", "Yes"))))
    message = received(
        receiver,
        whatsapp.act("taps", message_id=message_id, button=0, with_context=False),
    )
    assert "context" not in message
    assert message["interactive"]["button_reply"]["title"] == "Yes"


def test_an_animated_sticker_says_so(whatsapp, receiver):
    body = {
        **HERE,
        "kind": "sticker",
        "mime_type": "image/webp",
        "content": base64.b64encode(b"RIFF").decode(),
        "animated": True,
    }
    whatsapp.act("media", **body)
    assert only_message(receiver)["sticker"]["animated"] is True


def test_a_call_is_told_and_opens_the_window(whatsapp, receiver):
    call_id = whatsapp.act("calls", **HERE)["id"]
    (call,) = receiver.wait_for("calls")
    assert (call["id"], call["from"], call["event"]) == (call_id, WA_ID, "connect")
    whatsapp.text()
    receiver.wait_for_statuses("delivered")


def test_a_new_device_is_a_system_message_with_a_hash(whatsapp, receiver):
    whatsapp.act("change_identity", **HERE)
    message = only_message(receiver)
    assert message["system"]["type"] == "customer_identity_changed"
    assert message["identity"]["hash"]


def test_a_new_number_can_be_told_as_older_versions_did(whatsapp, receiver):
    whatsapp.switch(number_change_type="customer_changed_number")
    whatsapp.act("change_number", **HERE, new_phone="+905321119999")
    system = only_message(receiver)["system"]
    assert system["type"] == "customer_changed_number"
    assert system["new_wa_id"] == "905321119999"


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        ("system", {"messages"}),
        ("field", {"user_id_update"}),
        ("both", {"messages", "user_id_update"}),
    ],
)
def test_how_a_new_user_id_is_told_is_a_switch(whatsapp, receiver, told, kinds):
    whatsapp.switch(user_id_update=told)
    whatsapp.act("change_user_id", **HERE, new_user_id="TR.99")
    receiver.wait_for_requests(len(kinds))
    found = {
        kind
        for kind in ("messages", "user_id_update")
        for value in receiver.values()
        if kind in value
    }
    assert found == kinds


def test_an_offline_patient_does_nothing(whatsapp):
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=False)
    with pytest.raises(requests.HTTPError, match="409"):
        whatsapp.act("locations", **HERE, latitude=1, longitude=1)


def test_contacts_need_a_name(whatsapp):
    with pytest.raises(requests.HTTPError, match="422"):
        whatsapp.act("contacts", **HERE, contacts=[{"phones": []}])


BLOCKED = {"messaging_product": "whatsapp", "block_users": [{"user": f"+{WA_ID}"}]}


@pytest.fixture
def blocked(whatsapp):
    """The sandbox, where the number has blocked the patient, who had written."""
    whatsapp.write()
    answer = whatsapp.post(f"{NUMBER}/block_users", **BLOCKED)
    assert answer.json()["block_users"]["added_users"] == [
        {"input": f"+{WA_ID}", "wa_id": WA_ID}
    ]
    return whatsapp


def test_a_blocked_patient_cannot_be_written_to(blocked):
    assert error(blocked.send(text()))["code"] == 130403


def test_a_blocked_patient_does_not_reach_the_number(blocked, receiver):
    blocked.write("Hello?")
    blocked.act("calls", phone_number_id=NUMBER)
    receiver.wait_for("calls")
    assert receiver.items("messages") == []


def test_the_list_names_the_blocked(blocked):
    listed = blocked.get(f"{NUMBER}/block_users")["data"]
    ids = {"wa_id": WA_ID, "user_id": USER_ID}
    assert listed == [{"messaging_product": "whatsapp", **ids}]


def test_an_unblocked_patient_can_be_written_to(blocked):
    blocked.graph("DELETE", f"/v26.0/{NUMBER}/block_users", json=BLOCKED)
    blocked.text()


def test_who_is_blocked_by_user_id_is_answered_by_it(whatsapp):
    whatsapp.write()
    body = {"messaging_product": "whatsapp", "block_users": [{"user": USER_ID}]}
    answer = whatsapp.post(f"{NUMBER}/block_users", **body).json()
    assert answer["block_users"]["added_users"] == [
        {"input": USER_ID, "user_id": USER_ID}
    ]


def test_what_goes_well_for_some_is_answered_with_200(whatsapp):
    whatsapp.write()
    users = [{"user": f"+{WA_ID}"}, {"user": "+905320000000"}]
    body = {"messaging_product": "whatsapp", "block_users": users}
    answer = whatsapp.post(f"{NUMBER}/block_users", **body)
    assert answer.status_code == 200
    assert len(answer.json()["block_users"]["failed_users"]) == 1


def test_more_than_a_thousand_users_a_call_are_refused(whatsapp):
    users = [{"user": f"+90532{number:07}"} for number in range(1001)]
    body = {"messaging_product": "whatsapp", "block_users": users}
    assert error(whatsapp.post(f"{NUMBER}/block_users", **body))["code"] == 100


def test_only_who_wrote_today_can_be_blocked(whatsapp):
    answer = whatsapp.post(f"{NUMBER}/block_users", **BLOCKED)
    assert error(answer)["code"] == 139100
    (failed,) = answer.json()["block_users"]["failed_users"]
    assert (failed["input"], failed["errors"][0]["code"]) == (f"+{WA_ID}", 131047)
