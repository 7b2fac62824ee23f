"""What `kill -9` of Odoo in the middle of sending leaves behind."""

import os
import random
from collections import Counter

import pytest
from workshop.clinic import wait_until

MESSAGES = 490
# More for who has the time.
KILLS = int(os.environ.get("WHATSAPP_CLINIC_KILLS", "10"))
SEED = 20261122
# Seconds. Webhooks that met no server come again within 1.8 s (an hour at most, times
# the scale below) and are never many: none is on its way when the settling is over.
SETTLING = 15
WEBHOOKS = {"webhook_retry_scale": 0.0005, "webhook_batch_size": 20}
SETTLED = {"sent", "delivered", "read"}


@pytest.fixture(scope="module")
def clinic(make_clinic):
    return make_clinic("crash", rate=80, settling_seconds=str(SETTLING))


@pytest.fixture(scope="module")
def drained(clinic):
    """The outbox after a drain that was killed, and a careful resend of the rest."""
    clinic.sandbox.switch(latency_ms=75, seed=SEED, **WEBHOOKS)
    for kind in ("reset_after_accept", "reset", "http_500"):
        clinic.sandbox.fault(kind, count=4, probability=0.02)
    clinic.sandbox.fault("hang_after_accept", count=4, probability=0.02, seconds=60)
    dice = random.Random(SEED)
    clinic.enqueue(0, MESSAGES)
    for _ in range(KILLS):
        _kill_while_sending(clinic, dice)
    with clinic.serving():
        clinic.wait_for_states(0, {*SETTLED, "unknown"}, 240)
        _send_until_all_are_settled(clinic)
    return clinic


def _kill_while_sending(clinic, dice: random.Random) -> None:
    """End a server after a random number of posts, or of acceptances.

    Half of the messages are for what leaves until the server is dead.
    """
    counter = dice.choice(("requests", "accepted"))
    start = clinic.sandbox.stats()[counter]
    end = start + dice.randint(1, MESSAGES // (2 * KILLS))
    server = clinic.start()
    try:
        wait_until(lambda: _count(clinic, counter, wake=True) > start, 90, "a post")
        wait_until(lambda: _count(clinic, counter) >= end, 90, "more posts")
    finally:
        server.kill()


def _count(clinic, counter: str, wake: bool = False) -> int:
    if wake:
        clinic.wake_scheduler()
    return clinic.sandbox.stats()[counter]


def _send_until_all_are_settled(clinic) -> None:
    """Later messages prove that statuses flow; then lost ones may go once more."""
    for patient in range(MESSAGES, MESSAGES + 10):
        clinic.enqueue(0, 1, first=patient)
        try:
            return clinic.wait_for_states(0, SETTLED, SETTLING)
        except TimeoutError:
            continue
    raise AssertionError(f"never settled: {clinic.states(0)}")


def _arrivals(clinic) -> Counter:
    """How often each row, by its key, was accepted by the sandbox."""
    attempts = (one["biz_opaque_callback_data"] for one in clinic.accepted(0))
    return Counter(attempt.rpartition(".")[0] for attempt in attempts)


def test_killed_drain_sends_every_message(drained):
    keys = {row["key"] for row in drained.messages(0)}
    assert keys - _arrivals(drained).keys() == set()


def test_killed_drain_sends_no_message_twice(drained):
    assert [key for key, times in _arrivals(drained).items() if times > 1] == []


def test_killed_drain_made_messages_of_which_nobody_knew(drained):
    """Else every kill came at a harmless moment, and the tests above prove nothing."""
    rows = drained.messages(0)
    assert any(row["unknown_at"] for row in rows)
    assert any(row["attempts"] > 1 for row in rows)
