"""Two Odoo servers on one database send from four numbers of two portfolios."""

import re
from collections import Counter

import pytest

from benchmarks.bench import ONE_DATABASE, Bench
from benchmarks.in_odoo import ACCOUNTS, NUMBERS

RATE = 40
PATIENTS = 480


@pytest.fixture(scope="module")
def clinic(odoo, fresh_database):
    """A clinic that two servers have sent the messages of; both still run."""
    bench = Bench(odoo, fresh_database, quick=True)
    with bench.clinic(
        "four_channels", rate=RATE, patients=PATIENTS, rules=1, channels=len(NUMBERS)
    ) as clinic:
        with odoo.start(clinic.database.name, *ONE_DATABASE) as second:
            clinic.servers = (clinic.server, second)
            clinic.send_planned(clinic.made["rules"][0])
            clinic.wait_until_none(
                "whatsapp_clinic_message",
                "due_at <= now() AT TIME ZONE 'UTC' AND direction = 'out' "
                "AND state IN ('queued', 'held', 'sending', 'sent')",
            )
            clinic.accepted = clinic.phones.accepted()
        yield clinic


def test_each_message_arrives_once(clinic):
    times = Counter(one["biz_opaque_callback_data"] for one in clinic.accepted)
    assert set(times.values()) == {1}
    assert len(times) == PATIENTS


def test_every_number_sends_its_share(clinic):
    shares = Counter(one["phone_number_id"] for one in clinic.accepted)
    assert shares == dict.fromkeys(NUMBERS, PATIENTS // len(NUMBERS))
    assert len(set(ACCOUNTS)) == 2


def test_both_servers_sent(clinic):
    logs = [server.log.read_text(errors="replace") for server in clinic.servers]
    assert all(re.search(r"Channel \d+: [1-9]\d* messages posted", log) for log in logs)


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
