"""What is remembered of a number's way to WhatsApp: codes, guesses, calls."""

from __future__ import annotations

from dataclasses import dataclass, field

CALLS_SECONDS = 72 * 3600
CALLS_LIMIT = 10


@dataclass(slots=True)
class Registration:
    """``code`` is the one sent by text message or call and not used yet.

    ``calls`` has the times of register and deregister, by name.
    """

    code: str | None = None
    wrong_pins: int = 0
    calls: dict[str, list[float]] = field(default_factory=dict)

    def take(self, call: str, now: float) -> bool:
        """Whether the call may be made: 10 of each in 72 hours (Cloud API)."""
        recent = [
            moment
            for moment in self.calls.get(call, ())
            if now - moment < CALLS_SECONDS
        ]
        free = len(recent) < CALLS_LIMIT
        self.calls[call] = [*recent, now] if free else recent
        return free
