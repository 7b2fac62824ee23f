"""Faults that tests inject into sends."""

from __future__ import annotations

import json
import time

import pytest
import requests

from .conftest import BUSINESS, NUMBER, OTHER_NUMBER, TOKEN, error, reminder


def test_an_error_has_the_code_and_status_asked_for(whatsapp):
    whatsapp.fault("error", code=190, subcode=463, http_status=400, count=1)
    answer = whatsapp.send(reminder())
    assert answer.status_code == 400
    assert (error(answer)["code"], error(answer)["error_subcode"]) == (190, 463)
    assert whatsapp.messages() == []


def test_an_error_takes_its_usual_status_and_a_retry_after(whatsapp):
    whatsapp.fault("error", code=131016, retry_after=2)
    answer = whatsapp.send(reminder())
    assert answer.status_code == 500
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize("code", [4, 80007, 130429])
def test_an_error_can_tell_when_calls_are_taken_again(whatsapp, code):
    whatsapp.fault(
        "error", code=code, retry_after=90, estimated_time_to_regain_access=5
    )
    answer = whatsapp.send(reminder())
    assert error(answer)["code"] == code
    assert answer.headers["Retry-After"] == "90"
    assert json.loads(answer.headers["X-Business-Use-Case-Usage"]) == {
        BUSINESS: [
            {
                "type": "messaging",
                "call_count": 100,
                "total_cputime": 25,
                "total_time": 25,
                "estimated_time_to_regain_access": 5,
            }
        ]
    }


def test_an_error_tells_no_times_by_itself(whatsapp):
    whatsapp.fault("error", code=80007)
    headers = whatsapp.send(reminder()).headers
    assert not {"Retry-After", "X-Business-Use-Case-Usage"} & headers.keys()


def test_a_counted_fault_goes_away(whatsapp):
    whatsapp.fault("error", count=2)
    codes = [whatsapp.send(reminder()).status_code for _ in range(3)]
    assert codes == [500, 500, 200]
    assert whatsapp.control("GET", "faults") == []


def test_an_uncounted_fault_stays_until_it_is_removed(whatsapp):
    whatsapp.fault("error")
    assert {whatsapp.send(reminder()).status_code for _ in range(3)} == {500}
    assert whatsapp.control("DELETE", "faults") == {"removed": 1}
    whatsapp.reminder()


def test_a_fault_may_concern_one_recipient(whatsapp):
    whatsapp.fault("error", to="+905321110002")
    whatsapp.reminder()
    assert whatsapp.send(reminder("+905321110002")).status_code == 500


def test_a_fault_may_concern_one_number(whatsapp):
    whatsapp.fault("error", phone_number_id=OTHER_NUMBER)
    whatsapp.reminder()
    assert whatsapp.send(reminder(), OTHER_NUMBER).status_code == 500


def test_a_fault_may_strike_by_chance_the_same_way_each_time(whatsapp):
    whatsapp.switch(pair_limit=False, throughput_limit=False)
    whatsapp.fault("error", probability=0.5)

    def struck() -> list[int]:
        whatsapp.switch(seed=7)
        return [whatsapp.send(reminder()).status_code for _ in range(20)]

    first = struck()
    assert set(first) == {200, 500}
    assert struck() == first


def test_a_plain_500_has_no_whatsapp_error_in_it(whatsapp):
    whatsapp.fault("http_500")
    answer = whatsapp.send(reminder())
    assert answer.status_code == 500
    assert answer.text.startswith("<html>")
    assert whatsapp.messages() == []


def test_latency_delays_the_answer(whatsapp):
    whatsapp.fault("latency", seconds=0.2)
    start = time.monotonic()
    whatsapp.reminder()
    assert time.monotonic() - start >= 0.2


def test_the_latency_switch_delays_all_answers(whatsapp):
    whatsapp.switch(latency_ms=100)
    start = time.monotonic()
    whatsapp.reminder()
    assert time.monotonic() - start >= 0.1


def test_a_reset_comes_before_acceptance(whatsapp, receiver):
    whatsapp.fault("reset")
    with pytest.raises(requests.ConnectionError):
        whatsapp.send(reminder())
    assert whatsapp.messages() == []


def test_a_reset_after_acceptance_lets_the_statuses_flow(whatsapp, receiver):
    whatsapp.fault("reset_after_accept")
    with pytest.raises(requests.ConnectionError):
        whatsapp.send(reminder(biz_opaque_callback_data="row 1"))
    assert [one["biz_opaque_callback_data"] for one in whatsapp.messages()] == ["row 1"]
    receiver.wait_for_statuses("sent", "delivered")


@pytest.mark.parametrize(("kind", "count"), [("hang", 0), ("hang_after_accept", 1)])
def test_a_hang_says_nothing(whatsapp, kind, count):
    whatsapp.fault(kind)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{whatsapp.url}/v26.0/{NUMBER}/messages",
            json=reminder(),
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=0.3,
        )
    assert len(whatsapp.messages()) == count


def test_a_hang_with_an_end_closes_the_connection(whatsapp):
    whatsapp.fault("hang", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        whatsapp.send(reminder())


def test_a_truncated_answer_belongs_to_an_accepted_message(whatsapp):
    whatsapp.fault("truncate_after_accept")
    with pytest.raises(requests.RequestException):
        whatsapp.send(reminder())
    assert len(whatsapp.messages()) == 1


def test_a_500_can_hide_an_accepted_message(whatsapp):
    whatsapp.fault("http_500_after_accept", http_status=502)
    assert whatsapp.send(reminder()).status_code == 502
    assert len(whatsapp.messages()) == 1


def test_a_failure_by_webhook_can_be_ordered(whatsapp, receiver):
    whatsapp.fault("failed_status", code=131049)
    whatsapp.reminder()
    failed = receiver.wait_for_statuses("failed")["failed"]
    assert failed["errors"][0]["code"] == 131049


def test_rejections_are_counted_by_code(whatsapp):
    whatsapp.fault("error", code=131000, count=1)
    whatsapp.send(reminder())
    whatsapp.reminder()
    stats = whatsapp.control("GET", "stats")
    assert (stats["requests"], stats["accepted"], stats["rejected"]) == (2, 1, 1)
    assert stats["rejected_by_code"] == {"131000": 1}


def test_an_unknown_kind_of_fault_is_refused(whatsapp):
    with pytest.raises(requests.HTTPError, match="422"):
        whatsapp.fault("explode")


def test_a_fault_strikes_the_calls_of_its_edge_only(whatsapp):
    whatsapp.fault("error", edge="message_templates", code=2)
    path = f"/v26.0/{BUSINESS}"
    assert error(whatsapp.graph("GET", f"{path}/message_templates"))["code"] == 2
    assert whatsapp.graph("GET", f"{path}/phone_numbers").status_code == 200
    whatsapp.reminder()


def test_an_upload_may_be_taken_without_an_answer(whatsapp):
    whatsapp.fault("reset_after_accept", edge="media", count=1)
    with pytest.raises(requests.ConnectionError):
        whatsapp.upload(b"x", "image/png")
    assert whatsapp.upload(b"x", "image/png")


def test_a_fault_may_strike_an_object_itself(whatsapp):
    whatsapp.fault("http_500", edge="", phone_number_id=NUMBER)
    assert whatsapp.graph("GET", f"/v26.0/{NUMBER}").status_code == 500
    assert whatsapp.graph("GET", f"/v26.0/{BUSINESS}").status_code == 200
