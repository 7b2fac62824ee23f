"""One patient who sends the longest texts and the largest files, as fast as can be."""

import contextlib
import itertools
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .bench import WEBHOOK, Clinic
from .figures import Void, check_seen
from .in_odoo import ACCESS_TOKEN, PHONE_NUMBER_ID
from .webhook_bodies import Signed, body, document, post, signed, text

RATE, LONGEST = 80, 65_536
WORDS = "*a _b ~c http://x " * (LONGEST // 18)
# Every so many-th message is about a file.
FILES = 10
CONNECTIONS = 16
# So late (s) a webhook may leave: what is later did not come at the rate.
LATE = 1.0
VERSION = "v25.0"
FORM = (
    b'--flood\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\n'
    b'whatsapp\r\n--flood\r\nContent-Disposition: form-data; name="file"; '
    b'filename="report.txt"\r\nContent-Type: text/plain\r\n\r\n%s\r\n--flood--\r\n'
)


class Flood:
    """Webhooks of one sender that leave by the clock, whatever their answers take.

    `started` is on the monotonic clock, `latest` how late (s) one of them left.
    """

    def __init__(self, clinic: Clinic, sender: str, file_id: str, seconds: int):
        self.url = clinic.server.url + WEBHOOK
        self.sender = sender
        self.file_id = file_id
        self.seconds = seconds
        self.count = seconds * RATE
        self.started = self.latest = 0.0
        self._answered = 0
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        """A block that begins with the flood and ends after it.

        Raises Void unless all of it left by the clock and was taken in.
        """
        self.started = time.monotonic()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            senders = [pool.submit(self._send) for _ in range(CONNECTIONS)]
            yield
        for sender in senders:
            sender.result()
        check_seen(self._answered, self.count, "webhooks of the flood were taken in")
        if self.latest > LATE:
            raise Void(f"the flood fell {self.latest:.1f} s behind its rate")

    def _send(self) -> None:
        """Take the next webhook, wait until it is due, post it; until none is left."""
        for number in self._numbers:
            if number >= self.count:
                return
            webhook = self._webhook(number)
            due = self.started + number / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            answers = post(self.url, [webhook], connections=1)
            with self._lock:
                self.latest = max(self.latest, late)
                self._answered += answers[200]

    def _webhook(self, number: int) -> Signed:
        sent = self.sender, f"wamid.flood-{number}", int(time.time())
        words = f"{number} {WORDS}"[:LONGEST]
        if number % FILES:
            return signed(body([text(*sent, words)]))
        return signed(body([document(*sent, words, self.file_id)]))


def upload(clinic: Clinic, size: int) -> str:
    """Have the sandbox serve a text of `size` bytes; returns the file's id.

    Of short lines: of all kinds it is text of which Odoo reads the content.
    """
    request = urllib.request.Request(
        f"{clinic.phones.url}/{VERSION}/{PHONE_NUMBER_ID}/media",
        data=FORM % (b"text\n" * (size // 5)),
        headers={
            "Authorization": f"Bearer {ACCESS_TOKEN}",
            "Content-Type": "multipart/form-data; boundary=flood",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["id"]
