"""What WhatsApp does to an account, a token or a number while it is in use."""

from __future__ import annotations

import pytest
import requests

from ..account import PhoneNumber
from .conftest import (
    BUSINESS,
    COEXISTENCE_NUMBER,
    LOCKED_BUSINESS,
    LOCKED_NUMBER,
    NUMBER,
    SISTER_NUMBER,
    TOKEN,
    accepted,
    error,
    reminder,
    template_message,
    text,
)


def restrict(whatsapp, code: int | None, business: str = BUSINESS) -> None:
    whatsapp.control("PATCH", f"business_accounts/{business}", restriction=code)


@pytest.mark.parametrize(("code", "status"), [(131031, 403), (131042, 400), (368, 403)])
def test_an_account_can_be_restricted_while_it_is_in_use(whatsapp, code, status):
    whatsapp.reminder()
    restrict(whatsapp, code)
    answer = whatsapp.send(reminder())
    assert (answer.status_code, error(answer)["code"]) == (status, code)
    assert len(whatsapp.messages()) == 1


def test_a_restriction_concerns_one_account(whatsapp):
    restrict(whatsapp, 131031)
    accepted(whatsapp.send(template_message("hello"), SISTER_NUMBER))


def test_a_restriction_can_be_lifted(whatsapp):
    restrict(whatsapp, None, LOCKED_BUSINESS)
    accepted(whatsapp.send(text(), LOCKED_NUMBER))


@pytest.mark.parametrize("token", [TOKEN, "0"])
def test_a_token_that_dies_is_190_everywhere(whatsapp, token):
    whatsapp.control("PATCH", f"tokens/{token}", valid=False)
    for answer in (
        whatsapp.send(reminder()),
        whatsapp.graph("GET", f"/v26.0/{NUMBER}"),
    ):
        found = error(answer)
        assert (answer.status_code, found["code"]) == (401, 190)
        assert found["error_subcode"] == 463
    assert whatsapp.messages() == []


def test_a_token_can_die_of_something_else(whatsapp):
    whatsapp.control("PATCH", "tokens/0", valid=False, subcode=460)
    assert error(whatsapp.send(reminder()))["error_subcode"] == 460


def test_a_token_can_come_back(whatsapp):
    whatsapp.control("PATCH", "tokens/0", valid=False)
    whatsapp.control("PATCH", "tokens/0", valid=True)
    whatsapp.reminder()


@pytest.mark.parametrize("path", ["tokens/none", "tokens/9", "business_accounts/9"])
def test_what_is_not_there_is_404(whatsapp, path):
    body = {"valid": True} if "tokens" in path else {"restriction": None}
    with pytest.raises(requests.HTTPError, match="404"):
        whatsapp.control("PATCH", path, **body)


def test_reset_brings_accounts_and_tokens_back(whatsapp):
    restrict(whatsapp, 368)
    whatsapp.control("PATCH", "tokens/0", valid=False)
    whatsapp.control("POST", "reset")
    whatsapp.reminder()


def test_a_number_that_is_in_the_app_too_takes_20_a_second():
    number = PhoneNumber(
        id="1", display_phone_number="1", verified_name="", coexistence=True
    )
    assert number.messages_per_second == 20


def test_a_number_that_is_in_the_app_too_says_so(whatsapp):
    answer = whatsapp.graph(
        "GET",
        f"/v26.0/{COEXISTENCE_NUMBER}",
        params={"fields": "is_on_biz_app,throughput"},
    )
    assert answer.json()["is_on_biz_app"] is True
    assert answer.json()["throughput"] == {"level": "STANDARD"}
