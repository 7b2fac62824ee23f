"""Pace limits with a clock of their own."""

from __future__ import annotations

from ..graph.pace import Pace

NOON = 1_800_000_000.0


def test_throughput_has_a_burst_of_one_second():
    pace = Pace()
    taken = [pace.take_throughput("number", 80, NOON) for _ in range(81)]
    assert taken == [True] * 80 + [False]


def test_throughput_comes_back_evenly():
    pace = Pace()
    for _ in range(80):
        pace.take_throughput("number", 80, NOON)
    assert not pace.take_throughput("number", 80, NOON + 0.01)
    assert pace.take_throughput("number", 80, NOON + 0.0126)
    assert not pace.take_throughput("number", 80, NOON + 0.0127)


def test_numbers_do_not_share_their_throughput():
    pace = Pace()
    assert pace.take_throughput("one", 1, NOON)
    assert pace.take_throughput("other", 1, NOON)
    assert not pace.take_throughput("one", 1, NOON)


def test_a_clock_set_back_does_not_block_for_long():
    pace = Pace()
    pace.take_throughput("number", 1, NOON)
    assert not pace.take_throughput("number", 1, NOON - 86400)
    assert pace.take_throughput("number", 1, NOON - 86400 + 1)
