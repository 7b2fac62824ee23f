"""Signed webhooks to the receiver, retried until it answers 200.

Events wait in a queue that ``WORKERS`` tasks empty, so that a slow receiver holds up
that many requests and no more. Meta promises at-least-once delivery in no particular
order; the switches make repetition and disorder frequent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from . import events
from .account import App
from .switches import Switches

WORKERS = 16
TIMEOUT = aiohttp.ClientTimeout(total=10)
LONGEST_DELAY_SECONDS = 3600.0
GIVE_UP_SECONDS = 7 * 24 * 3600.0
DISORDER_SECONDS = 0.2
HISTORY = 10_000


class WebhookRefused(Exception):
    """The webhook url is not acceptable, or its verification failed."""


@dataclass(slots=True, eq=False)
class Event:
    """One change on its way; ``waited`` sums the unscaled delays between attempts."""

    id: int
    business_id: str
    change: dict[str, Any]
    on_delivered: Callable[[], None] | None = None
    attempts: int = 0
    waited: float = 0.0
    done: bool = False


@dataclass(slots=True)
class Attempt:
    event_id: int
    status_code: int | None
    attempts: int
    duration_ms: float
    body: str


def encode(changes: list[tuple[str, dict[str, Any]]], escaped: bool) -> bytes:
    """The bytes Meta signs: ASCII, ``\\uXXXX`` in lower case, ``/`` as ``\\/``.

    ``escaped`` False gives plain UTF-8 instead.
    """
    content = events.envelope(changes)
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=escaped)
    return (text.replace("/", "\\/") if escaped else text).encode()


def signature(secret: str, body: bytes) -> str:
    """Value of ``X-Hub-Signature-256``: HMAC-SHA256 of the exact bytes."""
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def check_host(url: str) -> None:
    """Raise WebhookRefused unless ``url`` is http(s) on this machine's loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https"):
        raise WebhookRefused("the webhook url must be http or https")
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise WebhookRefused("only loopback hosts may receive webhooks")


def retry_delay(attempts: int) -> float:
    """Seconds before the next attempt: none after the first, then 4, 8, 16 ..."""
    if attempts == 1:
        return 0.0
    return min(2.0**attempts, LONGEST_DELAY_SECONDS)


class Webhooks:
    def __init__(
        self, switches: Callable[[], Switches], dice: random.Random, any_host: bool
    ) -> None:
        self.switches = switches
        self.dice = dice
        self.any_host = any_host
        self.url: str | None = None
        self.app: App | None = None
        self.ids = itertools.count(1)
        self.workers: list[asyncio.Task[None]] = []
        self.session: aiohttp.ClientSession | None = None
        self.forget()

    def forget(self) -> None:
        """Drop what waits, also what a worker or timer still holds."""
        self.queue: asyncio.Queue[Event] = asyncio.Queue()
        self.waiting: set[Event] = set()
        self.history: deque[Event] = deque(maxlen=HISTORY)
        self.attempts: deque[Attempt] = deque(maxlen=HISTORY)
        self.enabled = asyncio.Event()
        self.counts = {"queued": 0, "delivered": 0, "failed_attempts": 0, "given_up": 0}
        for worker in self.workers:
            worker.cancel()
        if self.session is not None:
            self.start()

    def start(self) -> None:
        """Start the workers; needs a running event loop."""
        if self.session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self.session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT)
        self.apply_switches()
        self.workers = [asyncio.create_task(self.work()) for _ in range(WORKERS)]

    async def stop(self) -> None:
        for worker in self.workers:
            worker.cancel()
        if self.session is not None:
            await self.session.close()

    def apply_switches(self) -> None:
        if self.switches().webhooks_enabled:
            self.enabled.set()
        else:
            self.enabled.clear()

    def set_url(self, url: str | None) -> None:
        """Raise WebhookRefused when the url's host is not allowed."""
        if url is not None and not self.any_host:
            check_host(url)
        self.url = url

    async def verify(self, url: str) -> None:
        """Meta's handshake; raises WebhookRefused unless the challenge comes back."""
        challenge = str(self.dice.randrange(10**9, 10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self.app.verify_token,
        }
        try:
            async with self.session.get(url, params=query) as answer:
                verified = answer.status == 200 and await answer.text() == challenge
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
            raise WebhookRefused("the webhook could not be reached") from error
        if not verified:
            raise WebhookRefused("the webhook did not answer with the challenge")

    def send(
        self,
        business_id: str,
        change: dict[str, Any],
        on_delivered: Callable[[], None] | None = None,
    ) -> None:
        """Queue a change; ``on_delivered`` is called at the receiver's first 200."""
        event = Event(next(self.ids), business_id, change, on_delivered)
        self.history.append(event)
        if self.url is not None:
            self.enqueue(event)

    def enqueue(self, event: Event) -> None:
        switches = self.switches()
        copies = 2 if self.dice.random() < switches.duplicate_webhooks else 1
        self.waiting.add(event)
        for _ in range(copies):
            self.counts["queued"] += 1
            delay = switches.webhook_delay_ms / 1000
            if switches.reorder_webhooks:
                delay += self.dice.random() * DISORDER_SECONDS
            self.queue_after(delay, event)

    def queue_after(self, delay: float, event: Event) -> None:
        if delay:
            asyncio.get_running_loop().call_later(delay, self.queue.put_nowait, event)
        else:
            self.queue.put_nowait(event)

    def replay(self, count: int | None, shuffle: bool) -> int:
        """Send the last ``count`` events (all if None) again; returns how many."""
        again = list(self.history)[-count if count else 0 :]
        if shuffle:
            self.dice.shuffle(again)
        for event in again:
            self.enqueue(Event(next(self.ids), event.business_id, event.change))
        return len(again)

    async def work(self) -> None:
        queue = self.queue
        while True:
            await self.enabled.wait()
            batch = [await queue.get()]
            await self.enabled.wait()
            while len(batch) < self.switches().webhook_batch_size and not queue.empty():
                batch.append(queue.get_nowait())
            await self.deliver(batch)

    async def deliver(self, batch: list[Event]) -> None:
        changes = [(event.business_id, event.change) for event in batch]
        body = encode(changes, self.switches().escaped_json)
        start = time.perf_counter()
        status_code = await self.post(body)
        duration_ms = (time.perf_counter() - start) * 1000
        text = body.decode()
        for event in batch:
            event.attempts += 1
            self.attempts.append(
                Attempt(event.id, status_code, event.attempts, duration_ms, text)
            )
            if status_code == 200:
                self.delivered(event)
            else:
                self.retry(event)

    async def post(self, body: bytes) -> int | None:
        """POST one signed body; returns the HTTP status, None without an answer."""
        if self.url is None:
            return None
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(self.app.secret, body),
        }
        try:
            async with self.session.post(
                self.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
            return None

    def delivered(self, event: Event) -> None:
        self.counts["delivered"] += 1
        self.waiting.discard(event)
        if event.on_delivered and not event.done:
            event.on_delivered()
        event.done = True

    def retry(self, event: Event) -> None:
        self.counts["failed_attempts"] += 1
        delay = retry_delay(event.attempts)
        event.waited += delay
        if event.waited > GIVE_UP_SECONDS:
            self.counts["given_up"] += 1
            self.waiting.discard(event)
            return
        self.queue_after(delay * self.switches().webhook_retry_scale, event)
