"""Small editions of what `make bench` does at large: nothing lost, nothing doubled."""

import pytest

from benchmarks import chaos_outbox, chaos_webhooks
from benchmarks.bench import Bench

MESSAGES, KILLS = 200, 2
STEP_TIMEOUT = 180
EVENTS = 500


@pytest.fixture(scope="module")
def bench(odoo, fresh_database):
    return Bench(odoo, fresh_database, quick=True)


def test_outbox_survives_faults_and_kills(bench):
    damage = chaos_outbox.run(bench, MESSAGES, KILLS, STEP_TIMEOUT)
    assert (damage.lost, damage.duplicated) == (0, 0), damage
    assert damage.met["faults"] > MESSAGES * chaos_outbox.FAULT_SHARE / 2
    assert damage.met["unknown"] > 0


def test_shuffled_doubled_and_forged_webhooks_end_as_orderly_ones_do(bench):
    damage = chaos_webhooks.run(bench, EVENTS)
    assert (damage.lost, damage.duplicated) == (0, 0), damage
    assert damage.met["message"] > EVENTS / 2
