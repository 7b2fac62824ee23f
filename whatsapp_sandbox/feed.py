"""Server-sent events of everything that changes, for the phone in the browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

BACKLOG = 1000


class Feed:
    def __init__(self) -> None:
        self.subscribers: set[asyncio.Queue[str]] = set()

    def publish(self, kind: str, **data: Any) -> None:
        """Tell all subscribers; one that does not keep up is told to load again."""
        if not self.subscribers:
            return
        text = f"event: {kind}\ndata: {json.dumps(data)}\n\n"
        for queue in self.subscribers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait("event: reset\ndata: {}\n\n")
            else:
                queue.put_nowait(text)

    async def subscribe(self) -> AsyncIterator[str]:
        """Yield events in the wire format of server-sent events, for ever."""
        queue: asyncio.Queue[str] = asyncio.Queue(BACKLOG)
        self.subscribers.add(queue)
        try:
            yield ": connected\n\n"
            while True:
                yield await queue.get()
        finally:
            self.subscribers.discard(queue)
