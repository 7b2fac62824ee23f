"""What is told about the figures: a table, a file, the machine they come from."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from workshop.odoo import Odoo

from .figures import Figure, Metric

CPUS = Path("/proc/cpuinfo")


def records(figures: Mapping[Metric, Figure]) -> dict[str, dict]:
    """By the metric's name: value, unit, peer, peer_value, ratio; None where void."""
    return {
        metric.name: {
            "value": rounded(figure.value),
            "unit": metric.unit,
            "peer": figure.peer,
            "peer_value": rounded(figure.peer_value),
            "ratio": rounded(figure.ratio),
        }
        for metric, figure in figures.items()
    }


def table(figures: Mapping[Metric, Figure]) -> str:
    """A row for each figure, and below it what there is to know about it."""
    lines = [f"{'metric':28}{'value':>10}  {'unit':12}{'goal':>8}  reached"]
    for metric, figure in figures.items():
        value = "void" if figure.value is None else f"{rounded(figure.value):g}"
        lines.append(
            f"{metric.name:28}{value:>10}  {metric.unit:12}{str(metric):>8}  "
            + _reached(metric, figure)
        )
        if figure.ratio:
            lines.append(
                f"    {figure.ratio:.1f} × {figure.peer} ({figure.peer_value:.2f})"
            )
        lines += [f"    {note}" for note in figure.notes]
    return "\n".join(lines)


def machine(odoo: Odoo) -> dict[str, str | int]:
    """What the figures depend on, besides the code."""
    return {
        "cores": os.cpu_count() or 0,
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": odoo.sql("postgres", "SHOW server_version"),
        "odoo": odoo.run("--version").splitlines()[-1],
    }


def _processor() -> str:
    lines = CPUS.read_text().splitlines() if CPUS.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _reached(metric: Metric, figure: Figure) -> str:
    if figure.value is None:
        return "—"
    return "yes" if metric.is_reached(figure.value) else "NO"


def rounded(value: float | None) -> float | None:
    """To four significant digits: the rest is noise."""
    return None if value is None else float(f"{value:.4g}")
