"""Business accounts of several apps: whose secret signs, whose token sees."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from .conftest import (
    APP,
    APP_TOKEN,
    BUSINESS,
    NUMBER,
    SECOND_APP,
    SECOND_SECRET,
    SECRET,
    SISTER_BUSINESS,
    SISTER_NUMBER,
    TOKEN,
    error,
)


@pytest.fixture
def two_apps(whatsapp):
    """The sandbox, where the second account belongs to the second app."""
    path = f"business_accounts/{SISTER_BUSINESS}"
    whatsapp.control("PATCH", path, app=SECOND_APP)
    return whatsapp


def signer(body: bytes, header: str) -> str:
    for secret in (SECRET, SECOND_SECRET):
        digest = hmac.digest(secret.encode(), body, hashlib.sha256)
        if header == f"sha256={digest.hex()}":
            return secret
    raise AssertionError("nobody signed this")


def signers(receiver) -> dict[str, str]:
    """The secret that signed what came from each account."""
    return {
        entry["id"]: signer(body, headers["X-Hub-Signature-256"])
        for body, headers in receiver.requests
        for entry in json.loads(body)["entry"]
    }


def test_every_account_is_signed_by_its_own_app(two_apps, receiver):
    two_apps.write(phone_number_id=SISTER_NUMBER)
    two_apps.write()
    receiver.wait_for("messages", 2)
    expected = {SISTER_BUSINESS: SECOND_SECRET, BUSINESS: SECRET}
    assert signers(receiver) == expected


def test_a_batch_has_events_of_one_app_only(two_apps, receiver):
    two_apps.switch(webhook_batch_size=1000, webhooks_enabled=False)
    for number in (NUMBER, SISTER_NUMBER, NUMBER):
        two_apps.write(phone_number_id=number)
    two_apps.switch(webhooks_enabled=True)
    receiver.wait_for("messages", 3)
    expected = {SISTER_BUSINESS: SECOND_SECRET, BUSINESS: SECRET}
    assert signers(receiver) == expected


def test_an_app_may_have_an_address_of_its_own(two_apps, receiver):
    two_apps.control("PUT", "webhook", url=None)
    two_apps.control("PATCH", f"apps/{SECOND_APP}", callback_url=receiver.url)
    two_apps.write()
    two_apps.write(phone_number_id=SISTER_NUMBER)
    receiver.wait_for("messages")
    assert list(signers(receiver)) == [SISTER_BUSINESS]


def test_a_token_subscribes_its_own_app(two_apps):
    two_apps.control("PATCH", "tokens/0", app=SECOND_APP)
    two_apps.post(f"{BUSINESS}/subscribed_apps")
    (found,) = two_apps.get(f"{BUSINESS}/subscribed_apps")["data"]
    assert found["whatsapp_business_api_data"]["id"] == SECOND_APP


def test_a_token_of_another_app_is_not_described(two_apps):
    two_apps.control("PATCH", "tokens/0", app=SECOND_APP)
    answer = two_apps.graph(
        "GET", "/v26.0/debug_token", token=APP_TOKEN, params={"input_token": TOKEN}
    )
    assert error(answer)["code"] == 100


def test_an_app_sees_its_own_subscriptions_only(two_apps):
    path = f"/v26.0/{SECOND_APP}/subscriptions"
    assert error(two_apps.graph("GET", path, token=APP_TOKEN))["code"] == 15
    own = f"/v26.0/{APP}/subscriptions"
    assert two_apps.graph("GET", own, token=APP_TOKEN).json() == {"data": []}
