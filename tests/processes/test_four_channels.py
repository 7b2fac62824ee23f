"""Two Odoo servers on one database send from four numbers of two portfolios."""

from collections import Counter

import pytest

from benchmarks.bench import ONE_DATABASE, Bench
from benchmarks.in_odoo import ACCOUNTS, NUMBERS

RATE = 40
PATIENTS = 480
TOO_FAST = 130429


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
    assert all("send messages" in log for log in logs)


def test_hardly_any_message_was_too_fast(clinic):
    """If WhatsApp stands still for a second, what waited comes at once."""
    rejected = clinic.phones.stats()["rejected_by_code"]
    assert rejected.keys() <= {str(TOO_FAST)}
    assert sum(rejected.values()) <= PATIENTS * 0.1


@pytest.mark.parametrize("number", NUMBERS)
def test_each_number_keeps_its_pace(clinic, number):
    """Each server has a bucket of its own: a quarter of a second's rate as burst.

    By the clock of who sends: what a busy machine delays arrives close together.
    """
    rows = clinic.database.sql(
        "SELECT extract(epoch FROM claimed_at)"
        " FROM whatsapp_clinic_message AS message JOIN whatsapp_clinic_channel"
        " AS channel ON channel.id = channel_id"
        " WHERE phone_number_id = %s AND claimed_at IS NOT NULL",
        number,
    )
    times = [float(at) for (at,) in rows]
    assert len(times) == PATIENTS // len(NUMBERS)
    most = max(sum(first <= one < first + 1 for one in times) for first in times)
    assert most <= RATE * 1.5
