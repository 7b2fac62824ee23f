"""The history of a number's messages, where the switch lets it answer."""

from __future__ import annotations

import pytest

from .conftest import NUMBER, OTHER_NUMBER, WA_ID, accepted, error, reminder


@pytest.fixture
def history(whatsapp):
    """Reads the history of NUMBER."""
    whatsapp.switch(message_history=True)

    def read(**query: str):
        path = f"/v26.0/{NUMBER}/message_history"
        return whatsapp.graph("GET", path, params=query).json()

    return read


def test_by_default_there_is_no_history(whatsapp):
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}/message_history")
    assert (answer.status_code, error(answer)["code"]) == (400, 100)
    assert "(message_history)" in error(answer)["message"]


def test_a_message_shows_its_latest_status_and_callback_data(whatsapp, history):
    whatsapp.control("PUT", "clock", now="2030-01-02T03:04:05+00:00")
    message_id = whatsapp.reminder(biz_opaque_callback_data="row 1")
    whatsapp.control("POST", f"patients/{WA_ID}/read")
    (record,) = history()["data"]
    assert record == {
        "id": message_id,
        "biz_opaque_callback_data": "row 1",
        "status": "read",
        "timestamp": record["timestamp"],
    }
    assert 0 <= int(record["timestamp"]) - 1893553445 < 60


def test_a_failed_message_shows_that_it_failed(whatsapp, history):
    whatsapp.text()
    assert history()["data"][0]["status"] == "failed"


def test_a_message_whose_answer_was_lost_is_found_by_its_callback_data(
    whatsapp, history
):
    whatsapp.reminder(biz_opaque_callback_data="row 1")
    whatsapp.fault("http_500_after_accept", count=1)
    whatsapp.send(reminder(biz_opaque_callback_data="row 2"))
    (record,) = history(biz_opaque_callback_data="row 2")["data"]
    assert record["id"] == whatsapp.messages()[1]["id"]
    assert history(biz_opaque_callback_data="row 3") == {"data": []}


def test_messages_come_newest_first_page_by_page(whatsapp, history):
    sent = [whatsapp.reminder() for _ in range(3)]
    first = history(limit=2)
    second = history(limit=2, after=first["paging"]["cursors"]["after"])
    found = [one["id"] for one in first["data"] + second["data"]]
    assert found == sent[::-1]
    assert first["paging"]["cursors"].keys() == {"before", "after"}


def test_a_number_shows_only_what_it_sent(whatsapp, history):
    accepted(whatsapp.send(reminder(), OTHER_NUMBER))
    whatsapp.write()
    assert history() == {"data": []}


def test_one_message_shows_its_statuses_in_metas_shape(whatsapp, history):
    message_id = whatsapp.reminder()
    (record,) = history(message_id=message_id)["data"]
    assert record["message_id"] == message_id
    events = record["events"]["data"]
    names = [event["delivery_status"] for event in events]
    assert names == ["ACCEPTED", "SENT", "DELIVERED"]
    assert all(isinstance(event["timestamp"], int) for event in events)
    assert len({event["id"] for event in events}) == 3
    assert history(message_id="wamid.none") == {"data": []}


def test_message_history_events_is_no_path(whatsapp):
    answer = whatsapp.graph("GET", f"/v26.0/{NUMBER}/message_history_events")
    assert error(answer)["code"] == 2500
