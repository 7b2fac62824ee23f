"""Two trees are measured in turn, and told apart by how often one is worse."""

from workshop import databases, postgres
from workshop.history import RELEASED

from benchmarks import against, due_lookup_growth
from benchmarks.against import Comparison
from benchmarks.bench import Bench
from benchmarks.figures import Metric

RATE = Metric("rate", "1/s", goal=1)
TIME = Metric("time", "ms", goal=1, more_is_better=False)


def test_a_lower_rate_and_a_longer_time_are_worse():
    assert Comparison(RATE, ((50.0, 100.0),)).ratio == 2
    assert Comparison(TIME, ((100.0, 50.0),)).ratio == 2
    assert Comparison(RATE, ((100.0, 50.0),)).ratio == 0.5


def test_what_is_lost_in_neither_tree_is_no_worse():
    assert Comparison(TIME, ((0.0, 0.0),)).ratio == 1
    assert Comparison(TIME, ((1.0, 0.0),)).is_worse


def test_the_median_pair_decides_and_the_table_shows_its_interval():
    pairs = ((100.0, 100.0), (105.0, 100.0), (300.0, 100.0))
    found = Comparison(TIME, pairs)
    assert not found.is_worse
    row = against.table([found], RELEASED).splitlines()[-1]
    assert "1.05  1.00 … 3.00" in row and "WORSE" not in row
    assert against.records([found])["time"] == {
        "unit": "ms",
        "pairs": pairs,
        "times_worse": 1.05,
        "lowest": 1.0,
        "highest": 3.0,
    }


def test_a_metric_without_a_valid_pair_is_void():
    assert "void" in against.table([Comparison(TIME, ())], RELEASED)


def test_the_programs_of_this_tree_measure_the_released_addon():
    released = databases.install_released(postgres.start("test"))
    adapter = f"commit_{RELEASED}"
    bench = Bench(released, databases.RELEASED, quick=True, adapter=adapter)
    growth, *_others = due_lookup_growth.measure(bench)
    assert growth.value
