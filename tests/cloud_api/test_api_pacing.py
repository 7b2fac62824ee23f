"""Pacing with a clock that stands still until it is moved."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from whatsapp_clinic.cloud_api.pacing import PAIR_BURST, PAIR_MEMORY, pair_wait
from whatsapp_clinic.plain.token_bucket import TokenBucket


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def test_a_bucket_grants_a_burst_and_then_its_rate(clock):
    bucket = TokenBucket(rate=80, burst=20, clock=clock)
    assert bucket.take(50) == 20
    assert bucket.take(1) == 0
    clock.move(0.1)
    assert bucket.take(50) == 8


def test_a_bucket_never_holds_more_than_a_burst(clock):
    bucket = TokenBucket(rate=80, burst=20, clock=clock)
    clock.move(3600)
    assert bucket.take(1000) == 20


def test_over_any_time_a_bucket_keeps_to_its_rate(clock):
    bucket = TokenBucket(rate=80, burst=10, clock=clock)
    granted = 0
    for _ in range(1000):
        granted += bucket.take(3)
        clock.move(0.01)
    assert 800 <= granted <= 810


def test_after_the_wait_the_permissions_are_there(clock):
    bucket = TokenBucket(rate=7, burst=5, clock=clock)
    assert bucket.wait_time(3) == 0
    bucket.take(5)
    for _ in range(100):
        clock.move(bucket.wait_time(3))
        assert bucket.take(3) == 3


def test_nobody_waits_for_more_than_a_burst(clock):
    bucket = TokenBucket(rate=10, burst=5, clock=clock)
    bucket.take(5)
    assert bucket.wait_time(500) == pytest.approx(0.5)


def test_a_slowed_bucket_is_empty_and_half_as_fast(clock):
    bucket = TokenBucket(rate=80, burst=80, clock=clock)
    bucket.slow_down()
    assert bucket.take(80) == 0
    assert bucket.wait_time(1) == pytest.approx(1 / 40)


def test_refusals_of_one_burst_slow_down_once(clock):
    bucket = TokenBucket(rate=80, burst=80, clock=clock)
    for _ in range(64):
        bucket.slow_down()
    assert bucket.wait_time(1) == pytest.approx(1 / 40)


def test_lasting_refusals_never_stop_a_bucket(clock):
    bucket = TokenBucket(rate=80, burst=80, clock=clock)
    for _ in range(50):
        clock.move(1)
        bucket.slow_down()
    assert bucket.wait_time(1) <= 1 / 5


def test_a_slowed_bucket_recovers_within_a_minute(clock):
    bucket = TokenBucket(rate=80, burst=80, clock=clock)
    bucket.slow_down()
    clock.move(60)
    bucket.take(80)
    assert bucket.wait_time(1) == pytest.approx(1 / 80)


def test_a_clock_that_steps_back_grants_nothing(clock):
    bucket = TokenBucket(rate=80, burst=1, clock=clock)
    bucket.take()
    clock.move(-100)
    assert bucket.take() == 0


def test_threads_share_a_bucket_without_exceeding_it(clock):
    bucket = TokenBucket(rate=1, burst=500, clock=clock)
    with ThreadPoolExecutor(16) as executor:
        assert sum(executor.map(lambda _: bucket.take(), range(2000))) == 500


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_without_rate_or_burst_is_refused(rate, burst):
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(rate, burst)


def test_savings_are_forgotten_but_for_one(clock):
    bucket = TokenBucket(80, 20, clock)
    bucket.forget_savings()
    assert bucket.take(20) == 1


def send_as_permitted(clock, seconds):
    """Try every tenth of a second; returns the times at which a message went."""
    sent = []
    for _ in range(int(seconds * 10)):
        if not pair_wait(sent, clock.now):
            sent.append(clock.now)
        clock.move(0.1)
    return sent


def burst(clock, count):
    return [clock.now] * count


def test_a_recipient_who_got_nothing_may_be_written_to(clock):
    assert pair_wait([], clock.now) == 0


def test_a_second_message_after_the_burst_window_waits_for_the_debt(clock):
    sent = burst(clock, 20)
    clock.move(6)
    assert pair_wait(sent, clock.now) == pytest.approx(20 * 6 - 6)
    clock.move(20 * 6 - 6)
    assert pair_wait(sent, clock.now) == 0


def test_a_burst_has_at_most_45_messages(clock):
    assert pair_wait(burst(clock, 44), clock.now) == 0
    assert pair_wait(burst(clock, 45), clock.now) == pytest.approx(45 * 6)


def test_over_an_hour_a_recipient_gets_600_messages_and_one_burst_at_most(clock):
    assert 600 <= len(send_as_permitted(clock, 3600)) <= 645


def test_what_is_older_than_the_memory_delays_nothing(clock):
    sent = burst(clock, PAIR_BURST)
    clock.move(PAIR_MEMORY / 2)
    sent += burst(clock, PAIR_BURST)
    clock.move(PAIR_MEMORY / 2)
    assert pair_wait(sent, clock.now) == pair_wait(sent[PAIR_BURST:], clock.now) == 0
