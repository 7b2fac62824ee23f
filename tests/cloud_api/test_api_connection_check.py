"""The connection check against a WhatsApp that is broken in each of the ten ways."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from whatsapp_clinic.cloud_api.client import AppClient, CloudApiClient
from whatsapp_clinic.cloud_api.connection_check import (
    SCOPES,
    TITLES,
    WEBHOOK_FIELDS,
    Expected,
    Facts,
    State,
    check,
)

NUMBER, ACCOUNT, APP = "100000000000001", "200000000000001", "300000000000001"
TOKEN, SECRET = "EAAtoken", "app-secret"
CALLBACK = "https://odoo.example/whatsapp/webhook"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.utc)
EXPECTED = Expected(APP, ACCOUNT, NUMBER, CALLBACK)
FACTS = Facts(now=NOW, last_inbound_at=NOW)

ABSENT = {
    "error": {
        "message": "Unsupported get request. Object does not exist",
        "type": "GraphMethodException",
        "code": 100,
        "error_subcode": 33,
    }
}
DEAD = {"error": {"message": "Session has expired", "code": 190, "error_subcode": 463}}


def good():
    """What a WhatsApp answers to which all is well, by path below the version."""
    token = {
        "app_id": APP,
        "is_valid": True,
        "expires_at": 0,
        "scopes": [*SCOPES, "public_profile"],
        "granular_scopes": [
            {"scope": scope, "target_ids": [ACCOUNT]} for scope in SCOPES
        ],
    }
    number = {
        "id": NUMBER,
        "display_phone_number": "+90 555 000 00 01",
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "platform_type": "CLOUD_API",
        "account_mode": "LIVE",
        "is_pin_enabled": True,
        "health_status": {"can_send_message": "AVAILABLE", "entities": []},
    }
    webhook = {
        "object": "whatsapp_business_account",
        "callback_url": CALLBACK,
        "active": True,
        "fields": [{"name": name, "version": "v26.0"} for name in WEBHOOK_FIELDS],
    }
    return {
        "debug_token": {"data": token},
        ACCOUNT: {"id": ACCOUNT, "account_review_status": "APPROVED"},
        f"{ACCOUNT}/phone_numbers": {"data": [number]},
        NUMBER: number,
        f"{ACCOUNT}/subscribed_apps": {
            "data": [{"whatsapp_business_api_data": {"id": APP}}]
        },
        f"{APP}/subscriptions": {"data": [{"object": "page"}, webhook]},
    }


@pytest.fixture
def run(graph):
    """Check the connection; returns the results by key."""

    def run(answers, expected=EXPECTED, facts=FACTS, has_app=True):
        for path, answer in answers.items():
            graph.serves(path, answer, 400 if "error" in answer else 200)
        client = CloudApiClient(
            graph.url, "v26.0", expected.phone_number_id, TOKEN, read_timeout=60
        )
        with client, AppClient(graph.url, "v26.0", APP, SECRET) as app:
            results = list(check(client, app if has_app else None, expected, facts))
        assert [result.key for result in results] == list(TITLES)
        return {result.key: result for result in results}

    return run


def states(results):
    """What is not fine, by key."""
    return {
        key: result.state.value
        for key, result in results.items()
        if result.state is not State.OK
    }


def test_ten_lines_are_green_when_all_is_well(run):
    results = run(good())
    assert len(results) == 10
    assert states(results) == {}
    assert all(result.title and not result.advice for result in results.values())


def changed(path, key, **changes):
    """Good answers but for some members of one object."""
    answers = good()
    target = answers[path]
    for step in key:
        target = target[step]
    target.update(changes)
    return answers


TOKEN_AT = ("debug_token", ["data"])
WEBHOOK_AT = (f"{APP}/subscriptions", ["data", 1])
NUMBER_AT = (NUMBER, [])
APP_AT = (f"{ACCOUNT}/subscribed_apps", ["data", 0])
SOON = int((NOW + timedelta(days=3)).timestamp())
PAST = int((NOW - timedelta(seconds=1)).timestamp())
BLOCKED = {
    "can_send_message": "BLOCKED",
    "entities": [
        {
            "entity_type": "WABA",
            "can_send_message": "BLOCKED",
            "errors": [
                {"error_description": "No card.", "possible_solution": "Add one."}
            ],
        }
    ],
}
LIMITED = {
    "can_send_message": "LIMITED",
    "entities": [{"entity_type": "BUSINESS", "additional_info": ["Not verified."]}],
}

# Answers, the line that shows it, its state, and a word of what to do.
BROKEN = {
    "token revoked": (
        changed(*TOKEN_AT, is_valid=False),
        ("token", "fail", "create a new one"),
    ),
    "token over": (
        changed(*TOKEN_AT, expires_at=PAST),
        ("token", "fail", "create a new one"),
    ),
    "token soon over": (
        changed(*TOKEN_AT, expires_at=SOON),
        ("token", "warn", "2026-11-25"),
    ),
    "token of another app": (
        changed(*TOKEN_AT, app_id="9"),
        ("token", "fail", "another app"),
    ),
    "token without permission": (
        changed(*TOKEN_AT, scopes=[SCOPES[0]]),
        ("token", "fail", SCOPES[1]),
    ),
    "token for other accounts": (
        changed(
            *TOKEN_AT, granular_scopes=[{"scope": SCOPES[0], "target_ids": ["9"]}]
        ),
        ("token", "fail", "system user"),
    ),
    "wrong app secret": (
        {**good(), "debug_token": DEAD},
        ("token", "fail", "app secret"),
    ),
    "account in review": (
        changed(ACCOUNT, [], account_review_status="PENDING"),
        ("business_account", "warn", "wait"),
    ),
    "account rejected": (
        changed(ACCOUNT, [], account_review_status="REJECTED"),
        ("business_account", "fail", "WhatsApp Manager"),
    ),
    "no access to account": (
        {**good(), ACCOUNT: {"error": {"message": "(#200)", "code": 200}}},
        ("business_account", "fail", "system user"),
    ),
    "number of another account": (
        changed(f"{ACCOUNT}/phone_numbers", ["data", 0], id="9"),
        ("number_listed", "fail", "+90 555 000 00 01 (9)"),
    ),
    "number disconnected": (
        changed(*NUMBER_AT, status="DISCONNECTED"),
        ("number", "fail", "DISCONNECTED: register"),
    ),
    "number banned": (
        changed(*NUMBER_AT, status="BANNED"),
        ("number", "fail", "BANNED"),
    ),
    "test number": (
        changed(*NUMBER_AT, account_mode="SANDBOX"),
        ("number", "warn", "test number"),
    ),
    "bad quality": (
        changed(*NUMBER_AT, quality_rating="RED"),
        ("number", "warn", "block or report"),
    ),
    "name declined": (
        changed(*NUMBER_AT, name_status="DECLINED"),
        ("number", "warn", "display name"),
    ),
    "blocked": (
        changed(*NUMBER_AT, health_status=BLOCKED),
        ("health", "fail", "No card. Add one."),
    ),
    "limited": (
        changed(*NUMBER_AT, health_status=LIMITED),
        ("health", "warn", "Not verified."),
    ),
    "health not told": (
        changed(*NUMBER_AT, health_status=None),
        ("health", "warn", "does not tell"),
    ),
    "not registered": (
        changed(*NUMBER_AT, platform_type="NOT_APPLICABLE"),
        ("registration", "fail", "register it with its PIN"),
    ),
    "not verified": (
        changed(*NUMBER_AT, code_verification_status="NOT_VERIFIED"),
        ("registration", "fail", "code"),
    ),
    "no PIN": (
        changed(*NUMBER_AT, is_pin_enabled=False),
        ("registration", "warn", "set a PIN"),
    ),
    "not subscribed": (
        {**good(), f"{ACCOUNT}/subscribed_apps": {"data": []}},
        ("subscribed_app", "fail", "subscribe it"),
    ),
    "another app subscribed": (
        changed(*APP_AT, whatsapp_business_api_data={"id": "9"}),
        ("subscribed_app", "fail", "subscribe it"),
    ),
    "callback overridden": (
        changed(*APP_AT, override_callback_uri="https://old.example"),
        ("subscribed_app", "fail", "override"),
    ),
    "no webhook": (
        {**good(), f"{APP}/subscriptions": {"data": []}},
        ("webhooks", "fail", "verify token"),
    ),
    "webhook off": (
        changed(*WEBHOOK_AT, active=False),
        ("webhooks", "fail", "verify token"),
    ),
    "webhook elsewhere": (
        changed(*WEBHOOK_AT, callback_url="https://old.example"),
        ("webhooks", "fail", CALLBACK),
    ),
    "webhook without messages": (
        changed(*WEBHOOK_AT, fields=list(WEBHOOK_FIELDS[1:])),
        ("webhooks", "fail", ": messages."),
    ),
    "webhook without security": (
        changed(*WEBHOOK_AT, fields=list(set(WEBHOOK_FIELDS) - {"security"})),
        ("webhooks", "warn", ": security."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_shows_in_its_line_and_no_other(run, name):
    answers, (key, state, words) = BROKEN[name]
    results = run(answers)
    assert states(results) == {key: state}
    assert words in results[key].tell()


def test_no_message_has_arrived_yet(run):
    results = run(good(), facts=replace(FACTS, last_inbound_at=None))
    assert states(results) == {"inbound": "warn"}
    assert "+90 555 000 00 01" in results["inbound"].tell()


def test_a_refusal_for_payment_is_told(run):
    results = run(good(), facts=replace(FACTS, payment_refused=True))
    assert states(results) == {"payment": "fail"}
    assert "payment method" in results["payment"].tell()


def test_without_app_id_and_secret_two_lines_cannot_be_checked(run):
    results = run(good(), has_app=False)
    assert states(results) == {"token": "warn", "webhooks": "warn"}
    assert "app's id and secret" in results["token"].tell()


def node(own_field):
    """An object that refuses to tell fields of another kind, as Meta's do."""

    def answer(handler):
        own = own_field in handler.path
        body = {"id": "1", own_field: "1"} if own else ABSENT
        handler.reply(200 if own else 400, json.dumps(body).encode(), {})

    return answer


NUMBER_NODE, ACCOUNT_NODE = node("display_phone_number"), node("timezone_id")


@pytest.mark.parametrize(
    ("account_is", "number_is", "words"),
    [
        (NUMBER_NODE, ACCOUNT_NODE, "look swapped"),
        (NUMBER_NODE, NUMBER_NODE, "account id is that of a phone number"),
        (ACCOUNT_NODE, ACCOUNT_NODE, "number id is that of an account"),
    ],
)
def test_mistaken_ids_are_recognised(run, graph, account_is, number_is, words):
    answers = good()
    for path in list(answers):
        if path.startswith(ACCOUNT):
            answers[path] = {"data": []} if account_is is ACCOUNT_NODE else ABSENT
    del answers[ACCOUNT], answers[NUMBER]
    graph.routes.update({ACCOUNT: account_is, NUMBER: number_is})
    told = [result.tell() for result in run(answers).values()]
    assert [text for text in told if words in text]


def test_ids_of_nothing_are_not_called_swapped(run):
    answers = {
        path: answer if path in ("debug_token", f"{APP}/subscriptions") else ABSENT
        for path, answer in good().items()
    }
    results = run(answers)
    assert states(results).keys() >= {"business_account", "number_listed", "number"}
    assert "swapped" not in "".join(result.tell() for result in results.values())


def test_a_dead_token_is_told_once_and_nothing_else_is_asked(run, graph):
    answers = {**dict.fromkeys(good(), DEAD), "debug_token": DEAD}
    results = run(answers, has_app=False)
    assert results["business_account"].state is State.FAIL
    assert "access token" in results["business_account"].tell()
    assert results["number"].state is State.WARN
    assert "fix the points above" in results["number"].tell()
    assert results["payment"].state is State.OK
    assert len(graph.requests) == 1


def test_an_unreachable_whatsapp_is_asked_once(graph):
    for _ in range(3):
        graph.fails("close")
    with CloudApiClient(graph.url, "v26.0", NUMBER, TOKEN) as client:
        results = list(check(client, None, EXPECTED, FACTS))
    assert len(graph.requests) == 1
    assert results[1].state is State.FAIL
    assert "internet connection" in results[1].tell()
    assert len(results) == 10


def test_no_text_of_a_result_needs_a_value_that_is_missing(run):
    for answers, _expected in BROKEN.values():
        for result in run(answers).values():
            assert "%" not in result.tell()
