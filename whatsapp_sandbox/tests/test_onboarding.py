"""A number's way to WhatsApp, its profile, uploads, tokens and subscriptions."""

from __future__ import annotations

import pytest

from .conftest import (
    APP,
    APP_TOKEN,
    BUSINESS,
    NUMBER,
    SISTER_BUSINESS,
    SISTER_NUMBER,
    TOKEN,
    UNREGISTERED,
    error,
    reminder,
    text,
)

PRODUCT = {"messaging_product": "whatsapp"}
PIN = "123456"


def as_app(whatsapp, method: str, path: str, **more):
    return whatsapp.graph(method, f"/v26.0/{path}", token=APP_TOKEN, **more)


def debug(whatsapp, token: str = TOKEN) -> dict:
    answer = as_app(whatsapp, "GET", "debug_token", params={"input_token": token})
    return answer.json()["data"]


def change_number(whatsapp, number: str = NUMBER, **changes) -> dict:
    return whatsapp.control("PATCH", f"phone_numbers/{number}", **changes)


def code_of(whatsapp, number: str = NUMBER) -> str | None:
    """The code that a text message told the clinic."""
    numbers = whatsapp.control("GET", "phone_numbers")
    return next(one["code"] for one in numbers if one["id"] == number)


def test_a_good_token_is_described(whatsapp):
    found = debug(whatsapp)
    assert found["is_valid"] is True
    assert (found["app_id"], found["expires_at"]) == (APP, 0)
    assert {"whatsapp_business_messaging", "whatsapp_business_management"} <= set(
        found["scopes"]
    )
    assert BUSINESS in found["granular_scopes"][0]["target_ids"]


def oauth(whatsapp, **query):
    query = {"client_id": APP, "client_secret": APP_TOKEN.partition("|")[2], **query}
    return whatsapp.graph("GET", "/v26.0/oauth/access_token", None, params=query)


def test_an_app_gets_its_own_token_for_its_secret(whatsapp):
    answer = oauth(whatsapp, grant_type="client_credentials").json()
    assert answer == {"access_token": APP_TOKEN, "token_type": "bearer"}


def test_an_app_with_a_wrong_secret_gets_no_token(whatsapp):
    answer = oauth(whatsapp, grant_type="client_credentials", client_secret="x")
    assert answer.status_code == 400


def test_a_token_is_exchanged_for_one_of_sixty_days(whatsapp):
    answer = oauth(
        whatsapp, grant_type="fb_exchange_token", fb_exchange_token=TOKEN
    ).json()
    new = answer["access_token"]
    assert whatsapp.graph("GET", f"/v26.0/{NUMBER}", new).status_code == 200
    whatsapp.pass_time(days=60)
    assert error(whatsapp.graph("GET", f"/v26.0/{NUMBER}", new))["code"] == 190


def test_the_code_of_a_sign_up_is_said_not_to_be_emulated(whatsapp):
    answer = oauth(whatsapp, code="x")
    assert (answer.status_code, error(answer)["type"]) == (501, "NotEmulated")


def test_a_token_may_stand_in_the_query(whatsapp):
    query = {"access_token": TOKEN}
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}", None, params=query)
    assert answer.json()["id"] == NUMBER


def test_a_token_may_stand_in_a_form(whatsapp):
    form = {"access_token": TOKEN, "pin": PIN}
    answer = whatsapp.graph("POST", f"/v26.0/{NUMBER}", None, data=form)
    assert answer.status_code == 200


def test_an_unknown_token_is_not_valid(whatsapp):
    assert debug(whatsapp, "nothing")["is_valid"] is False


def test_the_app_token_describes_itself(whatsapp):
    assert debug(whatsapp, APP_TOKEN)["type"] == "APP"


def test_a_wrong_app_token_is_190(whatsapp):
    answer = whatsapp.graph(
        "GET", "/v26.0/debug_token", token=f"{APP}|x", params={"input_token": TOKEN}
    )
    assert error(answer)["code"] == 190


def test_a_token_ends_by_the_sandboxs_clock(whatsapp):
    whatsapp.control("PATCH", "tokens/0", expires_at=4_000_000_000)
    whatsapp.reminder()
    whatsapp.control("PUT", "clock", now="2096-10-03T00:00:00Z")
    found = error(whatsapp.send(reminder()))
    assert (found["code"], found["error_subcode"]) == (190, 463)
    assert debug(whatsapp)["is_valid"] is False


def test_the_app_token_opens_no_account(whatsapp):
    assert error(as_app(whatsapp, "GET", BUSINESS))["error_subcode"] == 33


@pytest.mark.parametrize(
    ("switch", "code", "subcode"), [(33, 100, 33), (200, 200, None)]
)
def test_a_token_without_the_account_is_refused(whatsapp, switch, code, subcode):
    whatsapp.switch(asset_access_error=switch)
    whatsapp.control("PATCH", "tokens/0", business_accounts=[SISTER_BUSINESS])
    for path in (BUSINESS, NUMBER, f"{BUSINESS}/message_templates"):
        found = error(whatsapp.graph("GET", f"/v26.0/{path}"))
        assert (found["code"], found.get("error_subcode")) == (code, subcode)
    assert whatsapp.get(SISTER_NUMBER)["id"] == SISTER_NUMBER


def test_a_token_without_the_scope_is_10(whatsapp):
    whatsapp.control("PATCH", "tokens/0", scopes=["whatsapp_business_management"])
    assert error(whatsapp.send(text()))["code"] == 10
    whatsapp.control("PATCH", "tokens/0", scopes=["whatsapp_business_messaging"])
    assert error(whatsapp.graph("GET", f"/v26.0/{BUSINESS}"))["code"] == 10


def test_the_code_of_a_missing_proof_is_a_switch(whatsapp):
    whatsapp.control("PATCH", f"apps/{APP}", require_proof=True)
    whatsapp.switch(proof_error_code=1)
    assert error(whatsapp.send(text()))["code"] == 1


@pytest.fixture
def new_number(whatsapp):
    """The sandbox, where the number was never verified nor registered."""
    change_number(
        whatsapp,
        status="DISCONNECTED",
        code_verification_status="NOT_VERIFIED",
        pin=None,
    )
    return whatsapp


def register(whatsapp, pin: str = PIN):
    return whatsapp.post(f"{NUMBER}/register", **PRODUCT, pin=pin)


def test_a_number_is_verified_and_registered(new_number):
    new_number.post(f"{NUMBER}/request_code", code_method="SMS", language="tr")
    answer = new_number.post(f"{NUMBER}/verify_code", code=code_of(new_number))
    assert answer.json() == {"success": True}
    assert register(new_number, "654321").json() == {"success": True}
    found = new_number.get(NUMBER, fields="status,platform_type,is_pin_enabled")
    assert found["status"] == "CONNECTED"
    assert found["platform_type"] == "CLOUD_API"
    assert found["is_pin_enabled"] is True
    new_number.reminder()


def test_an_unverified_number_is_not_registered(new_number):
    assert error(register(new_number))["code"] == 133006


def test_a_wrong_code_is_136025_and_a_verified_number_asks_for_none(new_number):
    path = f"{NUMBER}/verify_code"
    assert error(new_number.post(path, code="1"))["code"] == 136025
    change_number(new_number, code_verification_status="VERIFIED")
    asked = new_number.post(f"{NUMBER}/request_code", code_method="SMS", language="tr")
    assert error(asked)["code"] == 136024


@pytest.mark.parametrize(
    "body", [{}, {"code_method": "PIGEON", "language": "tr"}, {"code_method": "SMS"}]
)
def test_a_faulty_request_for_a_code_is_100(new_number, body):
    assert error(new_number.post(f"{NUMBER}/request_code", **body))["code"] == 100


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", ""])
def test_a_pin_has_6_digits(whatsapp, pin):
    assert error(register(whatsapp, pin))["code"] == 100


def test_the_pin_must_be_the_numbers(whatsapp):
    assert error(register(whatsapp, "000000"))["code"] == 133005
    assert register(whatsapp).status_code == 200


def test_guessing_the_pin_ends(whatsapp):
    for _ in range(5):
        assert error(register(whatsapp, "000000"))["code"] == 133005
    assert error(register(whatsapp))["code"] == 133008


def test_ten_registrations_in_72_hours(whatsapp):
    for _ in range(10):
        assert register(whatsapp).status_code == 200
    assert error(register(whatsapp))["code"] == 133016
    whatsapp.pass_time(hours=73)
    assert register(whatsapp).status_code == 200


def test_a_deregistered_number_sends_nothing(whatsapp):
    whatsapp.post(f"{NUMBER}/deregister")
    assert error(whatsapp.send(text()))["code"] == 133010
    assert register(whatsapp).status_code == 200


def test_waiting_after_a_deregistration_is_a_switch(whatsapp):
    whatsapp.switch(register_wait_seconds=300)
    whatsapp.post(f"{NUMBER}/deregister")
    assert error(register(whatsapp))["code"] == 133015
    whatsapp.pass_time(seconds=301)
    assert register(whatsapp).status_code == 200


def test_a_number_in_the_app_too_stays_registered(whatsapp):
    change_number(whatsapp, coexistence=True)
    assert error(whatsapp.post(f"{NUMBER}/deregister"))["code"] == 100


def test_a_new_pin_is_told_and_counts(whatsapp, receiver):
    assert whatsapp.post(NUMBER, pin="222222").json() == {"success": True}
    receiver.wait_for_requests(1)
    (told,) = receiver.values()
    assert told == {"display_phone_number": "905550000001", "event": "PIN_CHANGED"}
    assert error(register(whatsapp))["code"] == 133005
    assert register(whatsapp, "222222").status_code == 200


PROFILE = f"{NUMBER}/whatsapp_business_profile"


def test_a_profile_is_written_and_read(whatsapp):
    profile = {
        "about": "We smile.",
        "address": "Moda Cad. 1",
        "description": "Dentists",
        "email": "info@example.com",
        "websites": ["https://example.com"],
        "vertical": "HEALTH",
    }
    assert whatsapp.post(PROFILE, **PRODUCT, **profile).json() == {"success": True}
    (found,) = whatsapp.get(PROFILE, fields=",".join(profile))["data"]
    assert found == {**PRODUCT, **profile}


def test_a_picture_comes_by_its_handle(whatsapp):
    handle = whatsapp.handle("image/jpeg")
    whatsapp.post(PROFILE, **PRODUCT, profile_picture_handle=handle)
    (found,) = whatsapp.get(PROFILE, fields="profile_picture_url")["data"]
    assert found["profile_picture_url"].startswith("https://pps.whatsapp.net/")


@pytest.mark.parametrize(
    "changes",
    [
        {"about": ""},
        {"about": "x" * 140},
        {"address": "x" * 257},
        {"description": "x" * 257},
        {"email": "x" * 120 + "@example.com"},
        {"email": "nobody"},
        {"websites": ["https://a.example"] * 3},
        {"websites": ["ftp://a.example"]},
        {"vertical": "CLINIC"},
        {"profile_picture_handle": "4::nothing"},
        {"colour": "red"},
    ],
)
def test_a_profile_has_limits(whatsapp, changes):
    answer = whatsapp.post(PROFILE, **PRODUCT, **changes)
    assert error(answer)["code"] in (100, 131009)


def test_the_length_of_a_description_is_a_switch(whatsapp):
    whatsapp.switch(profile_description_limit=512)
    answer = whatsapp.post(PROFILE, **PRODUCT, description="x" * 512)
    assert answer.status_code == 200


def test_a_profile_needs_the_product(whatsapp):
    assert error(whatsapp.post(PROFILE, about="x"))["code"] == 100


def begin(whatsapp, **changes):
    query = {"file_name": "a.png", "file_length": "6", "file_type": "image/png"}
    path = f"/v26.0/{APP}/uploads"
    return whatsapp.graph("POST", path, params={**query, **changes})


def part(whatsapp, upload_id: str, content: bytes, offset: int):
    headers = {"file_offset": str(offset), "Authorization": f"OAuth {TOKEN}"}
    path = f"/v26.0/{upload_id}"
    return whatsapp.graph("POST", path, data=content, headers=headers)


def test_an_upload_can_stop_and_go_on(whatsapp):
    upload_id = begin(whatsapp).json()["id"]
    assert part(whatsapp, upload_id, b"abc", 0).json()["file_offset"] == 3
    assert whatsapp.get(upload_id)["file_offset"] == 3
    assert part(whatsapp, upload_id, b"def", 3).json()["h"].startswith("4::")


@pytest.mark.parametrize(("content", "offset"), [(b"abc", 1), (b"abcdefg", 0)])
def test_bytes_must_be_those_that_were_announced(whatsapp, content, offset):
    upload_id = begin(whatsapp).json()["id"]
    assert error(part(whatsapp, upload_id, content, offset))["code"] == 100


@pytest.mark.parametrize(
    "changes",
    [{"file_type": "text/html"}, {"file_length": "0"}, {"file_length": "many"}],
)
def test_a_faulty_announcement_is_100(whatsapp, changes):
    assert error(begin(whatsapp, **changes))["code"] == 100


def test_the_app_sees_its_subscriptions(whatsapp, receiver):
    answer = as_app(whatsapp, "GET", f"{APP}/subscriptions")
    (found,) = answer.json()["data"]
    assert found["object"] == "whatsapp_business_account"
    assert found["callback_url"] == receiver.url
    assert "messages" in [one["name"] for one in found["fields"]]


def test_only_the_app_itself_sees_its_subscriptions(whatsapp):
    answer = whatsapp.graph("GET", f"/v26.0/{APP}/subscriptions")
    assert error(answer)["code"] == 15


def subscribe(whatsapp, url: str, fields: str = "messages,security"):
    body = {
        "object": "whatsapp_business_account",
        "callback_url": url,
        "verify_token": "mine",
        "fields": fields,
    }
    return as_app(whatsapp, "POST", f"{APP}/subscriptions", json=body)


def test_the_app_sets_its_callback_after_a_handshake(whatsapp, receiver):
    whatsapp.control("PUT", "webhook", url=None)
    assert subscribe(whatsapp, receiver.url).json() == {"success": True}
    assert "hub.verify_token=mine" in receiver.queries[0]
    whatsapp.write()
    receiver.wait_for("messages")


def test_a_failed_handshake_is_2200(whatsapp, receiver):
    receiver.challenge_suffix = "no"
    assert error(subscribe(whatsapp, receiver.url))["code"] == 2200


def test_an_unknown_field_is_100(whatsapp, receiver):
    assert error(subscribe(whatsapp, receiver.url, "messages,news"))["code"] == 100


def test_a_field_that_is_not_subscribed_does_not_come(whatsapp, receiver):
    whatsapp.control("PATCH", f"apps/{APP}", fields=["messages"])
    whatsapp.post(NUMBER, pin="222222")
    whatsapp.write()
    receiver.wait_for("messages")
    assert not [one for one in receiver.values() if "event" in one]


def health(whatsapp, path: str) -> dict:
    return whatsapp.get(path, fields="health_status")["health_status"]


def test_health_names_all_that_a_number_hangs_from(whatsapp):
    found = health(whatsapp, NUMBER)
    assert found["can_send_message"] == "AVAILABLE"
    kinds = [one["entity_type"] for one in found["entities"]]
    assert kinds == ["PHONE_NUMBER", "WABA", "BUSINESS", "APP"]


def test_the_worst_part_decides_the_health(whatsapp):
    change_number(whatsapp, name_status="PENDING_REVIEW")
    assert health(whatsapp, NUMBER)["can_send_message"] == "LIMITED"
    path = f"business_accounts/{BUSINESS}"
    whatsapp.control("PATCH", path, payment_method=False)
    found = health(whatsapp, NUMBER)
    assert found["can_send_message"] == "BLOCKED"
    assert found["entities"][1]["errors"][0]["error_code"] == 141006


def test_health_can_be_set(whatsapp):
    info = {"can_send_message": "LIMITED", "additional_info": ["Slow."]}
    change_number(whatsapp, health=info)
    assert health(whatsapp, NUMBER)["entities"][0]["additional_info"] == ["Slow."]


def test_a_template_that_is_not_approved_is_141002(whatsapp):
    (template,) = whatsapp.get(f"{BUSINESS}/message_templates", name="rejected")["data"]
    entity = health(whatsapp, template["id"])["entities"][0]
    assert entity["entity_type"] == "MESSAGE_TEMPLATE"
    assert entity["errors"][0]["error_code"] == 141002


def test_an_unregistered_number_is_blocked(whatsapp):
    assert health(whatsapp, UNREGISTERED)["can_send_message"] == "BLOCKED"
