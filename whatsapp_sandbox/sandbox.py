"""The sandbox's parts put together."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from .account import BusinessAccount, load
from .clock import Clock
from .faults import Faults
from .feed import Feed
from .graph.pace import Pace
from .media import Media
from .schedule import Schedule
from .switches import Switches
from .webhooks import Webhooks
from .world import World


class Sandbox:
    """State of one running sandbox. Raises WebhookRefused for a refused webhook url.

    ``webhook_url`` wins over the account file's.
    """

    def __init__(
        self,
        account_file: Path,
        webhook_url: str | None = None,
        any_webhook_host: bool = False,
    ) -> None:
        self.account_file = account_file
        self.clock = Clock()
        self.dice = random.Random(0)
        self.feed = Feed()
        self.schedule = Schedule(self.clock)
        self.tasks: set[asyncio.Task[None]] = set()
        self.webhooks = Webhooks(lambda: self.switches, self.dice, any_webhook_host)
        self.forget()
        self.webhooks.set_url(webhook_url or self.world.account.webhook.url)

    def forget(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.schedule.forget()
        self.clock.offset_seconds = 0.0
        self.switches = Switches()
        self.dice.seed(self.switches.seed)
        self.faults = Faults(self.dice)
        self.pace = Pace()
        self.requests = 0
        self.accepted = 0
        self.rejected: Counter[int] = Counter()
        self.world = World(load(self.account_file))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` beside the calls, unless a reset comes first."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def tell(
        self, business: BusinessAccount, change: dict[str, Any], **more: Any
    ) -> None:
        """Send a webhook, if the account's app is subscribed and hears the field."""
        app = self.world.app_of(business)
        field = change["field"]
        heard = app.hears(field) and self.switches.knows_field(field)
        if business.subscribed and heard:
            self.webhooks.send(app, business.id, change, **more)

    def media_url(self, media: Media, host: str) -> str:
        """A new address of ``media`` under ``host``, for ``media_url_seconds``."""
        host = self.switches.media_host or host
        expires_at = self.clock.now() + self.switches.media_url_seconds
        token = self.world.media.new_token(media, expires_at)
        return f"{host}attachments/{token}"

    def reset(self) -> None:
        """Begin again from the account file; only the webhook url stays."""
        self.forget()
        self.webhooks.forget()
        self.feed.publish("reset")
