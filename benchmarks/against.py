"""The same programs on this tree and on another commit's, in turn on one machine.

Absolute figures of shared machines say little: what counts is how often a tree is as
fast as the other a minute earlier or later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from workshop import history, postgres
from workshop.odoo import Odoo
from workshop.shell import say

from . import report
from .bench import Bench, Tree, installed
from .figures import Figure, Metric
from .programs import PROGRAMS, measure

PAIRS = 5
# So many times worse a metric may be than at the other commit.
TOLERANCE = 1.1


@dataclass(frozen=True)
class Comparison:
    """Figures of pairs of runs: (this tree, the other one); void ones left out."""

    metric: Metric
    pairs: tuple[tuple[float, float], ...]

    @property
    def ratios(self) -> list[float]:
        """By how much this tree is worse, pair by pair: 2 is twice as slow."""
        return sorted(self._worse(mine, others) for mine, others in self.pairs)

    def _worse(self, mine: float, others: float) -> float:
        worse, better = (others, mine) if self.metric.more_is_better else (mine, others)
        if worse == better:
            return 1.0
        return worse / better if better else float("inf")

    @property
    def ratio(self) -> float | None:
        """The median; None without pairs."""
        return median(self.ratios) if self.pairs else None

    @property
    def is_worse(self) -> bool:
        return self.ratio is not None and self.ratio > TOLERANCE


def compare(
    metrics: set[Metric], commit: str, quick: bool, share: float, pairs: int = PAIRS
) -> list[Comparison]:
    """Measure the metrics on both trees, so many pairs in turn. Raises SetupError.

    `share` is that of the full sizes, as of messages to be sent.
    """
    benches = [
        _bench(Tree(), "bench", quick, share),
        _bench(_tree_of(commit), "bench-against", quick, share),
    ]
    found = []
    for program in PROGRAMS:
        asked = [metric for metric in program.METRICS if metric in metrics]
        if asked:
            say(f"· {program.__name__.rpartition('.')[2]} …")
            found += _compare(program, asked, benches, 1 if quick else pairs)
    return found


def _tree_of(commit: str) -> Tree:
    """The addon of a commit; its adapter is the one with the commit's name."""
    folder = history.addon_of(commit)
    return Tree(f"commit_{folder.name[:7]}", folder)


def _bench(tree: Tree, name: str, quick: bool, share: float) -> Bench:
    odoo = Odoo(name, postgres.start("demo"), tree.folder)
    template = installed(odoo, tree)
    return Bench(odoo, template, quick, 1, tree.name, has_peers=False, share=share)


def _compare(
    program, metrics: Iterable[Metric], benches: list[Bench], pairs: int
) -> list[Comparison]:
    """Who goes first changes with every pair, as a machine warms up or tires."""
    runs: list[list[Mapping[Metric, Figure]]] = []
    for pair in range(pairs):
        order = benches if pair % 2 == 0 else benches[::-1]
        figures = {bench.adapter: measure(program, bench) for bench in order}
        runs.append([figures[bench.adapter] for bench in benches])
        for metric in metrics:
            _tell(metric, *(run[metric] for run in runs[-1]))
    return [
        Comparison(
            metric,
            tuple(
                (mine[metric].value, others[metric].value)
                for mine, others in runs
                if None not in (mine[metric].value, others[metric].value)
            ),
        )
        for metric in metrics
    ]


def _tell(metric: Metric, mine: Figure, others: Figure) -> None:
    """Two figures as soon as they are measured, and why one of them is void."""
    values = (report.rounded(one.value) for one in (mine, others))
    say(f"    {metric.name}: {' and '.join(map(str, values))}")
    for figure in (mine, others):
        for note in figure.notes if figure.value is None else ():
            say(f"    {note}")


def records(found: list[Comparison]) -> dict[str, dict]:
    """By the metric's name: pairs, how often this tree is worse, lowest, highest."""
    return {
        one.metric.name: {
            "unit": one.metric.unit,
            "pairs": one.pairs,
            "times_worse": report.rounded(one.ratio),
            "lowest": report.rounded(min(one.ratios, default=None)),
            "highest": report.rounded(max(one.ratios, default=None)),
        }
        for one in found
    }


def table(found: list[Comparison], commit: str) -> str:
    """A row for each metric; below 1 this tree is better.

    Lowest and highest of five pairs hold the true median 15 times in 16.
    """
    lines = [
        f"{'metric':30}{'here':>10}{commit:>12}  {'unit':12}"
        f"{'times worse':>12}  from … to"
    ]
    for one in found:
        if not one.pairs:
            lines.append(f"{one.metric.name:30}{'void':>10}")
            continue
        here, there = (median(values) for values in zip(*one.pairs, strict=True))
        lines.append(
            f"{one.metric.name:30}{here:>10.4g}{there:>12.4g}  {one.metric.unit:12}"
            f"{one.ratio:>12.2f}  {one.ratios[0]:.2f} … {one.ratios[-1]:.2f}"
            + ("  WORSE" if one.is_worse else "")
        )
    return "\n".join(lines)
