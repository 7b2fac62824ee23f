"""What WhatsApp tells about accounts and numbers, unasked."""

from __future__ import annotations

import json

import pytest
import requests

from .conftest import BUSINESS, NUMBER, SISTER_BUSINESS

PHONE = {"display_phone_number": "905550000001"}


def only_change(receiver) -> dict:
    """The one change that came, with the id and time of its entry."""
    receiver.wait_for_requests(1)
    ((body, _headers),) = receiver.requests
    (entry,) = json.loads(body)["entry"]
    (change,) = entry["changes"]
    return {**change, "id": entry["id"], "time": entry.get("time")}


@pytest.mark.parametrize(
    ("path", "body", "field", "value"),
    [
        (
            "quality",
            {"event": "FLAGGED", "tier": "TIER_2K"},
            "phone_number_quality_update",
            {
                **PHONE,
                "event": "FLAGGED",
                "max_daily_conversations_per_business": "TIER_2K",
            },
        ),
        (
            "name",
            {"decision": "REJECTED", "requested_verified_name": "Best"},
            "phone_number_name_update",
            {**PHONE, "decision": "REJECTED", "requested_verified_name": "Best"},
        ),
        (
            "security",
            {"event": "PIN_RESET_REQUEST", "requester": "1"},
            "security",
            {**PHONE, "event": "PIN_RESET_REQUEST", "requester": "1"},
        ),
    ],
)
def test_what_happens_to_a_number_is_told(whatsapp, receiver, path, body, field, value):
    whatsapp.control("POST", f"phone_numbers/{NUMBER}/{path}", **body)
    change = only_change(receiver)
    assert (change["field"], change["value"], change["id"]) == (field, value, BUSINESS)
    assert isinstance(change["time"], int)


def test_a_rating_is_answered_from_now_on(whatsapp):
    body = {"event": "DOWNGRADE", "quality_rating": "RED"}
    whatsapp.control("POST", f"phone_numbers/{NUMBER}/quality", **body)
    assert whatsapp.get(NUMBER, fields="quality_rating")["quality_rating"] == "RED"


@pytest.mark.parametrize(
    ("decision", "status", "name"),
    [
        ("APPROVED", "APPROVED", "New name"),
        ("REJECTED", "DECLINED", "Boğaziçi Klinik Kadıköy"),
        ("DEFERRED", "PENDING_REVIEW", "Boğaziçi Klinik Kadıköy"),
    ],
)
def test_a_decided_name_is_answered_from_now_on(whatsapp, decision, status, name):
    body = {"decision": decision, "requested_verified_name": "New name"}
    whatsapp.control("POST", f"phone_numbers/{NUMBER}/name", **body)
    found = whatsapp.get(NUMBER, fields="name_status,verified_name")
    assert (found["name_status"], found["verified_name"]) == (status, name)


def test_any_event_of_an_account_can_be_sent(whatsapp, receiver):
    value = {"event": "ACCOUNT_RESTRICTION", "restriction_info": []}
    path = f"business_accounts/{BUSINESS}/events"
    whatsapp.control("POST", path, field="account_update", value=value)
    change = only_change(receiver)
    assert (change["field"], change["value"]) == ("account_update", value)


def test_a_field_that_nobody_knows_comes_too(whatsapp, receiver):
    path = f"business_accounts/{BUSINESS}/events"
    whatsapp.control("POST", path, field="novelty", value={"a": 1})
    assert only_change(receiver)["field"] == "novelty"


def test_an_alert_is_about_the_account_if_about_nothing_else(whatsapp, receiver):
    path = f"business_accounts/{BUSINESS}/alerts"
    whatsapp.control("POST", path, alert_type="OBA_REJECTED")
    value = only_change(receiver)["value"]
    assert value["entity_id"] == BUSINESS
    assert value["alert_info"]["alert_type"] == "OBA_REJECTED"


def test_an_error_of_no_message_stands_in_the_value(whatsapp, receiver):
    whatsapp.control("POST", f"phone_numbers/{NUMBER}/errors", code=130429)
    value = only_change(receiver)["value"]
    assert value["errors"][0]["code"] == 130429
    assert value["metadata"]["phone_number_id"] == NUMBER


@pytest.mark.parametrize("path", ["apps/9", "phone_numbers/9", "business_accounts/9"])
def test_what_is_not_there_is_404(whatsapp, path):
    with pytest.raises(requests.HTTPError, match="404"):
        whatsapp.control("PATCH", path)


def test_a_number_moves_to_an_account_that_is_there(whatsapp):
    with pytest.raises(requests.HTTPError, match="404"):
        path = f"phone_numbers/{NUMBER}"
        whatsapp.control("PATCH", path, business_account="9")
    assert whatsapp.get(f"{SISTER_BUSINESS}/phone_numbers")["data"]


def test_an_app_listens_on_this_machine_only(whatsapp):
    with pytest.raises(requests.HTTPError, match="400"):
        whatsapp.control(
            "PATCH", "apps/610000000000001", callback_url="https://example.com"
        )
