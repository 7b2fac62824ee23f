"""PostgreSQL is restarted while the outbox is drained: Odoo goes on by itself.

In a cluster of the test's own, which keeps what was committed as one in production
does. With workers Odoo itself ends when it finds no PostgreSQL, so it runs as a service
that is started again; without, only its scheduler's threads would end.
"""

import os
from collections import Counter

import pytest
from workshop import postgres
from workshop.odoo import Odoo
from workshop.shell import run

from benchmarks.bench import Bench
from benchmarks.outbox import wait_for_accepted

NAME = "restarted"
MESSAGES = 240
RATE = 80
SERVERS = {"threads": (), "workers": ("--workers", "2", "--max-cron-threads", "2")}
# Seconds. Nothing is sent twice on purpose, so that whatever comes twice is a fault.
PARAMETERS = {"lease_seconds": "2", "settling_seconds": "3600"}
WAITING = (
    "direction = 'out' AND due_at <= now() AT TIME ZONE 'UTC' "
    "AND state IN ('queued', 'held', 'sending', 'sent')"
)


@pytest.fixture(scope="module")
def cluster():
    if postgres.log_file("test") is None:
        pytest.skip("a server of the user's own is not restarted")
    cluster = postgres.Cluster(NAME)
    cluster.settings = postgres.COMMON
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def bench(cluster, odoo, fresh_database, tmp_path_factory):
    """Where to measure: the fresh database, copied into the cluster."""
    dump = tmp_path_factory.mktemp("dump") / "database"
    own = Odoo(f"test-{NAME}", cluster.start())
    run("pg_dump", "-Fc", "-f", dump, fresh_database, env=_reach(odoo))
    own.sql("postgres", f'CREATE DATABASE "{fresh_database}"')
    run("pg_restore", "--no-owner", "-d", fresh_database, dump, env=_reach(own))
    return Bench(own, fresh_database, quick=True)


def _reach(odoo: Odoo) -> dict[str, str]:
    return {**os.environ, **odoo.server.environment}


@pytest.fixture(scope="module", params=SERVERS.values(), ids=SERVERS.keys())
def drained(request, bench, cluster):
    """A clinic that has sent everything although PostgreSQL was restarted twice."""
    with bench.clinic(
        NAME,
        *request.param,
        rate=RATE,
        patients=MESSAGES,
        rules=1,
        parameters=PARAMETERS,
    ) as clinic:
        clinic.phones.switch(webhook_retry_scale=0.0005)
        clinic.send_planned(clinic.made["rules"][0])
        for share, manner in ((0.25, "immediate"), (0.5, "fast")):
            wait_for_accepted(clinic, int(share * MESSAGES), 120)
            cluster.restart(manner)
            _start_if_ended(clinic)
        clinic.wait_until_none(
            "whatsapp_clinic_message",
            WAITING,
            180,
            meanwhile=lambda: _start_if_ended(clinic),
        )
        yield clinic


def _start_if_ended(clinic) -> None:
    """What a service manager does.

    Odoo's scheduler would look for work a minute after its start, if nothing woke it.
    """
    if clinic.server.process.poll() is not None:
        clinic.server.start()
        clinic.settle()


def test_drain_goes_on_and_loses_nothing(drained):
    waiting = drained.count("whatsapp_clinic_message", WAITING)
    assert waiting == 0


def test_no_message_arrives_twice(drained):
    arrived = Counter(
        one["biz_opaque_callback_data"].rpartition(".")[0]
        for one in drained.phones.accepted()
    )
    assert [key for key, times in arrived.items() if times > 1] == []


def test_what_arrived_is_known_to_have_arrived(drained):
    """What was claimed and not posted when PostgreSQL went is unknown, and visible."""
    arrived = {
        one["biz_opaque_callback_data"].rpartition(".")[0]
        for one in drained.phones.accepted()
    }
    states = drained.database.sql(
        "SELECT key, state FROM whatsapp_clinic_message WHERE rule_id = ANY(%s)",
        drained.made["rules"][0],
    )
    assert len(states) == MESSAGES
    for key, state in states:
        assert state == ("delivered" if key in arrived else "unknown")
