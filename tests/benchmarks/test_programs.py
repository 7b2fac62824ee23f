"""Each program of `make bench` runs and yields its figures, on tiny sizes."""

import os

import pytest
from workshop import postgres
from workshop.odoo import Odoo

from benchmarks import report
from benchmarks.bench import Bench, installed
from benchmarks.figures import Figure, Metric
from benchmarks.programs import PROGRAMS, measure

SHAPE = {"value", "unit", "peer", "peer_value", "ratio"}
PEERS = {
    "gate_batch_ms_per_message": "sms composer",
    "outbox_rate_at_1000": "sms_twilio",
}
NAMES = {
    "outbox_rate_at_80",
    "outbox_rate_at_1000",
    "outbox_rate_unrestricted",
    "outbox_rate_2_processes",
    "outbox_cpu_ms_per_message",
    "outbox_memory_growth_1k_100k",
    "webhook_p50_ms_at_200",
    "webhook_p99_ms_at_200",
    "webhook_rate_1_process",
    "webhook_rate_2_workers",
    "status_rate",
    "inbound_text_rate",
    "inbound_cpu_ms_per_text",
    "tap_to_state_p95_ms",
    "reply_to_whatsapp_p95_ms",
    "due_lookup_growth_1k_1m",
    "gate_batch_ms_per_message",
    "gate_batch_growth_1k_100k",
    "worst_text_ms",
    "stop_latency_under_flood_s",
    "pages_under_flood",
    "chaos_lost",
    "chaos_duplicated",
}


@pytest.fixture(scope="module")
def bench():
    odoo = Odoo("test", postgres.start("test"))
    template = os.environ.get("WHATSAPP_CLINIC_TEST_DATABASE") or installed(odoo)
    return Bench(odoo, template, quick=True)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.__name__)
def test_program_measures_its_metrics(bench, program):
    figures = measure(program, bench)
    values = [figure.value for figure in figures.values()]
    assert None not in values, report.table(figures)
    for name, record in report.records(figures).items():
        assert record.keys() == SHAPE
        assert record["peer"] == PEERS.get(name)
        assert (record["ratio"] is None) == (record["peer"] is None)


def test_names_of_the_metrics_stay():
    assert {metric.name for one in PROGRAMS for metric in one.METRICS} == NAMES


def test_a_void_figure_has_no_value_and_no_ratio():
    figures = {Metric("rate", "1/s", goal=1): Figure(None, "peer", 2.0, ("void: x",))}
    assert report.records(figures)["rate"] == {
        "value": None,
        "unit": "1/s",
        "peer": "peer",
        "peer_value": 2.0,
        "ratio": None,
    }
    assert "void: x" in report.table(figures)
