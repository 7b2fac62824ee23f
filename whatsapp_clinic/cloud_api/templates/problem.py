"""What is wrong with a template."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Problem:
    """One rule that a part of a template breaks.

    ``part`` is ``name``, ``language``, ``category``, ``header``, ``body``, ``footer``,
    ``buttons``, ``button:<index from 0>``, ``ttl``, ``edit``, or the part with a
    variable's name after it, as in ``body:first_name``, for its example. ``text`` is
    the offending piece, "" where something is missing. ``is_advice`` marks what
    WhatsApp may accept nevertheless.
    """

    part: str
    text: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    is_advice: bool = False

    def tell(self, translate: Callable[[str], str] = str) -> str:
        """The rule in one sentence; ``translate`` gets the marked English text."""
        return translate(self.message) % self.values
