"""What is said beside the API: by Meta's own agent, or in the WhatsApp Business app."""

from __future__ import annotations

import pytest
import requests

from .conftest import COEXISTENCE_NUMBER, NUMBER, WA_ID, error, text, wait_until

HERE = {"phone_number_id": NUMBER}
IN_APP = {"phone_number_id": COEXISTENCE_NUMBER}


def changes(receiver, key: str) -> list[dict]:
    return [value for value in receiver.values() if key in value]


def wait_for(receiver, key: str, count: int = 1) -> list[dict]:
    found = lambda: changes(receiver, key)  # noqa: E731
    return wait_until(lambda: len(found()) >= count and found())


@pytest.fixture
def agent(whatsapp):
    """The sandbox, where Meta's agent answers the patients of the number."""
    whatsapp.control("PATCH", f"phone_numbers/{NUMBER}", agent=True)
    return whatsapp


def test_what_a_patient_writes_to_the_agent_comes_on_standby(agent, receiver):
    message_id = agent.write()
    (value,) = wait_for(receiver, "standby")
    (received,) = value["standby"]["message_received"]
    assert received["message"]["id"] == message_id
    assert value["metadata"]["phone_number_id"] == NUMBER
    assert receiver.items("messages") == []


def test_what_the_agent_writes_is_echoed_with_its_statuses(agent, receiver):
    agent.act("agent_answers", **HERE, text="Hello")
    told = [one["standby"] for one in wait_for(receiver, "standby", 3)]
    (echo,) = [one["message_echoes"] for one in told if "message_echoes" in one]
    assert echo[0]["message"]["to"] == WA_ID
    statuses = {one["statuses"][0]["status"] for one in told if "statuses" in one}
    assert statuses == {"sent", "delivered"}


def test_a_message_of_the_business_takes_the_thread_from_the_agent(agent, receiver):
    agent.write()
    agent.text()
    (passed,) = wait_for(receiver, "control_passed")
    assert passed["control_passed"] == {
        "previous_owner_app_role": "meta_business_agent"
    }
    assert "metadata" not in passed
    agent.write("Again")
    receiver.wait_for("messages")


def test_a_template_leaves_the_thread_to_the_agent(agent, receiver):
    agent.reminder()
    agent.write()
    wait_for(receiver, "standby")
    assert changes(receiver, "control_passed") == []


def test_the_business_can_hand_the_thread_back(agent, receiver):
    agent.act("handovers", **HERE, to="business")
    wait_for(receiver, "control_passed")
    agent.act("handovers", **HERE, to="agent")
    _first, second = wait_for(receiver, "control_passed", 2)
    assert second["control_passed"]["new_owner_role"] == "ai_agent"
    agent.write()
    wait_for(receiver, "standby")


def test_webhooks_before_v26_know_no_standby(agent, receiver):
    agent.switch(webhook_version="v25.0")
    agent.write()
    agent.switch(webhook_version="v26.0")
    agent.act("handovers", **HERE, to="business")
    wait_for(receiver, "control_passed")
    assert changes(receiver, "standby") == []


def test_what_staff_write_in_the_app_is_echoed(whatsapp, receiver):
    sent = whatsapp.act("app_messages", **IN_APP, text="From the phone")
    (echo,) = receiver.wait_for("message_echoes")
    assert (echo["id"], echo["to"]) == (sent["id"], WA_ID)
    assert echo["text"] == {"body": "From the phone"}
    (bubble,) = whatsapp.thread()
    assert (bubble["direction"], bubble["text"]) == ("out", "From the phone")


def test_corrections_and_deletions_in_the_app_are_echoed(whatsapp, receiver):
    sent = whatsapp.act("app_messages", **IN_APP, text="One")["id"]
    whatsapp.act("app_edits", message_id=sent, text="Two")
    whatsapp.act("app_deletions", message_id=sent)
    echoes = receiver.wait_for("message_echoes", 3)
    edit, revoke = (
        next(one for one in echoes if one["type"] == kind)
        for kind in ("edit", "revoke")
    )
    assert edit["edit"]["original_message_id"] == sent
    assert edit["edit"]["message"]["text"] == {"body": "Two"}
    assert revoke["revoke"] == {"original_message_id": sent}


def test_a_number_that_is_not_in_the_app_has_nobody_there(whatsapp):
    with pytest.raises(requests.HTTPError, match="409"):
        whatsapp.act("app_messages", **HERE, text="x")
    assert error(sync(whatsapp, "history", NUMBER))["code"] == 100


def sync(whatsapp, kind: str, number: str = COEXISTENCE_NUMBER):
    body = {"messaging_product": "whatsapp", "sync_type": kind}
    return whatsapp.post(f"{number}/smb_app_data", **body)


def test_the_history_has_both_sides(whatsapp, receiver):
    whatsapp.write("Merhaba", phone_number_id=COEXISTENCE_NUMBER)
    whatsapp.act("app_messages", **IN_APP, text="From the phone")
    assert "request_id" in sync(whatsapp, "history").json()
    ((chunk,),) = [one["history"] for one in wait_for(receiver, "history")]
    (thread,) = chunk["threads"]
    said = [(one["from"], one["text"]["body"]) for one in thread["messages"]]
    assert said == [(WA_ID, "Merhaba"), ("905550000014", "From the phone")]


def test_a_business_may_decline_to_share_its_history(whatsapp, receiver):
    path = f"phone_numbers/{COEXISTENCE_NUMBER}"
    whatsapp.control("PATCH", path, shares_history=False)
    sync(whatsapp, "history")
    (value,) = wait_for(receiver, "history")
    assert value["history"][0]["errors"][0]["code"] == 2593109


def test_the_address_book_of_the_app_is_told(whatsapp, receiver):
    sync(whatsapp, "smb_app_state_sync")
    (value,) = wait_for(receiver, "state_sync")
    phones = [one["contact"]["phone_number"] for one in value["state_sync"]]
    assert WA_ID in phones


def test_each_is_told_once(whatsapp):
    sync(whatsapp, "history")
    assert error(sync(whatsapp, "history"))["code"] == 2593107


def test_a_day_after_the_connection_nothing_is_told(whatsapp):
    path = f"phone_numbers/{COEXISTENCE_NUMBER}"
    whatsapp.control("PATCH", path, onboarded_at=1_000_000_000)
    assert error(sync(whatsapp, "history"))["code"] == 2593108


def test_the_agent_is_off_by_default(whatsapp, receiver):
    whatsapp.write()
    receiver.wait_for("messages")
    assert whatsapp.send(text()).status_code == 200
