"""Run the programs; see `benchmarks/run`."""

import argparse
import fcntl
import json
import os

from workshop import paths, postgres
from workshop.odoo import Odoo
from workshop.shell import SetupError, main, say

from . import against, report
from .bench import Bench, installed
from .figures import Figure, Metric
from .programs import PROGRAMS, measure

FIGURES = "bench.json"
MACHINE = "bench-machine.json"
COMPARED = "bench-against.json"


def run() -> int:
    """Measure what was asked for; 1 if a figure is void, or too much worse."""
    options = _options()
    wanted = _wanted(options.only)
    paths.BUILD.mkdir(exist_ok=True)
    _lock()
    if options.against:
        return _compare(wanted, options)
    return _measure(wanted, bool(options.quick))


def _compare(wanted: set[Metric], options: argparse.Namespace) -> int:
    found = against.compare(
        wanted, options.against, bool(options.quick), options.share, options.pairs
    )
    _write(COMPARED, against.records(found))
    say(f"\n{against.table(found, options.against)}")
    return int(any(one.is_worse or not one.pairs for one in found))


def _measure(wanted: set[Metric], quick: bool) -> int:
    odoo = Odoo("bench", postgres.start("demo"))
    _write(MACHINE, report.machine(odoo))
    bench = Bench(odoo, installed(odoo), quick)
    figures: dict[Metric, Figure] = {}
    for program in PROGRAMS:
        if wanted.intersection(program.METRICS):
            say(f"· {program.__name__.rpartition('.')[2]} …")
            figures |= measure(program, bench)
    figures = {metric: figures[metric] for metric in figures if metric in wanted}
    _write(FIGURES, report.records(figures))
    say(f"\n{report.table(figures)}")
    return int(any(figure.value is None for figure in figures.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run", allow_abbrev=False)
    parser.add_argument(
        "--only", default=os.environ.get("ONLY", ""), help="names, with commas between"
    )
    parser.add_argument(
        "--quick", action="store_true", default=os.environ.get("QUICK"), help="try out"
    )
    parser.add_argument(
        "--against",
        default=os.environ.get("AGAINST", ""),
        help="a commit to measure in turn with this tree",
    )
    parser.add_argument(
        "--pairs",
        type=int,
        default=os.environ.get("PAIRS", against.PAIRS),
        help="so many measurements of each tree",
    )
    parser.add_argument(
        "--share",
        type=float,
        default=os.environ.get("SHARE", 1),
        help="the share of the full sizes that is measured of both trees",
    )
    return parser.parse_args()


def _wanted(only: str) -> set[Metric]:
    """The metrics of these names, all if there are none. Raises SetupError."""
    known = {metric.name: metric for one in PROGRAMS for metric in one.METRICS}
    names = [name.strip() for name in only.split(",") if name.strip()] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SetupError(
            f"No such metric: {', '.join(unknown)}\nThere are: {', '.join(known)}"
        )
    return {known[name] for name in names}


def _lock() -> None:
    """Two runs would disturb each other. The lock ends with this process."""
    folder = os.open(paths.BUILD, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SetupError("Another benchmark is running.") from error


def _write(name: str, content: dict) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (paths.BUILD / name).write_text(text + "\n", encoding="utf-8")


main(run)
