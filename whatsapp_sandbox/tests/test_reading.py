"""What a business reads about its accounts, numbers and templates."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

import pytest

from .conftest import APP, BUSINESS, NUMBER, SECRET, TOKEN, UNREGISTERED, error


def get(whatsapp, path: str, **query):
    return whatsapp.graph("GET", f"/v26.0/{path}", params=query).json()


def test_a_number_shows_the_fields_asked_for_and_its_id(whatsapp):
    fields = "verified_name,status,throughput"
    assert get(whatsapp, NUMBER, fields=fields) == {
        "verified_name": "Boğaziçi Klinik Kadıköy",
        "status": "CONNECTED",
        "throughput": {"level": "STANDARD"},
        "id": NUMBER,
    }


def test_an_unknown_field_is_100(whatsapp):
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}", params={"fields": "colour"})
    assert error(answer)["code"] == 100
    assert "(colour)" in error(answer)["message"]


def test_an_unregistered_number_cannot_send(whatsapp):
    health = get(whatsapp, UNREGISTERED, fields="health_status,platform_type")
    assert health["health_status"]["can_send_message"] == "BLOCKED"
    assert health["platform_type"] == "NOT_APPLICABLE"


def test_a_business_account_shows_its_name(whatsapp):
    assert get(whatsapp, BUSINESS, fields="name")["name"] == "Boğaziçi Klinik Grubu"


def test_the_numbers_of_a_business_account_are_listed(whatsapp):
    ids = [one["id"] for one in get(whatsapp, f"{BUSINESS}/phone_numbers")["data"]]
    assert NUMBER in ids


def test_templates_come_page_by_page_until_there_is_no_next(whatsapp):
    path = f"/v26.0/{BUSINESS}/message_templates?limit=4"
    pages, found = 0, []
    while path:
        content = whatsapp.graph("GET", path).json()
        found += [(one["name"], one["language"]) for one in content["data"]]
        url = urlsplit(content["paging"].get("next", ""))
        path = url.path and f"{url.path}?{url.query}"
        pages += 1
    assert pages == 6
    assert len(set(found)) == len(found) == 22


def test_a_page_can_be_asked_for_by_its_cursor(whatsapp):
    path = f"{BUSINESS}/message_templates"
    first = get(whatsapp, path, limit=1, fields="name,language")
    after = first["paging"]["cursors"]["after"]
    second = get(whatsapp, path, limit=1, after=after, fields="name,language")
    assert first["data"][0]["language"] == "tr"
    assert second["data"][0]["language"] == "en"


def test_a_wrong_cursor_is_100(whatsapp):
    path = f"/v26.0/{BUSINESS}/message_templates"
    assert error(whatsapp.graph("GET", path, params={"after": "x"}))["code"] == 100


def test_templates_are_found_by_name_and_status(whatsapp):
    path = f"{BUSINESS}/message_templates"
    reminders = get(whatsapp, path, name="appointment_reminder")["data"]
    assert {one["language"] for one in reminders} == {"tr", "en"}
    assert [one["name"] for one in get(whatsapp, path, status="PAUSED")["data"]] == [
        "paused"
    ]


def test_a_template_has_metas_own_shape(whatsapp):
    path = f"{BUSINESS}/message_templates"
    (template,) = get(whatsapp, path, name="appointment_reminder", language="tr")[
        "data"
    ]
    assert template.keys() == {
        "id",
        "name",
        "language",
        "category",
        "status",
        "parameter_format",
        "components",
    }
    assert [one["type"] for one in template["components"]] == [
        "HEADER",
        "BODY",
        "FOOTER",
        "BUTTONS",
    ]
    assert get(whatsapp, template["id"]) == template


def test_the_app_is_subscribed_until_it_leaves(whatsapp):
    path = f"{BUSINESS}/subscribed_apps"
    (app,) = get(whatsapp, path)["data"]
    assert app["whatsapp_business_api_data"]["id"] == "610000000000001"
    whatsapp.graph("DELETE", f"/v26.0/{path}")
    assert get(whatsapp, path)["data"] == []


def test_a_proof_of_the_token_is_checked_when_given(whatsapp):
    proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    assert get(whatsapp, NUMBER, appsecret_proof=proof)["id"] == NUMBER
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}", params={"appsecret_proof": "x"})
    assert error(answer)["type"] == "GraphMethodException"


META_HAS = {
    NUMBER: "quality_score,country_dial_code,certificate,username,last_onboarded_time",
    BUSINESS: "ownership_type,subscribed_apps,is_enabled_for_insights,status,"
    "primary_funding_id,owner_business_info",
    f"{BUSINESS}/message_templates": "name,previous_category,quality_score,"
    "sub_category,correct_category,rejected_reason,library_template_name",
}


@pytest.mark.parametrize("path", META_HAS)
def test_no_field_that_whatsapp_has_is_called_unknown(whatsapp, path):
    whatsapp.get(path, fields=META_HAS[path])


def test_a_field_without_value_is_left_out(whatsapp):
    assert get(whatsapp, NUMBER, fields="certificate") == {"id": NUMBER}


def test_fields_of_fields_stand_in_braces(whatsapp):
    fields = "phone_numbers.limit(1){id,verified_name},subscribed_apps"
    found = get(whatsapp, BUSINESS, fields=fields)
    assert found["phone_numbers"]["data"][0].keys() == {"id", "verified_name"}
    (app,) = found["subscribed_apps"]["data"]
    assert app["whatsapp_business_api_data"]["id"] == APP


def test_templates_are_an_edge_that_may_be_asked_for_as_a_field(whatsapp):
    fields = "message_templates.limit(1){name,status}"
    (template,) = get(whatsapp, BUSINESS, fields=fields)["message_templates"]["data"]
    assert template.keys() == {"id", "name", "status"}


@pytest.mark.parametrize(
    "path",
    [
        f"{NUMBER}/settings",
        f"{NUMBER}/message_qrdls",
        f"{BUSINESS}/flows",
        f"{BUSINESS}/dataset",
        f"{BUSINESS}?fields=assigned_users",
        "me",
        "me/businesses",
        APP,
    ],
)
def test_what_only_whatsapp_has_is_said_not_to_be_emulated(whatsapp, path):
    answer = whatsapp.graph("GET", f"/v26.0/{path}")
    assert (answer.status_code, error(answer)["type"]) == (501, "NotEmulated")


def test_an_edge_that_whatsapp_has_not_is_unknown(whatsapp):
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}/colours")
    assert error(answer)["error_subcode"] == 33


def names(whatsapp, **query) -> list[str]:
    found = get(whatsapp, f"{BUSINESS}/message_templates", **query)
    return [one["name"] for one in found["data"]]


@pytest.mark.parametrize("status", ["PAUSED,DISABLED", '["PAUSED","DISABLED"]'])
def test_templates_of_several_states_are_found(whatsapp, status):
    assert names(whatsapp, status=status) == ["paused", "disabled"]


def test_templates_are_found_by_a_part_of_their_text(whatsapp):
    assert names(whatsapp, content="SEE YOU AT") == ["positional", "treatments"]
    assert names(whatsapp, content="positional") == []
    assert names(whatsapp, name_or_content="positional") == ["positional"]


def test_templates_are_found_by_their_quality(whatsapp):
    assert names(whatsapp, quality_score="RED") == []
    assert "positional" in names(whatsapp, quality_score="GREEN,UNKNOWN")


def test_a_filter_that_is_no_list_is_100(whatsapp):
    path = f"/v26.0/{BUSINESS}/message_templates"
    assert error(whatsapp.graph("GET", path, params={"status": "["}))["code"] == 100


def test_a_page_leads_back_to_the_one_before(whatsapp):
    path = f"{BUSINESS}/message_templates"
    first = get(whatsapp, path, limit=2)
    assert "previous" not in first["paging"]
    second = get(whatsapp, path, limit=2, after=first["paging"]["cursors"]["after"])
    url = urlsplit(second["paging"]["previous"])
    again = whatsapp.graph("GET", f"{url.path}?{url.query}").json()
    assert again["data"] == first["data"]


def test_a_summary_counts_the_templates(whatsapp):
    query = "total_count,message_template_count,message_template_limit"
    found = get(whatsapp, f"{BUSINESS}/message_templates", limit=1, summary=query)
    assert found["summary"] == {
        "total_count": 22,
        "message_template_count": 22,
        "message_template_limit": 6000,
    }


def test_what_no_summary_tells_is_100(whatsapp):
    path = f"/v26.0/{BUSINESS}/phone_numbers"
    assert error(whatsapp.graph("GET", path, params={"summary": "x"}))["code"] == 100


def test_a_profile_that_nobody_wrote_has_an_undefined_vertical(whatsapp):
    path = f"{UNREGISTERED}/whatsapp_business_profile"
    (profile,) = get(whatsapp, path, fields="about,vertical")["data"]
    assert profile == {"vertical": "UNDEFINED", "messaging_product": "whatsapp"}


def test_one_field_that_the_token_may_not_read_fails_the_call(whatsapp):
    whatsapp.control("PATCH", "tokens/0", hidden_fields=["health_status"])
    fields = {"fields": "id,health_status{can_send_message}"}
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}", params=fields)
    assert error(answer)["code"] == 10
    assert get(whatsapp, NUMBER, fields="id") == {"id": NUMBER}
