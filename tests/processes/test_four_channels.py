"""Two Odoo servers on one database send from four numbers of two portfolios."""

import re
from collections import Counter

import pytest
from workshop.clinic import wait_until

from benchmarks.bench import ONE_DATABASE, Bench
from benchmarks.in_odoo import ACCOUNTS, NUMBERS

RATE = 40
PATIENTS = 480
ROUNDS = 4


@pytest.fixture(scope="module")
def clinic(odoo, fresh_database):
    """A clinic that two servers have sent the messages of; both still run."""
    bench = Bench(odoo, fresh_database, quick=True)
    with bench.clinic(
        "four_channels",
        rate=RATE,
        patients=PATIENTS,
        rules=ROUNDS,
        channels=len(NUMBERS),
    ) as clinic:
        with odoo.start(clinic.database.name, *ONE_DATABASE) as second:
            clinic.servers = servers = (clinic.server, second)
            clinic.sent = 0
            # A server that starts does not hear of the first ones: then there are more.
            for rule_ids in clinic.made["rules"]:
                _send(clinic, rule_ids)
                if all(map(_has_posted, servers)):
                    break
            # A lane says what it posted when its channel is done.
            wait_until(lambda: all(map(_has_posted, servers)), 60, "both posted")
            clinic.accepted = clinic.phones.accepted()
        yield clinic


def _send(clinic, rule_ids) -> None:
    """Send what a rule has planned, and wait until all of it has arrived."""
    clinic.send_planned(rule_ids)
    clinic.wait_until_none(
        "whatsapp_clinic_message",
        "due_at <= now() AT TIME ZONE 'UTC' AND direction = 'out' "
        "AND state IN ('queued', 'held', 'sending', 'sent')",
    )
    clinic.sent += PATIENTS


def _has_posted(server) -> bool:
    said = re.search(r"Channel \d+: [1-9]\d* messages posted", server.log.read_text())
    return bool(said)


def test_each_message_arrives_once(clinic):
    times = Counter(one["biz_opaque_callback_data"] for one in clinic.accepted)
    assert set(times.values()) == {1}
    assert len(times) == clinic.sent


def test_every_number_sends_its_share(clinic):
    shares = Counter(one["phone_number_id"] for one in clinic.accepted)
    assert shares == dict.fromkeys(NUMBERS, clinic.sent // len(NUMBERS))
    assert len(set(ACCOUNTS)) == 2


def test_both_servers_sent(clinic):
    assert all(map(_has_posted, clinic.servers))


def test_no_number_was_too_fast(clinic):
    assert clinic.phones.stats()["rejected_by_code"] == {}


@pytest.mark.parametrize("number", NUMBERS)
def test_each_number_keeps_its_pace(clinic, number):
    """Each server has a bucket of its own: a quarter of a second's rate as burst."""
    times = [
        one["timestamp"] for one in clinic.accepted if one["phone_number_id"] == number
    ]
    most = max(sum(first <= one < first + 1 for one in times) for first in times)
    assert most <= RATE * 1.5
