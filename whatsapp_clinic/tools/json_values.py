"""Values of JSON that may be anything."""

from collections.abc import Iterator
from typing import Any

# What is nested deeper is told as "…".
_DEPTH = 16


def leaves(value: Any, path: tuple = (), depth: int = _DEPTH) -> Iterator[tuple]:
    """Yield all that JSON tells, in its order: (names that lead there, scalars).

    Scalars that stand together in a list are told together; null is left out.
    """
    if not depth:
        yield path, ["…"]
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*path, str(name)), depth - 1)
    else:
        several = value if isinstance(value, list) else [value]
        scalars = [one for one in several if not isinstance(one, dict | list | None)]
        if scalars:
            yield path, scalars
        for one in several:
            if isinstance(one, dict | list):
                yield from leaves(one, path, depth - 1)
