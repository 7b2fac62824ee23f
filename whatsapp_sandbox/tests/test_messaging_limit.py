"""The messaging limit: shared by a portfolio, counted by people, rolling over a day."""

from __future__ import annotations

import json

import pytest
import requests

from ..account import Account
from ..portfolio import Portfolio
from .conftest import (
    BUSINESS,
    LOCKED_BUSINESS,
    NUMBER,
    OTHER_NUMBER,
    PATIENT,
    PORTFOLIO,
    SISTER_BUSINESS,
    SISTER_NUMBER,
    WA_ID,
    accepted,
    account_for_tests,
    error,
    reminder,
    template_message,
)

OTHER = "+905321110002"
THIRD = "+905321110003"
DAY_SECONDS = 24 * 3600
NOON = 1_800_000_000.0


def set_limit(whatsapp, limit: int | None):
    return whatsapp.control("PATCH", f"portfolios/{PORTFOLIO}", messaging_limit=limit)


def used(whatsapp) -> int:
    limits = {one["portfolio"]: one for one in whatsapp.control("GET", "limits")}
    return limits[PORTFOLIO]["used"]


def statuses(whatsapp) -> list[str]:
    return [one["status"] for one in whatsapp.messages()]


def tier(whatsapp, number: str = NUMBER) -> str:
    field = "whatsapp_business_manager_messaging_limit"
    answer = whatsapp.graph("GET", f"/v26.0/{number}", params={"fields": field})
    return answer.json()[field]


def test_over_the_limit_a_template_is_accepted_and_fails(whatsapp, receiver):
    set_limit(whatsapp, 1)
    whatsapp.reminder()
    failing = whatsapp.reminder(to=OTHER)
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["id"] == failing
    assert failed["errors"][0]["code"] == 131048


def test_the_limit_counts_people_not_messages(whatsapp):
    set_limit(whatsapp, 1)
    whatsapp.reminder()
    whatsapp.reminder()
    assert statuses(whatsapp) == ["delivered", "delivered"]
    assert used(whatsapp) == 1


def test_an_open_window_does_not_count(whatsapp):
    set_limit(whatsapp, 1)
    whatsapp.write()
    whatsapp.reminder()
    whatsapp.text()
    assert used(whatsapp) == 0
    whatsapp.reminder(to=OTHER)
    assert statuses(whatsapp) == ["delivered"] * 3


def test_what_failed_does_not_count(whatsapp):
    set_limit(whatsapp, 1)
    whatsapp.control("PATCH", f"patients/{WA_ID}", on_whatsapp=False)
    whatsapp.reminder()
    assert used(whatsapp) == 0


def test_the_limit_is_shared_by_numbers_and_accounts(whatsapp):
    set_limit(whatsapp, 2)
    whatsapp.reminder()
    accepted(whatsapp.send(reminder(to=OTHER), OTHER_NUMBER))
    accepted(whatsapp.send(template_message("hello", to=THIRD), SISTER_NUMBER))
    assert statuses(whatsapp) == ["delivered", "delivered", "failed"]


def test_room_comes_back_24_hours_after_the_last_message_to_someone(whatsapp):
    set_limit(whatsapp, 1)
    whatsapp.reminder()
    whatsapp.control("POST", "clock", advance_seconds=20 * 3600)
    whatsapp.reminder()
    whatsapp.control("POST", "clock", advance_seconds=5 * 3600)
    whatsapp.reminder(to=OTHER)
    whatsapp.control("POST", "clock", advance_seconds=19 * 3600)
    whatsapp.reminder(to=OTHER)
    assert statuses(whatsapp)[-2:] == ["failed", "delivered"]


def test_the_limit_can_be_told_at_once_and_by_another_code(whatsapp):
    whatsapp.switch(messaging_limit_path="sync", messaging_limit_error=80007)
    set_limit(whatsapp, 1)
    whatsapp.reminder()
    whatsapp.reminder()
    assert error(whatsapp.send(reminder(to=OTHER)))["code"] == 80007
    assert len(whatsapp.messages()) == 2


@pytest.mark.parametrize("path", ["async", "sync"])
def test_the_limit_can_be_switched_off(whatsapp, path):
    set_limit(whatsapp, 1)
    whatsapp.switch(messaging_limit=False, messaging_limit_path=path)
    whatsapp.reminder()
    whatsapp.reminder(to=OTHER)
    assert statuses(whatsapp) == ["delivered", "delivered"]


def test_a_changed_limit_holds_from_then_on(whatsapp):
    set_limit(whatsapp, 1)
    whatsapp.reminder()
    set_limit(whatsapp, None)
    whatsapp.reminder(to=OTHER)
    assert statuses(whatsapp) == ["delivered", "delivered"]


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        (250, "TIER_250"),
        (2000, "TIER_2K"),
        (100_000, "TIER_100K"),
        (None, "TIER_UNLIMITED"),
        (7, "TIER_NOT_SET"),
    ],
)
def test_every_number_of_the_portfolio_reads_its_tier(whatsapp, limit, name):
    set_limit(whatsapp, limit)
    assert tier(whatsapp) == tier(whatsapp, SISTER_NUMBER) == name


def test_limits_are_listed_by_portfolio(whatsapp):
    set_limit(whatsapp, 250)
    limits = {one["portfolio"]: one for one in whatsapp.control("GET", "limits")}
    assert limits.keys() == {PORTFOLIO, LOCKED_BUSINESS}
    shared = limits[PORTFOLIO]
    assert (shared["messaging_limit"], shared["used"]) == (250, 0)
    assert shared["business_accounts"] == [BUSINESS, SISTER_BUSINESS]
    assert {NUMBER, SISTER_NUMBER} <= set(shared["phone_numbers"])


@pytest.mark.parametrize(("limit", "told"), [(2000, 2000), (None, -1)])
def test_each_account_of_the_portfolio_hears_of_a_new_limit(
    whatsapp, receiver, limit, told
):
    set_limit(whatsapp, limit)
    receiver.wait_for_requests(2)
    entries = [
        entry
        for body, _headers in receiver.requests
        for entry in json.loads(body)["entry"]
    ]
    assert {one["id"] for one in entries} == {BUSINESS, SISTER_BUSINESS}
    for entry in entries:
        assert isinstance(entry["time"], int)
        (change,) = entry["changes"]
        assert change["field"] == "business_capability_update"
        assert change["value"]["max_daily_conversations_per_business"] == told


def test_a_new_limit_can_be_told_as_a_tier(whatsapp, receiver):
    whatsapp.switch(capability_as_tier=True)
    set_limit(whatsapp, 2000)
    receiver.wait_for_requests(1)
    value = receiver.values()[0]
    assert value["max_daily_conversations_per_business"] == "TIER_2K"


def test_an_unknown_portfolio_is_404(whatsapp):
    with pytest.raises(requests.HTTPError, match="404"):
        whatsapp.control("PATCH", "portfolios/1", messaging_limit=250)


def test_accounts_of_one_portfolio_cannot_have_different_limits():
    account = account_for_tests()
    account["business_accounts"][0]["messaging_limit"] = 250
    with pytest.raises(ValueError, match="share"):
        Account.model_validate(account)


def test_a_recipient_leaves_exactly_a_day_after_the_last_message():
    portfolio = Portfolio("1", 1)
    portfolio.count(PATIENT, NOON)
    assert not portfolio.has_room(OTHER, NOON + DAY_SECONDS - 1)
    assert portfolio.has_room(OTHER, NOON + DAY_SECONDS)


def test_who_was_written_to_again_stays_longer_than_who_was_not():
    portfolio = Portfolio("1", None)
    for recipient, hours in ((PATIENT, 0), (OTHER, 1), (PATIENT, 20)):
        portfolio.count(recipient, NOON + hours * 3600)
    assert portfolio.used(NOON + 26 * 3600) == 1
