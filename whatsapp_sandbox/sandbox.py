"""The sandbox's parts put together."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from .account import load
from .clock import Clock
from .faults import Faults
from .feed import Feed
from .graph.pace import Pace
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
        self.webhooks = Webhooks(lambda: self.switches, self.dice, any_webhook_host)
        self.forget()
        self.webhooks.set_url(webhook_url or self.world.account.webhook.url)

    def forget(self) -> None:
        self.clock.offset_seconds = 0.0
        self.switches = Switches()
        self.dice.seed(self.switches.seed)
        self.faults = Faults(self.dice)
        self.pace = Pace()
        self.requests = 0
        self.accepted = 0
        self.rejected: Counter[int] = Counter()
        self.world = World(load(self.account_file))
        self.webhooks.app = self.world.account.app

    def reset(self) -> None:
        """Begin anew from the account file; only the webhook url stays."""
        self.forget()
        self.webhooks.forget()
        self.feed.publish("reset")
