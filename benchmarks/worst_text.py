"""The longest time that one function takes for a text that anybody may send.

Every function of the addon that gets patients' texts (`tests/long_texts.py` lists them,
and a test finds those that are missing there), each with 65,536 characters of letters,
marks, line breaks, emoji, combining and right-to-left characters and so on.
"""

from .bench import Bench
from .figures import Figure, Metric

METRICS = (Metric("worst_text_ms", "ms", goal=50, more_is_better=False),)


def measure(bench: Bench) -> list[Figure]:
    length = bench.size(65_536, 4_096)
    with bench.database("worst_text") as database:
        seconds = database.call("time_long_texts", length=length)
    worst = sorted(seconds, key=seconds.get, reverse=True)
    notes = tuple(f"{name}: {1000 * seconds[name]:.1f} ms" for name in worst[:3])
    return [Figure(1000 * seconds[worst[0]], notes=notes)]
