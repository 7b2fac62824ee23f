"""The rate at which a channel's outbox reaches WhatsApp."""

import time

from .bench import Clinic
from .figures import Void, check_seen


def rate(times: list[float]) -> float:
    """Events a second between the first and the last of them (times in seconds)."""
    if len(times) < 2:
        raise Void(f"only {len(times)} messages arrived")
    return (len(times) - 1) / (max(times) - min(times))


def drain_rate(clinic: Clinic, run: int, timeout: float) -> float:
    """Messages a second, from the first to the last acceptance by the sandbox.

    Sends what rule number `run` has planned, one message for each appointment; gives up
    after `timeout` seconds.
    """
    expected = len(clinic.made["appointments"])
    before = clinic.phones.stats()["accepted"]
    clinic.send_planned(clinic.made["rules"][run])
    wait_for_accepted(clinic, before + expected, timeout)
    accepted = clinic.phones.accepted()[before:]
    check_seen(len(accepted), expected, "messages were accepted")
    return rate([message["timestamp"] for message in accepted])


def wait_for_accepted(clinic: Clinic, accepted: int, timeout: float) -> None:
    """Wait until the sandbox has accepted so many in all; no longer than `timeout`."""
    deadline = time.monotonic() + timeout
    while clinic.phones.stats()["accepted"] < accepted and time.monotonic() < deadline:
        time.sleep(0.1)
