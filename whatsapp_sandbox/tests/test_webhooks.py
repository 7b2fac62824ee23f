"""Bytes, signatures, retries and disorder of webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket

import pytest
import requests

from .conftest import (
    BUSINESS,
    NUMBER,
    SECRET,
    SISTER_BUSINESS,
    SISTER_NUMBER,
    WA_ID,
    Receiver,
    wait_until,
)


def test_the_signature_is_of_the_exact_bytes(whatsapp, receiver):
    whatsapp.write("ğüş /")
    receiver.wait_for("messages")
    body, headers = receiver.requests[0]
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert headers["Content-Type"] == "application/json"


def test_the_bytes_are_escaped_as_meta_does(whatsapp, receiver):
    whatsapp.write("Ş/ı🙂")
    receiver.wait_for("messages")
    body = receiver.requests[0][0]
    assert b'"body":"\\u015e\\/\\u0131\\ud83d\\ude42"' in body
    assert body.isascii()
    assert json.dumps(json.loads(body)).encode() != body


def test_the_escaping_can_be_switched_off(whatsapp, receiver):
    whatsapp.switch(escaped_json=False)
    whatsapp.write("Ş/")
    receiver.wait_for("messages")
    assert '"Ş/"'.encode() in receiver.requests[0][0]


def test_the_envelope_names_the_business_account_and_has_no_time(whatsapp, receiver):
    whatsapp.write()
    receiver.wait_for("messages")
    envelope = json.loads(receiver.requests[0][0])
    (entry,) = envelope["entry"]
    assert envelope["object"] == "whatsapp_business_account"
    assert entry.keys() == {"id", "changes"}
    assert entry["id"] == BUSINESS
    assert entry["changes"][0]["field"] == "messages"


@pytest.mark.parametrize("status", [201, 302, 403, 500])
def test_anything_but_200_is_tried_again_at_once(whatsapp, receiver, status):
    receiver.statuses = [status]
    whatsapp.write()
    wait_until(lambda: len(receiver.requests) == 2)
    assert receiver.requests[0][0] == receiver.requests[1][0]


def test_retries_go_on_with_growing_delays(whatsapp, receiver):
    whatsapp.switch(webhook_retry_scale=0.001)
    receiver.statuses = [500] * 6
    whatsapp.write()
    wait_until(lambda: len(receiver.requests) == 7)
    wait_until(lambda: whatsapp.control("GET", "stats")["webhooks_waiting"] == 0)
    stats = whatsapp.control("GET", "stats")
    assert stats["webhooks_queued"] == stats["webhooks_delivered"] == 1
    assert stats["webhooks_failed"] == 6
    attempts = whatsapp.control("GET", "deliveries")
    assert [one["status_code"] for one in attempts] == [500] * 6 + [200]
    assert [one["attempts"] for one in attempts] == list(range(1, 8))


def test_a_second_retry_waits(whatsapp, receiver):
    receiver.statuses = [500] * 9
    whatsapp.write()
    wait_until(lambda: len(receiver.requests) == 2)
    whatsapp.write("later")
    wait_until(lambda: len(receiver.requests) >= 4)
    bodies = [body for body, _headers in receiver.requests]
    assert sorted(map(bodies.count, set(bodies))) == [2, 2]


def test_after_seven_days_a_webhook_is_given_up(whatsapp, receiver):
    whatsapp.switch(webhook_retry_scale=0)
    receiver.statuses = [500] * 400
    whatsapp.write()
    wait_until(lambda: whatsapp.control("GET", "stats")["webhooks_given_up"] == 1)
    assert whatsapp.control("GET", "stats")["webhooks_waiting"] == 0


def test_a_receiver_that_is_not_there_is_tried_again(whatsapp):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    whatsapp.control("PUT", "webhook", url=f"http://127.0.0.1:{port}/")
    whatsapp.write()
    attempts = wait_until(lambda: whatsapp.control("GET", "deliveries"))
    assert attempts[0]["status_code"] is None


def test_every_webhook_can_come_twice(whatsapp, receiver):
    whatsapp.switch(duplicate_webhooks=1)
    whatsapp.write()
    first, second = receiver.wait_for("messages", 2)
    assert first == second


def test_webhooks_can_come_in_disorder(whatsapp, receiver):
    whatsapp.switch(reorder_webhooks=True)
    ids = [whatsapp.write(str(n)) for n in range(20)]
    arrived = [one["id"] for one in receiver.wait_for("messages", 20)]
    assert sorted(arrived) == sorted(ids)
    assert arrived != ids


def test_webhooks_can_come_late(whatsapp, receiver):
    whatsapp.switch(webhook_delay_ms=300)
    whatsapp.write()
    assert receiver.requests == []
    receiver.wait_for("messages")


def test_webhooks_can_be_held_and_let_go_in_batches(whatsapp, receiver):
    whatsapp.switch(webhooks_enabled=False, webhook_batch_size=100)
    for n in range(20):
        whatsapp.write(str(n))
    assert receiver.requests == []
    whatsapp.switch(webhooks_enabled=True)
    receiver.wait_for("messages", 20)
    assert len(receiver.requests) < 20


def release(whatsapp) -> None:
    """Let go what the webhooks_enabled switch held back."""
    whatsapp.switch(webhooks_enabled=True)


def test_a_thousand_updates_go_in_one_post(whatsapp, receiver):
    whatsapp.switch(webhooks_enabled=False, webhook_batch_size=1000)
    for n in range(10):
        whatsapp.write(str(n))
    for _ in range(99):
        whatsapp.control("POST", "webhooks/replay", count=10)
    release(whatsapp)
    assert len(receiver.wait_for("messages", 1000)) == 1000
    assert len(receiver.requests) == 1


def test_a_batch_mixes_messages_and_statuses_of_several_accounts(whatsapp, receiver):
    whatsapp.switch(webhooks_enabled=False, webhook_batch_size=1000)
    whatsapp.write()
    whatsapp.reminder()
    whatsapp.write(phone_number_id=SISTER_NUMBER)
    whatsapp.write("again")
    release(whatsapp)
    receiver.wait_for_requests(1)
    ((body, _headers),) = receiver.requests
    entries = json.loads(body)["entry"]
    assert [one["id"] for one in entries] == [BUSINESS, SISTER_BUSINESS]
    kinds = [
        [kind for kind in ("messages", "statuses") if kind in change["value"]]
        for change in entries[0]["changes"]
    ]
    assert kinds == [["messages"], ["statuses"], ["statuses"], ["messages"]]


def test_a_batch_stays_within_three_megabytes(whatsapp, receiver):
    whatsapp.switch(webhooks_enabled=False, webhook_batch_size=1000)
    whatsapp.write("ş" * 60_000)
    for _ in range(11):
        whatsapp.control("POST", "webhooks/replay", count=1)
    release(whatsapp)
    receiver.wait_for("messages", 12)
    sizes = [len(body) for body, _headers in receiver.requests]
    assert len(sizes) == 2
    assert max(sizes) <= 3_000_000


def test_a_batch_that_was_refused_comes_again(whatsapp, receiver):
    whatsapp.switch(webhooks_enabled=False, webhook_batch_size=1000)
    receiver.statuses = [500]
    for n in range(5):
        whatsapp.write(str(n))
    release(whatsapp)
    messages = receiver.wait_for("messages", 10)
    assert len({one["id"] for one in messages}) == 5


def test_by_default_each_webhook_carries_one_event(whatsapp, receiver):
    for n in range(10):
        whatsapp.write(str(n))
    receiver.wait_for("messages", 10)
    assert len(receiver.requests) == 10


def test_the_last_events_can_be_sent_again(whatsapp, receiver):
    whatsapp.write("one")
    second = whatsapp.write("two")
    receiver.wait_for("messages", 2)
    assert whatsapp.control("POST", "webhooks/replay", count=1) == {"queued": 1}
    assert receiver.wait_for("messages", 3)[2]["id"] == second
    whatsapp.control("POST", "webhooks/replay", shuffle=True)
    receiver.wait_for("messages", 5)


def test_the_handshake_sends_the_verify_token(whatsapp, receiver):
    whatsapp.control("PUT", "webhook", url=receiver.url, verify=True)
    (query,) = receiver.queries
    assert "hub.mode=subscribe" in query
    assert "hub.verify_token=sandbox-verify-token" in query


def test_a_wrong_challenge_leaves_the_url_as_it_was(whatsapp, receiver):
    other = Receiver()
    other.challenge_suffix = "\n"
    with pytest.raises(requests.HTTPError, match="400"):
        whatsapp.control("PUT", "webhook", url=other.url, verify=True)
    other.stop()
    assert whatsapp.control("GET", "webhook") == {"url": receiver.url}


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://10.0.0.1/", "ftp://127.0.0.1/", "x"]
)
def test_webhooks_stay_on_this_machine(whatsapp, url):
    with pytest.raises(requests.HTTPError, match="400"):
        whatsapp.control("PUT", "webhook", url=url)


@pytest.mark.parametrize("kind", ["text", "status"])
def test_a_flood_arrives_signed_and_is_measured(whatsapp, receiver, kind):
    figures = whatsapp.control(
        "POST",
        "webhooks/flood",
        count=50,
        rate=500,
        kind=kind,
        phone_number_id=NUMBER,
    )
    items = receiver.items("messages" if kind == "text" else "statuses")
    assert len({one["id"] for one in items}) == len(items) == 50
    assert figures["non_200"] == 0
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]
    assert 0 < figures["rate"] <= 500 * 1.01
    body, headers = receiver.requests[0]
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={expected}"


def test_a_flood_counts_what_was_not_answered_200(whatsapp, receiver):
    receiver.statuses = [500] * 3
    body = {"count": 10, "rate": 500, "phone_number_id": NUMBER}
    figures = whatsapp.control("POST", "webhooks/flood", **body)
    assert figures["non_200"] == 3


def test_a_text_of_a_flood_opens_its_patients_window(whatsapp, receiver):
    body = {"count": 1, "rate": 100, "phone_number_id": NUMBER}
    whatsapp.control("POST", "webhooks/flood", **body)
    whatsapp.text(to="+" + receiver.items("messages")[0]["from"])
    receiver.wait_for_statuses("delivered")


def test_without_a_url_nothing_is_queued(whatsapp):
    whatsapp.write()
    assert whatsapp.control("GET", "stats")["webhooks_queued"] == 0
    assert whatsapp.thread(WA_ID)[0]["status"] == "sent"
