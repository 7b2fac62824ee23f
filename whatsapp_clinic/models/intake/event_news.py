"""Telling open screens what webhooks have brought."""

import time

from odoo import SUPERUSER_ID, api

from ...tools.transaction import read_committed

# Seconds between two notifications: each has every open screen count again, and costs
# the server a connection.
PAUSE = 1.0


class News:
    """What changed for staff in the batches of one run of the processor."""

    def __init__(self, cr):
        self._cr = cr
        self._kinds: set[bool] = set()
        self._told_at = float("-inf")

    def take(self, env):
        """Remember what the present transaction left to be told."""
        self._kinds |= env["whatsapp.clinic.message"]._take_changed()

    def tell(self, is_last: bool = False):
        """Tell and commit, unless something was told a moment ago and more may come."""
        is_soon = time.monotonic() - self._told_at < PAUSE
        if not self._kinds or (is_soon and not is_last):
            return
        read_committed(self._cr)
        env = api.Environment(self._cr, SUPERUSER_ID, {})
        for is_new in sorted(self._kinds):
            env["whatsapp.clinic.message"]._tell_staff(is_new)
        self._cr.commit()  # pylint: disable=invalid-commit
        self._kinds.clear()
        self._told_at = time.monotonic()
