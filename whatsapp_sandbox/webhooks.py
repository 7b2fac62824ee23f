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
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from .account import App
from .switches import Switches

PARALLEL = 16
LARGEST_BODY = 3_000_000
WRAPPING = 128
ESCAPING = json.JSONEncoder(separators=(",", ":"))
PLAIN = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
TIMEOUT = aiohttp.ClientTimeout(total=10)
LONGEST_DELAY_SECONDS = 3600.0
HOUR_SECONDS = 3600.0
DISORDER_SECONDS = 0.2
HISTORY = 10_000


class WebhookRefused(Exception):
    """The webhook url is not acceptable, or its verification failed."""


@dataclass(slots=True, eq=False)
class Event:
    """One change on its way; ``entry`` is all of its entry but the changes, as JSON.

    ``body`` is the change as JSON, ``waited`` sums the unscaled delays of its attempts.
    """

    id: int
    app: App
    entry: bytes
    change: dict[str, Any]
    on_delivered: Callable[[], None] | None = None
    body: bytes = b""
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


def encode(content: Any, escaped: bool) -> bytes:
    """JSON as Meta signs it: ASCII, ``\\uXXXX`` in lower case, ``/`` as ``\\/``.

    ``escaped`` False gives plain UTF-8 instead.
    """
    if escaped:
        return ESCAPING.encode(content).replace("/", "\\/").encode()
    return PLAIN.encode(content).encode()


def entry(business_id: str, time: int | None = None) -> bytes:
    """The members of an entry beside its changes; ``time`` (s) is on account events."""
    members = b'"id":"%b"' % business_id.encode()
    return members if time is None else b'%b,"time":%d' % (members, time)


def envelope(changes: list[tuple[bytes, bytes]]) -> bytes:
    """The body of a webhook from (entry, change) pairs; equal entries become one."""
    entries: dict[bytes, list[bytes]] = {}
    for members, change in changes:
        entries.setdefault(members, []).append(change)
    parts = (
        b'{%b,"changes":[%b]}' % (members, b",".join(part))
        for members, part in entries.items()
    )
    head = b'{"object":"whatsapp_business_account","entry":['
    return b"%b%b]}" % (head, b",".join(parts))


def signature(secret: str, body: bytes) -> str:
    """Value of ``X-Hub-Signature-256``: HMAC-SHA256 of the exact bytes."""
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def check_host(url: str) -> None:
    """Raise WebhookRefused unless ``url`` is http(s) on this machine's loopback."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise WebhookRefused("the webhook url must be http or https")
    if not is_loopback(url):
        raise WebhookRefused("only loopback hosts may receive webhooks")


def is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


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
        self.ids = itertools.count(1)
        self.tasks: set[asyncio.Task[None]] = set()
        self.session: aiohttp.ClientSession | None = None
        self.forget()

    def forget(self) -> None:
        """Drop what waits, also what a task or timer still holds."""
        self.queue: asyncio.Queue[Event] = asyncio.Queue()
        self.waiting: set[Event] = set()
        self.history: deque[Event] = deque(maxlen=HISTORY)
        self.attempts: deque[Attempt] = deque(maxlen=HISTORY)
        self.enabled = asyncio.Event()
        self.counts = {"queued": 0, "delivered": 0, "failed_attempts": 0, "given_up": 0}
        self.cancel()
        if self.session is not None:
            self.start()

    def start(self) -> None:
        """Begin to deliver; needs a running event loop."""
        if self.session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self.session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT)
        self.apply_switches()
        self.run(self.work())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()

    async def stop(self) -> None:
        self.cancel()
        if self.session is not None:
            await self.session.close()

    def apply_switches(self) -> None:
        if self.switches().webhooks_enabled:
            self.enabled.set()
        else:
            self.enabled.clear()

    def check_url(self, url: str) -> None:
        """Raise WebhookRefused when the url's host is not allowed."""
        if not self.any_host:
            check_host(url)

    def set_url(self, url: str | None) -> None:
        """Raise WebhookRefused when the url's host is not allowed."""
        if url is not None:
            self.check_url(url)
        self.url = url

    async def verify(self, url: str, verify_token: str) -> None:
        """Meta's handshake; raises WebhookRefused unless the challenge comes back."""
        challenge = str(self.dice.randrange(10**9, 10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": verify_token,
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
        app: App,
        business_id: str,
        change: dict[str, Any],
        on_delivered: Callable[[], None] | None = None,
        time: int | None = None,
    ) -> None:
        """Queue a change for ``app``.

        ``on_delivered`` is called at the receiver's first 200. ``time`` (seconds since
        the epoch) is told with events of the account.
        """
        members = entry(business_id, time)
        event = Event(next(self.ids), app, members, change, on_delivered)
        self.history.append(event)
        if self.url_of(app) is not None:
            self.enqueue(event)

    def url_of(self, app: App) -> str | None:
        return app.callback_url or self.url

    def enqueue(self, event: Event) -> None:
        switches = self.switches()
        copies = 2 if self.dice.random() < switches.duplicate_webhooks else 1
        event.body = encode(event.change, switches.escaped_json)
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
            self.enqueue(Event(next(self.ids), event.app, event.entry, event.change))
        return len(again)

    async def work(self) -> None:
        """Pack what waits into posts, of which at most PARALLEL are under way."""
        queue, enabled, free = self.queue, self.enabled, asyncio.Semaphore(PARALLEL)
        left: Event | None = None
        while True:
            event = left or await queue.get()
            await free.acquire()
            await enabled.wait()
            batch, left = self.pack(event)
            self.run(self.deliver_and_release(batch, free))

    def pack(self, first: Event) -> tuple[list[Event], Event | None]:
        """A batch that begins with ``first``, and the event that did not fit in it.

        A post has events of one app; at most 3 MB in a post (Cloud API, webhooks).
        """
        batch, size = [], 0
        event: Event | None = first
        most = self.switches().webhook_batch_size
        while event is not None:
            size += len(event.body) + len(event.entry) + WRAPPING
            if batch and (size > LARGEST_BODY or event.app is not first.app):
                return batch, event
            batch.append(event)
            more = len(batch) < most and not self.queue.empty()
            event = self.queue.get_nowait() if more else None
        return batch, None

    async def deliver_and_release(
        self, batch: list[Event], free: asyncio.Semaphore
    ) -> None:
        try:
            await self.deliver(batch)
        finally:
            free.release()

    async def deliver(self, batch: list[Event]) -> None:
        body = envelope([(event.entry, event.body) for event in batch])
        start = time.perf_counter()
        status_code = await self.post(batch[0].app, body)
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

    async def post(self, app: App, body: bytes) -> int | None:
        """POST one signed body; returns the HTTP status, None without an answer."""
        url = self.url_of(app)
        if url is None:
            return None
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(app.secret, body),
        }
        try:
            async with self.session.post(
                url, data=body, headers=headers, allow_redirects=False
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
        if event.waited > self.switches().webhook_retry_hours * HOUR_SECONDS:
            self.counts["given_up"] += 1
            self.waiting.discard(event)
            return
        self.queue_after(delay * self.switches().webhook_retry_scale, event)
