"""What a server spends of the processor."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .bench import Clinic

_TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat behind the name (proc(5)): in the program, in the kernel.
_USED = slice(11, 13)


class Spent:
    """CPU seconds, of all threads of a process; set when the block has ended."""

    seconds = 0.0


@contextlib.contextmanager
def spent(clinic: Clinic) -> Iterator[Spent]:
    """What the clinic's server, a single process, spends during a block."""
    found, before = Spent(), _seconds(clinic)
    yield found
    found.seconds = _seconds(clinic) - before


def _seconds(clinic: Clinic) -> float:
    told = Path(f"/proc/{clinic.server.process.pid}/stat").read_text(encoding="ascii")
    fields = told.rpartition(")")[2].split()
    return sum(map(int, fields[_USED])) / _TICKS
