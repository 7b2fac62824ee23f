"""Whose waiting webhook is processed next."""

import time
from collections import deque

# Among so many of the oldest the senders take turns.
LOOK_AHEAD = 10_000
# So long (s) an order holds: who writes meanwhile waits no longer for a turn.
GOOD_FOR = 0.5
# In the order they came, but each sender's first before the second of anybody.
_ORDER = """
    SELECT id, size, turn FROM (
        SELECT id, COALESCE(size, 0) AS size,
            row_number() OVER (PARTITION BY COALESCE(sender, -id) ORDER BY id) AS turn
        FROM (
            SELECT id, size, sender FROM whatsapp_clinic_webhook_event
            WHERE state = 'pending' AND id <> ALL(%s) ORDER BY id LIMIT %s
        ) AS oldest
    ) AS waiting
    ORDER BY turn, id
"""


class Turns:
    """The order of waiting webhooks, in which who floods delays nobody else.

    All that waits is looked through twice a second and not for each batch: of a queue
    of thousands that would take as long as the batch. Of what was taken last, `taken`
    tells how much it was, `are_first` whether any of it is the first of its sender.
    """

    def __init__(self, cr):
        self._cr = cr
        self.taken = 0
        self.are_first = True
        self._order: deque[tuple[int, int, int]] = deque()
        self._good_until = 0.0
        self._put_off: set[int] = set()

    def take(self, count: int, most_bytes: int) -> list[int]:
        """Ids of the next events: up to so many, until they have so many bytes."""
        if not self._order or time.monotonic() > self._good_until:
            self._ask()
        taken: list[int] = []
        self.are_first = not self._order or self._order[0][2] == 1
        while self._order and len(taken) < count and most_bytes > 0:
            event_id, size, _turn = self._order.popleft()
            taken.append(event_id)
            most_bytes -= size
        self.taken = len(taken)
        return taken

    def put_off(self, event_ids: set[int]):
        """These had their turn in this round; they come again in the next."""
        self._put_off |= event_ids

    def begin_round(self) -> bool:
        """What was put off may come again; False if nothing was."""
        is_left = bool(self._put_off)
        self._put_off.clear()
        return is_left

    def forget(self):
        """Ask for the order again: what was taken was not processed."""
        self._order.clear()

    def _ask(self):
        self._cr.execute(_ORDER, [list(self._put_off), LOOK_AHEAD])
        self._order = deque(self._cr.fetchall())
        self._good_until = time.monotonic() + GOOD_FOR
