"""Two Odoo servers on one database share the work of three channels."""

import re
from collections import Counter
from itertools import chain

import pytest
from workshop.clinic import wait_until

RATE = 40
MESSAGES = 200
ROUNDS = 6
PLACES = (0, 1, 2)


@pytest.fixture(scope="module")
def clinic(make_clinic):
    """Three channels whose messages two servers have sent."""
    clinic = make_clinic("two_servers", rate=RATE)
    clinic.sandbox.switch(latency_ms=50)
    servers = [clinic.start(), clinic.start()]
    clinic.sent = 0
    # A server that starts does not hear of the first messages: then there are more.
    for number in range(ROUNDS):
        _send(clinic, first=number * MESSAGES % (2 * MESSAGES))
        if all(map(_posted, servers)):
            break
    # A lane says what it posted when its channel is done.
    wait_until(lambda: all(map(_posted, servers)), 60, "both servers posted")
    clinic.log = clinic.odoo_log()
    clinic.posted = sum(map(_posted, servers))
    for server in servers:
        server.stop()
    return clinic


def _send(clinic, first: int) -> None:
    """Messages for every channel, and wait until they have left."""
    for place in PLACES:
        clinic.enqueue(place, MESSAGES, first)
    for place in PLACES:
        clinic.wait_for_states(place, {"sent", "delivered", "read"}, 180)
    clinic.sent += len(PLACES) * MESSAGES


def _posted(server) -> int:
    """How many messages a server says it has posted."""
    said = re.findall(r"Channel \d+: (\d+) messages posted", server.log.read_text())
    return sum(map(int, said))


def _most_within_a_second(times: list[float]) -> int:
    return max(sum(first <= one < first + 1 for one in times) for first in times)


def test_both_servers_sent(clinic):
    assert 0 < clinic.posted <= clinic.sent


def test_dispatcher_and_event_processor_do_not_deadlock(clinic):
    # With the traceback that follows.
    failed = re.findall(r"server action #\d+ failed\n(?:(?!\d{4}-).*\n)*", clinic.log)
    assert failed == []
    assert "deadlock" not in clinic.postgres_log()


def test_no_message_arrives_twice_from_two_servers(clinic):
    accepted = chain.from_iterable(map(clinic.accepted, PLACES))
    times = Counter(one["biz_opaque_callback_data"] for one in accepted)
    assert set(times.values()) == {1}
    assert len(times) == clinic.sent


@pytest.mark.parametrize("place", PLACES)
def test_channel_keeps_its_pace_whichever_server_serves_it(clinic, place):
    """Each server has a bucket of its own: a quarter of a second's rate as burst."""
    times = [message["timestamp"] for message in clinic.accepted(place)]
    assert _most_within_a_second(times) <= RATE * 1.25 + RATE * 0.25


def test_whatsapp_never_finds_a_channel_too_fast(clinic):
    assert clinic.sandbox.stats()["rejected_by_code"] == {}
