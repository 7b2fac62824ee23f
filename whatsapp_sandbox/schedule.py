"""What happens later by the sandbox's clock, whoever moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from .clock import Clock


class Schedule:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waiting: list[tuple[float, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.timer: asyncio.TimerHandle | None = None

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do ``act`` ``seconds`` from now; at once if that is no time at all."""
        if seconds <= 0:
            act()
            return
        due = self.clock.now() + seconds
        heapq.heappush(self.waiting, (due, next(self.order), act))
        self.rearm()

    def wake(self) -> None:
        """Do what is due; to be called after the clock was moved."""
        while self.waiting and self.waiting[0][0] <= self.clock.now():
            _due, _order, act = heapq.heappop(self.waiting)
            act()
        self.rearm()

    def rearm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.waiting:
            seconds = max(self.waiting[0][0] - self.clock.now(), 0.0)
            self.timer = asyncio.get_running_loop().call_later(seconds, self.wake)

    def forget(self) -> None:
        self.waiting.clear()
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
