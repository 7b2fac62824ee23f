"""All programs, and running one of them."""

import traceback
from types import ModuleType

from . import (
    chaos,
    due_lookup_growth,
    gate_batch,
    inbound_text_rate,
    outbox_cpu,
    outbox_memory,
    outbox_rate_2_processes,
    outbox_rate_at_80,
    outbox_rate_at_1000,
    outbox_rate_unrestricted,
    reply_to_whatsapp,
    status_rate,
    stop_under_flood,
    tap_to_state,
    webhook_latency_at_200,
    webhook_rate_1_process,
    webhook_rate_2_workers,
    worst_text,
)
from .bench import Bench
from .figures import Figure, Metric, Void

# Each has METRICS and `measure(bench)`, which returns a figure for each of them.
PROGRAMS = (
    outbox_rate_at_80,
    outbox_rate_at_1000,
    outbox_rate_unrestricted,
    outbox_rate_2_processes,
    outbox_cpu,
    outbox_memory,
    webhook_latency_at_200,
    webhook_rate_1_process,
    webhook_rate_2_workers,
    status_rate,
    inbound_text_rate,
    tap_to_state,
    reply_to_whatsapp,
    due_lookup_growth,
    gate_batch,
    worst_text,
    stop_under_flood,
    chaos,
)


def measure(program: ModuleType, bench: Bench) -> dict[Metric, Figure]:
    """The figures of a program; void if it failed, so that the others still run."""
    try:
        figures = program.measure(bench)
    except Void as reason:
        figures = _void(program, str(reason))
    except Exception as error:
        traceback.print_exc()
        figures = _void(program, f"the program failed with {type(error).__name__}")
    return dict(zip(program.METRICS, figures, strict=True))


def _void(program: ModuleType, reason: str) -> list[Figure]:
    return [Figure(None, notes=(f"void: {reason}",)) for _ in program.METRICS]
