"""Templates from the first draft to the last pause."""

from __future__ import annotations

import pytest
import requests

from .conftest import BUSINESS, accepted, error, template_message, wait_until

EDGE = f"{BUSINESS}/message_templates"
BODY = {"type": "BODY", "text": "Your visit is on Friday."}
NAMED_BODY = {
    "type": "BODY",
    "text": "Hello {{name}}, see you soon.",
    "example": {"body_text_named_params": [{"param_name": "name", "example": "Ada"}]},
}


def draft(*components: dict, **changes) -> dict:
    return {
        "name": "visit",
        "language": "en",
        "category": "UTILITY",
        "components": list(components) or [BODY],
        **changes,
    }


def create(whatsapp, *components: dict, **changes) -> dict:
    answer = whatsapp.post(EDGE, **draft(*components, **changes))
    assert answer.status_code == 200, answer.json()
    return answer.json()


def body(text: str, *examples: str) -> dict:
    example = {"example": {"body_text": [list(examples)]}} if examples else {}
    return {"type": "BODY", "text": text, **example}


def header(text: str, **more) -> dict:
    return {"type": "HEADER", "format": "TEXT", "text": text, **more}


def buttons(*some: dict) -> dict:
    return {"type": "BUTTONS", "buttons": list(some)}


def reply(text: str = "Yes") -> dict:
    return {"type": "QUICK_REPLY", "text": text}


def link(url: str = "https://example.com", **more) -> dict:
    return {"type": "URL", "text": "Page", "url": url, **more}


def template_events(receiver, field: str, count: int = 1) -> list[dict]:
    """The values of the first ``count`` webhooks of ``field``."""
    key = {
        "message_template_status_update": "event",
        "message_template_quality_update": "new_quality_score",
        "template_category_update": "new_category",
        "message_template_components_update": "message_template_element",
    }[field]
    return wait_until(
        lambda: (
            len(found := [one for one in receiver.values() if key in one]) >= count
            and found
        )
    )


def statuses(receiver, count: int) -> list[str]:
    found = template_events(receiver, "message_template_status_update", count)
    return [one["event"] for one in found]


def test_a_new_template_waits_for_its_review(whatsapp):
    created = create(whatsapp)
    assert created == {"id": created["id"], "status": "PENDING", "category": "UTILITY"}
    assert error(whatsapp.send(template_message("visit")))["code"] == 132001


def test_the_review_ends_by_the_sandboxs_clock(whatsapp, receiver):
    template_id = create(whatsapp)["id"]
    whatsapp.pass_time(seconds=31)
    (told,) = template_events(receiver, "message_template_status_update")
    assert told == {
        "event": "APPROVED",
        "message_template_id": int(template_id),
        "message_template_name": "visit",
        "message_template_language": "en",
        "reason": "NONE",
        "message_template_category": "UTILITY",
    }
    accepted(whatsapp.send(template_message("visit")))


def test_the_review_ends_by_itself(whatsapp):
    whatsapp.switch(review_seconds=0.05)
    template_id = create(whatsapp)["id"]
    wait_until(lambda: whatsapp.get(template_id)["status"] == "APPROVED")


def test_a_review_may_refuse(whatsapp, receiver):
    whatsapp.switch(review_decision="REJECTED", review_reason="TAG_CONTENT_MISMATCH")
    template_id = create(whatsapp)["id"]
    whatsapp.pass_time(seconds=31)
    (told,) = template_events(receiver, "message_template_status_update")
    assert (told["event"], told["reason"]) == ("REJECTED", "TAG_CONTENT_MISMATCH")
    found = whatsapp.get(template_id, fields="status,rejected_reason")
    assert found["rejected_reason"] == "TAG_CONTENT_MISMATCH"


def test_a_review_can_be_decided_at_once_and_only_once(whatsapp, receiver):
    template_id = create(whatsapp)["id"]
    path = f"templates/{template_id}/review"
    info = {"reason": "SCAM", "recommendation": "Say who you are."}
    whatsapp.control("POST", path, decision="REJECTED", **info)
    whatsapp.pass_time(hours=1)
    (told,) = template_events(receiver, "message_template_status_update")
    assert (told["event"], told["rejection_info"]) == ("REJECTED", info)
    assert whatsapp.get(template_id)["status"] == "REJECTED"


def test_whatsapp_may_take_it_for_marketing(whatsapp):
    whatsapp.switch(review_category="MARKETING", review_seconds=0)
    assert create(whatsapp)["category"] == "MARKETING"


@pytest.mark.parametrize(
    ("switch", "language"), [("underscore", "en_US"), ("hyphen", "en-US")]
)
def test_a_switch_says_how_webhooks_write_a_language(
    whatsapp, receiver, switch, language
):
    whatsapp.switch(review_seconds=0, template_news_language=switch)
    create(whatsapp, language="en_US")
    (told,) = template_events(receiver, "message_template_status_update")
    assert told["message_template_language"] == language


def test_types_come_in_any_case_and_are_answered_in_upper_case(whatsapp):
    components = [{"type": "body", "text": "One."}, {"type": "footer", "text": "Two."}]
    template_id = create(whatsapp, *components, category="utility")["id"]
    found = whatsapp.get(template_id)
    assert found["category"] == "UTILITY"
    assert [one["type"] for one in found["components"]] == ["BODY", "FOOTER"]


@pytest.mark.parametrize(
    ("subcode", "components"),
    [
        (2388043, [{"type": "FOOTER", "text": "No body"}]),
        (2388043, [BODY, BODY]),
        (2388072, [body("x" * 1025)]),
        (2388072, [body("Hello {{1} there", "a")]),
        (2388072, [body("Hello {{1}} {{2}} there", "a", "b")]),
        (2388072, [body("Hello {{1}} and {{3}} there", "a", "b")]),
        (2388072, [body("Hello {{$name}} there", "a")]),
        (2388299, [body("{{1}} hello", "a")]),
        (2388299, [body("Hello {{1}}", "a")]),
        (2388043, [body("Hello {{1}} there")]),
        (2388043, [body("Hello {{1}} there", "a", "b")]),
        (2388047, [BODY, header("x" * 61)]),
        (2388047, [BODY, header("*Bold*")]),
        (2388047, [BODY, header("A {{1}} and {{2}}.")]),
        (2388043, [BODY, header("A {{1}}.")]),
        (2388043, [BODY, {"type": "HEADER", "format": "IMAGE"}]),
        (2388073, [BODY, {"type": "FOOTER", "text": "x" * 61}]),
        (2388073, [BODY, {"type": "FOOTER", "text": "By {{1}} ."}]),
        (2388040, [BODY, buttons(*[reply(str(n)) for n in range(11)])]),
        (2388040, [BODY, buttons(*[link()] * 3)]),
        (2388040, [BODY, buttons(reply("x" * 26))]),
        (2388040, [BODY, buttons({"type": "COPY_CODE", "example": "x" * 16})]),
        (2388043, [BODY, buttons(reply("a"), link(), reply("b"))]),
        (2388043, [BODY, buttons(link("https://example.com/{{1}}"))]),
        (2388043, [BODY, buttons(link("https://a.com/{{1}}/b", example=["x"]))]),
        (2388043, [body("Hello {{1}} there", " ")]),
        (2388043, [body("Hello {{1}} there", 7)]),
        (2388043, [BODY, buttons(link("https://a.com/{{1}}", example=[""]))]),
        (2388043, [BODY, buttons({"type": "FLOW", "text": "Form"})]),
        (2388043, [BODY, buttons({"type": "OTP", "otp_type": "COPY_CODE"})]),
    ],
)
def test_a_faulty_template_is_refused_with_a_subcode(whatsapp, subcode, components):
    found = error(whatsapp.post(EDGE, **draft(*components)))
    assert (found["code"], found["error_subcode"]) == (100, subcode)
    assert found["error_user_title"]
    assert found["error_user_msg"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Visit"},
        {"name": "a b"},
        {"name": "x" * 513},
        {"language": "tr_TR"},
        {"category": "NEWS"},
        {"parameter_format": "FREE"},
        {"message_send_ttl_seconds": 1},
        {"components": [BODY, {"type": "CAROUSEL"}]},
    ],
)
def test_a_template_with_a_wrong_frame_is_100(whatsapp, changes):
    assert error(whatsapp.post(EDGE, **draft(**changes)))["code"] == 100


@pytest.mark.parametrize(
    ("components", "more"),
    [
        ([body("Hi {{1}}, it is at {{2}} then.", "a", "b")], {}),
        (
            [
                {
                    "type": "BODY",
                    "text": "Hi {{1}}, ok?",
                    "example": {"body_text": ["a"]},
                }
            ],
            {},
        ),
        ([NAMED_BODY], {"parameter_format": "NAMED"}),
        ([BODY, header("Visit {{1}}.", example={"header_text": ["A"]})], {}),
        ([BODY, {"type": "HEADER", "format": "LOCATION"}], {}),
        ([BODY, buttons(reply("a"), reply("b"), link())], {}),
    ],
)
def test_a_good_template_is_taken(whatsapp, components, more):
    create(whatsapp, *components, **more)


def test_a_header_wants_a_handle_of_its_own_kind(whatsapp):
    example = {"header_handle": [whatsapp.handle("application/pdf")]}
    wrong = {"type": "HEADER", "format": "IMAGE", "example": example}
    assert error(whatsapp.post(EDGE, **draft(BODY, wrong)))["error_subcode"] == 2388047
    create(whatsapp, BODY, {**wrong, "format": "DOCUMENT"})


def test_a_sample_is_answered_as_an_address(whatsapp):
    example = {"header_handle": [whatsapp.handle("image/png")]}
    image = {"type": "HEADER", "format": "IMAGE", "example": example}
    found = whatsapp.get(create(whatsapp, BODY, image)["id"])
    (url,) = found["components"][0]["example"]["header_handle"]
    assert url.startswith("https://")


def test_an_authentication_template_has_whatsapps_own_text(whatsapp):
    created = create(
        whatsapp,
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 5},
        buttons({"type": "OTP", "otp_type": "COPY_CODE"}),
        category="AUTHENTICATION",
    )
    first = whatsapp.get(created["id"])["components"][0]
    assert "verification code" in first["text"]


def test_the_ratio_of_variables_is_a_switch(whatsapp):
    few_words = draft(body("Hi {{1}} you.", "a"))
    whatsapp.switch(words_per_variable=3)
    found = error(whatsapp.post(EDGE, **few_words))
    assert found["error_subcode"] == 2388293


def test_the_same_name_and_language_exist_once(whatsapp):
    create(whatsapp)
    again = draft(body("Something else."))
    assert error(whatsapp.post(EDGE, **again))["error_subcode"] == 2388024
    create(whatsapp, body("Something else."), language="de")


def test_the_same_body_is_refused_under_another_name(whatsapp):
    create(whatsapp)
    assert error(whatsapp.post(EDGE, **draft(name="copy")))["code"] == 100


def test_the_account_has_room_for_so_many_templates(whatsapp):
    whatsapp.control("PATCH", f"business_accounts/{BUSINESS}", template_limit=1)
    assert error(whatsapp.post(EDGE, **draft()))["error_subcode"] == 2388019


def test_100_templates_an_hour(whatsapp):
    for number in range(100):
        create(whatsapp, body(f"Text {number}."), name=f"t{number}")
    assert error(whatsapp.post(EDGE, **draft()))["code"] == 80007
    whatsapp.pass_time(hours=1)
    create(whatsapp)


@pytest.fixture
def approved(whatsapp) -> str:
    """The id of a template that was approved a while ago."""
    template_id = create(whatsapp)["id"]
    whatsapp.pass_time(hours=1)
    return template_id


def edit(whatsapp, template_id: str, text: str = "A new text.", **more):
    return whatsapp.post(template_id, components=[body(text)], **more)


def test_an_edit_goes_to_review_again(whatsapp, approved):
    assert edit(whatsapp, approved).json() == {"success": True}
    found = whatsapp.get(approved)
    assert (found["status"], found["components"][0]["text"]) == (
        "PENDING",
        "A new text.",
    )
    whatsapp.pass_time(seconds=31)
    assert whatsapp.get(approved)["status"] == "APPROVED"


def test_an_approved_template_is_edited_once_a_day(whatsapp, approved):
    edit(whatsapp, approved)
    whatsapp.pass_time(hours=23)
    assert error(edit(whatsapp, approved))["code"] == 100
    whatsapp.pass_time(hours=2)
    assert edit(whatsapp, approved).status_code == 200


def test_an_approved_template_is_edited_ten_times_a_month(whatsapp, approved):
    for _ in range(10):
        assert edit(whatsapp, approved).status_code == 200
        whatsapp.pass_time(hours=25)
    assert error(edit(whatsapp, approved))["code"] == 100
    whatsapp.pass_time(days=20)
    assert edit(whatsapp, approved).status_code == 200


def test_a_refused_template_is_edited_as_often_as_needed(whatsapp):
    whatsapp.switch(review_decision="REJECTED", review_seconds=0)
    template_id = create(whatsapp)["id"]
    for text in ("One.", "Two.", "Three."):
        assert edit(whatsapp, template_id, text).status_code == 200


def test_what_is_under_review_is_not_edited(whatsapp):
    assert error(edit(whatsapp, create(whatsapp)["id"]))["code"] == 100


def test_an_approved_template_keeps_its_category(whatsapp, approved):
    answer = edit(whatsapp, approved, category="MARKETING")
    assert error(answer)["code"] == 100


def test_a_faulty_edit_uses_up_no_quota(whatsapp, approved):
    assert error(edit(whatsapp, approved, "{{1}} no"))["code"] == 100
    assert edit(whatsapp, approved).status_code == 200


def delete(whatsapp, **query) -> requests.Response:
    return whatsapp.graph("DELETE", f"/v26.0/{EDGE}", params=query)


def test_a_deleted_name_takes_all_its_languages_along(whatsapp, receiver, approved):
    create(whatsapp, body("Metin."), language="tr")
    assert delete(whatsapp, name="visit").json() == {"success": True}
    assert whatsapp.get(EDGE, name="visit")["data"] == []
    assert statuses(receiver, 3).count("DELETED") == 2


def test_one_language_can_be_deleted_alone(whatsapp, approved):
    create(whatsapp, body("Metin."), language="tr")
    delete(whatsapp, name="visit", hsm_id=approved)
    (left,) = whatsapp.get(EDGE, name="visit")["data"]
    assert left["language"] == "tr"


def test_one_language_is_deleted_by_name_and_id(whatsapp, approved):
    found = error(delete(whatsapp, hsm_id=approved))
    assert found["message"] == "(#100) The parameter name is required."


def test_several_can_be_deleted_by_id(whatsapp, approved):
    other = create(whatsapp, body("Other."), name="other")["id"]
    delete(whatsapp, hsm_ids=f'["{approved}","{other}"]')
    assert whatsapp.get(EDGE, name="other")["data"] == []


def test_the_name_of_an_approved_one_is_blocked_for_30_days(whatsapp, approved):
    delete(whatsapp, name="visit")
    whatsapp.pass_time(days=29)
    assert error(whatsapp.post(EDGE, **draft()))["error_subcode"] == 2388023
    whatsapp.pass_time(days=2)
    create(whatsapp)


def test_the_name_of_one_that_was_never_approved_is_free(whatsapp):
    create(whatsapp)
    delete(whatsapp, name="visit")
    create(whatsapp)


def test_a_disabled_one_cannot_be_deleted(whatsapp, approved):
    whatsapp.control("POST", f"templates/{approved}/status", event="DISABLED")
    assert error(delete(whatsapp, name="visit"))["code"] == 100


def test_deleting_what_is_not_there_is_100(whatsapp):
    assert error(delete(whatsapp, name="nothing"))["code"] == 100
    assert error(delete(whatsapp))["code"] == 100


def test_a_category_changes_without_notice(whatsapp, receiver, approved):
    whatsapp.control("POST", f"templates/{approved}/category", category="MARKETING")
    (told,) = template_events(receiver, "template_category_update")
    assert (told["previous_category"], told["new_category"]) == ("UTILITY", "MARKETING")
    found = whatsapp.get(approved, fields="category,previous_category")
    assert found["previous_category"] == "UTILITY"


def test_a_notice_names_the_present_category_as_the_new_one(
    whatsapp, receiver, approved
):
    body = {"category": "MARKETING", "notice_seconds": 86400}
    whatsapp.control("POST", f"templates/{approved}/category", **body)
    (told,) = template_events(receiver, "template_category_update")
    assert (told["new_category"], told["correct_category"]) == ("UTILITY", "MARKETING")
    assert whatsapp.get(approved)["category"] == "UTILITY"
    whatsapp.pass_time(hours=25)
    assert whatsapp.get(approved)["category"] == "MARKETING"
    told = template_events(receiver, "template_category_update", 2)
    assert [one.get("previous_category") for one in told].count("UTILITY") == 1


def test_quality_is_told_and_answered(whatsapp, receiver, approved):
    whatsapp.control("POST", f"templates/{approved}/quality", score="YELLOW")
    (told,) = template_events(receiver, "message_template_quality_update")
    assert told["previous_quality_score"] == "UNKNOWN"
    assert told["new_quality_score"] == "YELLOW"
    found = whatsapp.get(approved, fields="quality_score")
    assert found["quality_score"]["score"] == "YELLOW"


def test_the_field_of_quality_is_a_switch(whatsapp, receiver, approved):
    whatsapp.switch(quality_update_field="message_template_status_update")
    whatsapp.control("POST", f"templates/{approved}/quality", score="RED")
    template_events(receiver, "message_template_quality_update")
    assert b"message_template_quality_update" not in receiver.requests[-1][0]


def test_a_pause_ends_after_3_hours_then_6_then_never(whatsapp, receiver, approved):
    path = f"templates/{approved}/pause"
    for hours in (3, 6):
        whatsapp.control("POST", path)
        assert error(whatsapp.send(template_message("visit")))["code"] == 132015
        whatsapp.pass_time(hours=hours - 0.1)
        assert whatsapp.get(approved)["status"] == "PAUSED"
        whatsapp.pass_time(hours=0.2)
        assert whatsapp.get(approved)["status"] == "APPROVED"
    whatsapp.control("POST", path)
    assert error(whatsapp.send(template_message("visit")))["code"] == 132016
    told = template_events(receiver, "message_template_status_update", 6)
    titles = [one["other_info"]["title"] for one in told if "other_info" in one]
    assert sorted(titles) == [
        "DISABLED",
        "FIRST_PAUSE",
        "SECOND_PAUSE",
        "UNPAUSE",
        "UNPAUSE",
    ]


def test_components_changed_in_the_manager_are_told(whatsapp, receiver, approved):
    components = [body("Changed."), header("Top"), buttons(link())]
    path = f"templates/{approved}/components"
    whatsapp.control("POST", path, components=components)
    (told,) = template_events(receiver, "message_template_components_update")
    assert told["message_template_element"] == "Changed."
    assert told["message_template_title"] == "Top"
    assert told["message_template_buttons"] == [
        {
            "message_template_button_type": "URL",
            "message_template_button_text": "Page",
            "message_template_button_url": "https://example.com",
        }
    ]


@pytest.fixture
def paced(whatsapp) -> None:
    whatsapp.switch(pacing="release", review_seconds=0)
    create(whatsapp, name="offer_2", category="MARKETING")


def held(whatsapp, name: str = "offer_2") -> dict:
    answer = whatsapp.send(template_message(name))
    assert answer.status_code == 200
    return answer.json()["messages"][0]


def test_new_marketing_is_held_and_then_released(whatsapp, receiver, paced):
    message = held(whatsapp)
    assert message["message_status"] == "held_for_quality_assessment"
    assert receiver.items("statuses") == []
    whatsapp.pass_time(hours=1)
    receiver.wait_for_statuses("sent", "delivered")


def test_held_marketing_may_be_dropped_and_its_template_paused(
    whatsapp, receiver, paced
):
    whatsapp.switch(pacing="drop")
    held(whatsapp)
    whatsapp.pass_time(hours=1)
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 132015
    assert error(whatsapp.send(template_message("offer_2")))["code"] == 132015


def test_a_template_paused_for_pacing_is_unpaused_by_hand(whatsapp, receiver, paced):
    whatsapp.switch(pacing="drop")
    held(whatsapp)
    whatsapp.pass_time(hours=1)
    (template,) = whatsapp.get(EDGE, name="offer_2")["data"]
    path = f"{template['id']}/unpause"
    assert error(whatsapp.post(path))["code"] == 100
    whatsapp.pass_time(seconds=301)
    assert whatsapp.post(path).json() == {"success": True}
    assert whatsapp.get(template["id"])["status"] == "APPROVED"


def test_utility_is_held_after_one_was_paused(whatsapp, approved):
    whatsapp.switch(pacing="release", review_seconds=0)
    create(whatsapp, body("Other."), name="other")
    assert held(whatsapp, "other")["message_status"] == "accepted"
    whatsapp.control("POST", f"templates/{approved}/pause")
    assert held(whatsapp, "other")["message_status"] == "held_for_quality_assessment"
    whatsapp.pass_time(days=8)
    assert held(whatsapp, "other")["message_status"] == "accepted"


@pytest.mark.parametrize("told", ["templates", "held", "never"])
def test_when_the_answer_has_a_message_status_is_a_switch(whatsapp, approved, told):
    whatsapp.switch(message_status=told)
    assert ("message_status" in held(whatsapp, "visit")) == (told == "templates")


def test_a_template_that_is_not_there_is_404(whatsapp):
    with pytest.raises(requests.HTTPError, match="404"):
        whatsapp.control("POST", "templates/1/pause")
