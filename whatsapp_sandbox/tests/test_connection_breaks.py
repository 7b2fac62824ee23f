"""The ten ways in which a connection can be broken, each as its check sees it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from .conftest import (
    APP,
    APP_TOKEN,
    BUSINESS,
    NUMBER,
    SECRET,
    SISTER_BUSINESS,
    TOKEN,
    error,
    reminder,
)


def change(whatsapp, what: str, **changes) -> None:
    path = {
        "token": "tokens/0",
        "account": f"business_accounts/{BUSINESS}",
        "number": f"phone_numbers/{NUMBER}",
        "app": f"apps/{APP}",
    }[what]
    whatsapp.control("PATCH", path, **changes)


def debug_token(whatsapp) -> dict:
    query = {"input_token": TOKEN}
    path = "/v26.0/debug_token"
    answer = whatsapp.graph("GET", path, token=APP_TOKEN, params=query)
    return answer.json()["data"]


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"valid": False}, "is_valid", False),
        ({"expires_at": 1_000_000_000}, "is_valid", False),
        ({"expires_at": 4_000_000_000}, "expires_at", 4_000_000_000),
        ({"type": "USER"}, "type", "USER"),
        ({"scopes": ["business_management"]}, "scopes", ["business_management"]),
    ],
)
def test_1_the_token(whatsapp, changes, key, value):
    change(whatsapp, "token", **changes)
    assert debug_token(whatsapp)[key] == value


def test_1_the_token_is_for_another_account(whatsapp):
    change(whatsapp, "token", business_accounts=[SISTER_BUSINESS])
    scopes = debug_token(whatsapp)["granular_scopes"]
    assert scopes[0]["target_ids"] == [SISTER_BUSINESS]


def test_2_the_account_cannot_be_read(whatsapp):
    change(whatsapp, "token", business_accounts=[])
    answer = whatsapp.graph("GET", f"/v26.0/{BUSINESS}")
    assert error(answer)["error_subcode"] == 33


def test_3_the_number_belongs_to_another_account(whatsapp):
    change(whatsapp, "number", business_account=SISTER_BUSINESS)
    here = whatsapp.get(f"{BUSINESS}/phone_numbers")["data"]
    there = whatsapp.get(f"{SISTER_BUSINESS}/phone_numbers")["data"]
    assert NUMBER not in [one["id"] for one in here]
    assert NUMBER in [one["id"] for one in there]


def test_3_the_ids_are_swapped(whatsapp):
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}/phone_numbers")
    assert error(answer)["error_subcode"] == 33
    answer = whatsapp.send(reminder(), number=BUSINESS)
    assert error(answer)["error_subcode"] == 33


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "RESTRICTED"},
        {"quality_rating": "RED"},
        {"name_status": "DECLINED"},
        {"code_verification_status": "EXPIRED"},
    ],
)
def test_4_the_state_of_the_number(whatsapp, changes):
    change(whatsapp, "number", **changes)
    assert whatsapp.get(NUMBER, fields=",".join(changes)) == {**changes, "id": NUMBER}


def test_5_the_health(whatsapp):
    problem = {"error_code": 141010, "error_description": "Not verified."}
    health = {"can_send_message": "BLOCKED", "errors": [problem]}
    change(whatsapp, "account", business_health=health)
    found = whatsapp.get(NUMBER, fields="health_status")["health_status"]
    assert found["can_send_message"] == "BLOCKED"
    assert found["entities"][2]["errors"] == [problem]


def test_6_the_registration(whatsapp):
    change(whatsapp, "number", status="DISCONNECTED")
    found = whatsapp.get(NUMBER, fields="platform_type")
    assert found["platform_type"] == "NOT_APPLICABLE"
    assert error(whatsapp.send(reminder()))["code"] == 133010


def test_7_the_account_is_not_subscribed(whatsapp, receiver):
    change(whatsapp, "account", subscribed=False)
    assert whatsapp.get(f"{BUSINESS}/subscribed_apps")["data"] == []
    whatsapp.write()
    assert whatsapp.control("GET", "stats")["webhooks_queued"] == 0


def subscription(whatsapp) -> dict:
    path = f"/v26.0/{APP}/subscriptions"
    (found,) = whatsapp.graph("GET", path, token=APP_TOKEN).json()["data"]
    return found


def test_8_fields_are_missing(whatsapp, receiver):
    change(whatsapp, "app", fields=["messages"])
    assert [one["name"] for one in subscription(whatsapp)["fields"]] == ["messages"]


def test_8_the_callback_is_another_address(whatsapp, receiver):
    change(whatsapp, "app", callback_url="http://127.0.0.1:9/old")
    assert subscription(whatsapp)["callback_url"] == "http://127.0.0.1:9/old"


def test_9_the_app_is_not_live(whatsapp, receiver):
    change(whatsapp, "app", mode="development")
    whatsapp.write()
    assert whatsapp.control("GET", "stats")["webhooks_queued"] == 0


def test_9_the_app_secret_is_another_one(whatsapp, receiver):
    change(whatsapp, "app", secret="changed")
    whatsapp.write()
    receiver.wait_for("messages")
    body, headers = receiver.requests[0]
    ours = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
    assert headers["X-Hub-Signature-256"] != f"sha256={ours}"


def test_10_templates_fail_without_a_payment_method(whatsapp, receiver):
    change(whatsapp, "account", payment_method=False)
    whatsapp.reminder()
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131042


def test_10_templates_can_fail_at_once(whatsapp):
    change(whatsapp, "account", payment_method=False)
    whatsapp.switch(payment_error_path="sync")
    assert error(whatsapp.send(reminder()))["code"] == 131042


def test_10_service_messages_end_with_the_free_ones(whatsapp, receiver):
    change(whatsapp, "account", payment_method=False)
    whatsapp.switch(free_service_messages=1)
    whatsapp.write()
    free, unpaid = whatsapp.text(), whatsapp.text()
    receiver.wait_for_statuses("delivered")
    told = {one["id"] for one in receiver.items("statuses")}
    assert (free in told, unpaid in told) == (True, False)
    (message,) = whatsapp.messages(status="accepted")
    assert message["id"] == unpaid
