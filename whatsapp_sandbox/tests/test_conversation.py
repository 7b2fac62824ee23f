"""Statuses, the 24-hour window, and what patients do."""

from __future__ import annotations

import pytest
import requests

from .conftest import (
    BUSINESS,
    NUMBER,
    OTHER_NUMBER,
    PATIENT,
    USER_ID,
    WA_ID,
    accepted,
    buttons,
    error,
    template_message,
    text,
    wait_until,
)

DAY_SECONDS = 24 * 3600


def refused(act, *arguments, **more) -> int:
    """HTTP status with which the control API refuses ``act``."""
    with pytest.raises(requests.HTTPError) as caught:
        act(*arguments, **more)
    return caught.value.response.status_code


def tap(whatsapp, message_id: str, button: int | str) -> str:
    body = {"message_id": message_id, "button": button}
    return whatsapp.control("POST", f"patients/{WA_ID}/taps", **body)["id"]


def names(receiver) -> list[str]:
    return sorted(one["status"] for one in receiver.items("statuses"))


def test_a_message_to_a_phone_that_is_on_is_sent_and_delivered(whatsapp, receiver):
    message_id = whatsapp.reminder(biz_opaque_callback_data="row 1")
    statuses = receiver.wait_for_statuses("sent", "delivered")
    for status in statuses.values():
        assert status["id"] == message_id
        assert status["recipient_id"] == WA_ID
        assert status["recipient_user_id"] == USER_ID
        assert status["biz_opaque_callback_data"] == "row 1"
        assert status["pricing"] == {
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": "utility",
        }
        assert isinstance(status["timestamp"], str)


def test_statuses_carry_the_contact_and_the_number(whatsapp, receiver):
    whatsapp.reminder()
    receiver.wait_for("statuses", 2)
    for value in receiver.values():
        assert value["messaging_product"] == "whatsapp"
        assert value["metadata"] == {
            "display_phone_number": "905550000001",
            "phone_number_id": NUMBER,
        }
        assert value["contacts"] == [
            {"profile": {"name": "Ayşe Yılmaz"}, "wa_id": WA_ID, "user_id": USER_ID}
        ]


def test_reading_sends_read_without_pricing(whatsapp, receiver):
    whatsapp.reminder()
    assert whatsapp.control("POST", f"patients/{WA_ID}/read") == {"read": 1}
    assert "pricing" not in receiver.wait_for_statuses("read")["read"]


def test_one_message_can_be_read_alone(whatsapp):
    first, second = whatsapp.reminder(), whatsapp.reminder()
    whatsapp.control("POST", f"patients/{WA_ID}/read", message_id=second)
    statuses = {one["id"]: one["status"] for one in whatsapp.messages()}
    assert statuses == {first: "delivered", second: "read"}


def test_auto_read_reads_at_once(whatsapp, receiver):
    whatsapp.control("PATCH", f"patients/{WA_ID}", auto_read=True)
    whatsapp.reminder()
    receiver.wait_for_statuses("sent", "delivered", "read")


def test_a_dropped_delivered_puts_the_pricing_on_read(whatsapp, receiver):
    whatsapp.switch(drop_delivered=True)
    whatsapp.control("PATCH", f"patients/{WA_ID}", auto_read=True)
    whatsapp.reminder()
    statuses = receiver.wait_for_statuses("sent", "read")
    assert "pricing" in statuses["read"]
    assert "delivered" not in statuses


def test_a_phone_that_is_off_gets_its_messages_when_it_comes_back(whatsapp, receiver):
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=False)
    message_id = whatsapp.reminder()
    receiver.wait_for_statuses("sent")
    assert whatsapp.thread() == []
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=True)
    receiver.wait_for_statuses("delivered")
    assert [bubble["id"] for bubble in whatsapp.thread()] == [message_id]


def reminder_template(whatsapp):
    path = f"/v26.0/{BUSINESS}/message_templates"
    query = {"name": "appointment_reminder", "language": "tr"}
    return whatsapp.graph("GET", path, params=query).json()["data"][0]["id"]


def test_after_its_time_to_live_a_message_is_dropped(whatsapp, receiver):
    template_id = reminder_template(whatsapp)
    answer = whatsapp.graph(
        "POST", f"/v26.0/{template_id}", json={"message_send_ttl_seconds": 3600}
    )
    assert answer.json() == {"success": True}
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=False)
    whatsapp.reminder()
    receiver.wait_for_statuses("sent")
    whatsapp.control("POST", "clock", advance_seconds=3601)
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=True)
    assert whatsapp.thread() == []


def test_a_time_to_live_outside_of_the_categorys_bounds_is_refused(whatsapp):
    template_id = reminder_template(whatsapp)
    for seconds in (29, 43_201, "60", None):
        answer = whatsapp.graph(
            "POST", f"/v26.0/{template_id}", json={"message_send_ttl_seconds": seconds}
        )
        assert answer.json()["error"]["code"] == 100


def test_a_patient_who_blocked_the_clinic_gets_nothing(whatsapp, receiver):
    whatsapp.control("PATCH", f"patients/{WA_ID}", blocked=True)
    whatsapp.reminder()
    whatsapp.reminder(to="+905321110002")
    receiver.wait_for("statuses", 3)
    assert names(receiver) == ["delivered", "sent", "sent"]


def test_who_is_not_on_whatsapp_fails_with_131026(whatsapp, receiver):
    whatsapp.control("PATCH", f"patients/{WA_ID}", on_whatsapp=False)
    whatsapp.reminder(biz_opaque_callback_data="row 1")
    failed = receiver.wait_for_statuses("failed")["failed"]
    (found,) = failed["errors"]
    assert found["code"] == 131026
    assert found["title"] == found["message"] == "Message undeliverable"
    assert found["error_data"]["details"]
    assert failed["biz_opaque_callback_data"] == "row 1"
    assert "pricing" not in failed
    assert "recipient_user_id" not in failed
    assert "contacts" not in receiver.values()[0]
    assert names(receiver) == ["failed"]


def test_a_text_outside_the_window_is_accepted_and_fails(whatsapp, receiver):
    whatsapp.text()
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131047
    assert whatsapp.thread() == []


def test_a_text_outside_the_window_can_be_refused_at_once(whatsapp):
    whatsapp.switch(closed_window="sync")
    assert error(whatsapp.send(text()))["code"] == 131047
    whatsapp.reminder()


def test_a_patients_message_opens_the_window_for_24_hours(whatsapp):
    whatsapp.switch(closed_window="sync")
    whatsapp.write()
    whatsapp.control("POST", "clock", advance_seconds=DAY_SECONDS - 60)
    whatsapp.text()
    whatsapp.control("POST", "clock", advance_seconds=61)
    assert error(whatsapp.send(text()))["code"] == 131047


def test_the_window_is_open_for_the_number_written_to_only(whatsapp):
    whatsapp.switch(closed_window="sync")
    whatsapp.write()
    assert error(whatsapp.send(text(), OTHER_NUMBER))["code"] == 131047


def test_service_messages_are_free_up_to_a_thousand_a_month(whatsapp, receiver):
    whatsapp.switch(pair_limit=False, throughput_limit=False)
    whatsapp.write()
    whatsapp.control("PUT", "webhook", url=None)
    for _ in range(1000):
        whatsapp.text()
    whatsapp.control("PUT", "webhook", url=receiver.url)
    whatsapp.text()
    assert receiver.wait_for_statuses("sent")["sent"]["pricing"]["type"] == "regular"


def test_the_first_service_message_is_free(whatsapp, receiver):
    whatsapp.write()
    whatsapp.text()
    pricing = receiver.wait_for_statuses("sent")["sent"]["pricing"]
    assert (pricing["type"], pricing["category"]) == (
        "free_customer_service",
        "service",
    )


def test_how_many_service_messages_are_free_can_be_changed(whatsapp, receiver):
    whatsapp.switch(free_service_messages=1)
    whatsapp.write()
    whatsapp.text()
    whatsapp.text()
    sent = [one for one in receiver.wait_for("statuses", 4) if one["status"] == "sent"]
    prices = {(one["pricing"]["type"], one["pricing"]["billable"]) for one in sent}
    assert prices == {("free_customer_service", False), ("regular", True)}


def test_a_campaign_is_priced_as_marketing(whatsapp, receiver):
    accepted(whatsapp.send(template_message("offer")))
    pricing = receiver.wait_for_statuses("sent")["sent"]["pricing"]
    assert (pricing["type"], pricing["category"]) == ("regular", "marketing")


def test_versions_from_24_have_no_conversation(whatsapp, receiver):
    whatsapp.switch(webhook_version="v24.0")
    whatsapp.reminder()
    statuses = receiver.wait_for_statuses("sent", "delivered")
    assert not any("conversation" in one for one in statuses.values())


AD = {"source_type": "ad", "source_id": "7", "source_url": "https://fb.me/7"}


def test_who_came_by_an_ad_is_free_for_three_days_after_the_answer(whatsapp, receiver):
    whatsapp.write(referral=AD)
    whatsapp.pass_time(hours=23)
    whatsapp.text()
    whatsapp.pass_time(hours=71)
    whatsapp.reminder()
    sent = [one for one in receiver.wait_for("statuses", 4) if one["status"] == "sent"]
    assert [one["pricing"] for one in sent] == 2 * [
        {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_entry_point",
            "category": "referral_conversion",
        }
    ]
    assert sent[0]["conversation"]["origin"] == {"type": "referral_conversion"}


def test_after_the_free_entry_point_messages_cost_as_usual(whatsapp, receiver):
    whatsapp.write(referral=AD)
    whatsapp.text()
    whatsapp.pass_time(hours=72)
    message_id = whatsapp.reminder()
    told = [one for one in receiver.wait_for("statuses", 4) if one["id"] == message_id]
    assert {one["pricing"]["type"] for one in told} == {"regular"}
    assert not any("conversation" in one for one in told)


def test_an_answer_a_day_after_the_ad_is_not_free(whatsapp, receiver):
    whatsapp.write(referral=AD)
    whatsapp.pass_time(hours=24)
    whatsapp.reminder()
    assert receiver.wait_for_statuses("sent")["sent"]["pricing"]["type"] == "regular"


def test_versions_up_to_23_have_a_conversation_with_the_pricing(whatsapp, receiver):
    whatsapp.switch(webhook_version="v23.0")
    whatsapp.control("PATCH", f"patients/{WA_ID}", auto_read=True)
    whatsapp.reminder()
    statuses = receiver.wait_for_statuses("sent", "delivered", "read")
    sent, delivered = statuses["sent"], statuses["delivered"]
    expiration = sent["conversation"].pop("expiration_timestamp")
    assert int(expiration) == int(sent["timestamp"]) + DAY_SECONDS
    assert isinstance(expiration, str)
    assert sent["conversation"] == delivered["conversation"]
    assert sent["conversation"]["origin"] == {"type": "utility"}
    assert "conversation" not in statuses["read"]


def test_a_failed_message_has_no_conversation(whatsapp, receiver):
    whatsapp.switch(webhook_version="v23.0")
    whatsapp.text()
    assert "conversation" not in receiver.wait_for_statuses("failed")["failed"]


def test_each_message_is_a_conversation_of_its_own(whatsapp, receiver):
    whatsapp.switch(webhook_version="v21.0")
    whatsapp.reminder()
    whatsapp.reminder()
    statuses = receiver.wait_for("statuses", 4)
    assert len({one["conversation"]["id"] for one in statuses}) == 2


def test_a_text_of_a_patient_arrives_with_both_identities(whatsapp, receiver):
    message_id = whatsapp.write("Yarın gelemem: ğüşıöç 🙂 https://x/y")
    (message,) = receiver.wait_for("messages")
    assert message == {
        "from": WA_ID,
        "from_user_id": USER_ID,
        "id": message_id,
        "timestamp": message["timestamp"],
        "type": "text",
        "text": {"body": "Yarın gelemem: ğüşıöç 🙂 https://x/y"},
    }
    assert isinstance(message["timestamp"], str)


def test_a_reply_carries_its_context(whatsapp, receiver):
    quoted = whatsapp.reminder()
    whatsapp.write("Tamam", context_id=quoted)
    (message,) = receiver.wait_for("messages")
    assert message["context"] == {"from": "905550000001", "id": quoted}


@pytest.mark.parametrize("button", [0, "Onayla"])
def test_a_tap_on_a_quick_reply_sends_its_payload(whatsapp, receiver, button):
    message_id = whatsapp.reminder()
    tap(whatsapp, message_id, button)
    (message,) = receiver.wait_for("messages")
    assert message["type"] == "button"
    assert message["button"] == {"payload": "confirm:key", "text": "Onayla"}
    assert message["context"] == {"from": "905550000001", "id": message_id}


def test_a_quick_reply_without_payload_sends_its_text(whatsapp, receiver):
    tap(whatsapp, whatsapp.reminder(), "Değiştir")
    (message,) = receiver.wait_for("messages")
    assert message["button"] == {"payload": "Değiştir", "text": "Değiştir"}


def test_a_tap_on_a_reply_button_sends_its_id(whatsapp, receiver):
    whatsapp.write()
    message_id = accepted(whatsapp.send(buttons(("day:1", "Monday"))))
    tap(whatsapp, message_id, "Monday")
    (message,) = [
        one for one in receiver.wait_for("messages", 2) if one["type"] != "text"
    ]
    assert message["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "day:1", "title": "Monday"},
    }


def test_a_tap_twice_is_sent_twice(whatsapp, receiver):
    message_id = whatsapp.reminder()
    assert tap(whatsapp, message_id, 0) != tap(whatsapp, message_id, 0)
    receiver.wait_for("messages", 2)


def test_a_button_that_is_not_there_cannot_be_tapped(whatsapp):
    message_id = whatsapp.reminder()
    assert refused(tap, whatsapp, message_id, 3) == 409
    assert refused(tap, whatsapp, message_id, "Confirm") == 409
    assert refused(tap, whatsapp, "wamid.none", 0) == 404


def test_a_link_cannot_be_tapped(whatsapp):
    suffix = {"type": "text", "text": "a"}
    button = {"type": "button", "sub_type": "url", "index": 0, "parameters": [suffix]}
    message_id = accepted(whatsapp.send(template_message("with_link", [button])))
    assert refused(tap, whatsapp, message_id, 0) == 409


def test_a_phone_that_is_off_can_do_nothing(whatsapp):
    message_id = whatsapp.reminder()
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=False)
    assert refused(whatsapp.write) == 409
    assert refused(tap, whatsapp, message_id, 0) == 409
    assert refused(whatsapp.control, "POST", f"patients/{WA_ID}/read") == 409


def test_a_patients_message_has_one_tick_until_the_receiver_has_it(whatsapp, receiver):
    receiver.statuses = [500]
    whatsapp.switch(webhook_retry_scale=0)
    whatsapp.write()
    wait_until(lambda: whatsapp.thread()[0]["status"] == "delivered")
    assert len(receiver.requests) == 2


def test_the_thread_shows_both_sides_oldest_first(whatsapp):
    message_id = whatsapp.reminder(biz_opaque_callback_data="row 1")
    tap(whatsapp, message_id, 0)
    out, tapped = whatsapp.thread()
    assert (out["direction"], tapped["direction"]) == ("out", "in")
    assert out["header"] == "Randevu hatırlatması"
    assert "15 dakika" in out["text"]
    assert out["footer"]
    assert [one["title"] for one in out["buttons"]] == [
        "Onayla",
        "Değiştir",
        "İptal et",
    ]
    assert out["biz_opaque_callback_data"] == "row 1"
    assert (tapped["text"], tapped["context_id"]) == ("Onayla", message_id)


def test_whatsapps_own_stop_is_told_and_stops_marketing(whatsapp, receiver):
    path = f"patients/{WA_ID}/preferences"
    whatsapp.control("POST", path, phone_number_id=NUMBER, value="stop")
    (preference,) = receiver.wait_for("user_preferences")
    assert preference["wa_id"] == WA_ID
    assert preference["category"] == "marketing_messages"
    assert preference["value"] == "stop"
    assert isinstance(preference["timestamp"], int)
    accepted(whatsapp.send(template_message("offer")))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131050


def test_resume_lets_marketing_through_again(whatsapp, receiver):
    for value in ("stop", "resume"):
        path = f"patients/{WA_ID}/preferences"
        whatsapp.control("POST", path, phone_number_id=NUMBER, value=value)
    accepted(whatsapp.send(template_message("offer")))
    receiver.wait_for_statuses("delivered")


@pytest.mark.parametrize(
    ("flag", "code"), [("marketing_capped", 131049), ("in_experiment", 130472)]
)
def test_marketing_may_not_reach_a_patient(whatsapp, receiver, flag, code):
    whatsapp.control("PATCH", f"patients/{WA_ID}", **{flag: True})
    accepted(whatsapp.send(template_message("offer")))
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == code


@pytest.mark.parametrize("flag", ["marketing_capped", "in_experiment"])
def test_what_stops_marketing_lets_reminders_through(whatsapp, receiver, flag):
    whatsapp.control("POST", "patients", phone=PATIENT, **{flag: True})
    whatsapp.reminder()
    receiver.wait_for_statuses("delivered")


def test_a_new_phone_is_told_by_a_system_message_without_contacts(whatsapp, receiver):
    whatsapp.reminder()
    receiver.wait_for("statuses", 2)
    path = f"patients/{WA_ID}/change_number"
    moved = whatsapp.control(
        "POST", path, phone_number_id=NUMBER, new_phone="+905321119999"
    )
    (message,) = receiver.wait_for("messages")
    assert message["from"] == WA_ID
    assert message["type"] == "system"
    assert message["system"]["type"] == "user_changed_number"
    assert message["system"]["wa_id"] == "905321119999"
    assert message["system"]["user_id"] == moved["user_id"]
    assert message["system"]["previous_user_id"] == USER_ID
    assert "contacts" not in receiver.values()[-1]
    assert len(whatsapp.thread("905321119999")) == 1


def test_the_old_phone_is_not_on_whatsapp_any_more(whatsapp, receiver):
    path = f"patients/{WA_ID}/change_number"
    body = {"phone_number_id": NUMBER, "new_phone": "+905321119999"}
    whatsapp.control("POST", path, **body)
    whatsapp.reminder()
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131026


def test_a_username_hides_the_phone(whatsapp, receiver):
    whatsapp.control("PATCH", f"patients/{WA_ID}", username="ayse")
    whatsapp.write()
    whatsapp.reminder()
    (message,) = receiver.wait_for("messages")
    statuses = receiver.wait_for_statuses("sent", "delivered")
    assert "from" not in message
    assert message["from_user_id"] == USER_ID
    assert "recipient_id" not in statuses["sent"]
    for value in receiver.values():
        assert value["contacts"] == [
            {
                "profile": {"name": "Ayşe Yılmaz", "username": "ayse"},
                "user_id": USER_ID,
            }
        ]


def test_without_a_subscription_no_webhooks_come(whatsapp, receiver):
    path = f"/v26.0/{BUSINESS}/subscribed_apps"
    whatsapp.graph("DELETE", path)
    whatsapp.reminder()
    assert whatsapp.graph("POST", path).json() == {"success": True}
    message_id = whatsapp.reminder(to="+905321110002")
    receiver.wait_for("statuses", 2)
    assert {one["id"] for one in receiver.items("statuses")} == {message_id}


def test_a_patient_can_be_added_and_changed(whatsapp):
    phone = "+905329999999"
    added = whatsapp.control("POST", "patients", phone=phone, name="Deniz")
    assert added["user_id"].startswith("TR.")
    changed = whatsapp.control("POST", "patients", phone=phone, online=False)
    assert (changed["name"], changed["online"]) == ("Deniz", False)
    assert changed["user_id"] == added["user_id"]


def test_who_is_written_to_unknown_becomes_a_patient(whatsapp):
    whatsapp.reminder(to="+4915123456789")
    assert len(whatsapp.thread("4915123456789")) == 1


def test_timestamps_follow_the_sandboxs_clock(whatsapp, receiver):
    whatsapp.control("PUT", "clock", now="2030-01-02T03:04:05+00:00")
    whatsapp.write()
    (message,) = receiver.wait_for("messages")
    assert 0 <= int(message["timestamp"]) - 1893553445 <= DAY_SECONDS / 1440
    assert whatsapp.control("GET", "clock")["now"].startswith("2030-01-02T03:04")


def test_the_clock_takes_one_instruction_at_a_time(whatsapp):
    both = {"offset_seconds": 1, "advance_seconds": 1}
    assert refused(whatsapp.control, "POST", "clock", **both) == 422


def test_reset_forgets_everything_but_the_webhook_url(whatsapp, receiver):
    whatsapp.reminder()
    whatsapp.fault("reset")
    whatsapp.switch(latency_ms=5)
    whatsapp.control("POST", "clock", advance_seconds=1000)
    whatsapp.control("PATCH", f"patients/{WA_ID}", online=False)
    whatsapp.control("POST", "reset")
    assert whatsapp.messages() == []
    assert whatsapp.control("GET", "faults") == []
    assert whatsapp.control("GET", "deliveries") == []
    assert whatsapp.control("GET", "switches")["latency_ms"] == 0
    assert whatsapp.control("GET", "clock")["offset_seconds"] == 0
    assert whatsapp.control("GET", "webhook") == {"url": receiver.url}
    assert whatsapp.control("GET", "stats")["accepted"] == 0
    assert all(one["online"] for one in whatsapp.control("GET", "patients"))
    assert PATIENT in [one["phone"] for one in whatsapp.control("GET", "patients")]
