"""An outbox that is drained while WhatsApp's answers break and Odoo is killed.

A fifth of the messages meets a fault; `kill -9` ends Odoo at random points, seeded. In
the end each message is on its patient's phone once, or shown as failed for a reason
that lasts.
"""

import contextlib
import itertools
import random
import time
from collections import Counter

from .bench import Bench, Clinic
from .figures import Damage, Void

SEED = 20261122
RATE = 1000
FAULTS = (
    {"kind": "error", "code": 130429, "http_status": 429},
    {"kind": "error", "code": 131016, "http_status": 503},
    {"kind": "error", "code": 131009, "http_status": 400},
    {"kind": "http_500"},
    {"kind": "hang_after_accept", "seconds": 60},
    {"kind": "reset"},
    {"kind": "reset_after_accept"},
)
LASTING = 131009
FAULT_SHARE = 0.2
# Seconds. The lease may be shorter than a call, because one process at a time serves a
# channel.
LEASE = {"lease_seconds": "2"}
# Nothing is sent again before every fault has struck: a message that finds no answer a
# second time would stay unknown. Then the settling time is longer than Odoo takes to
# start and webhooks that met no server take to come again, else a careful resend would
# come too early.
NEVER, SETTLING = 3600, 20
WEBHOOKS = {"webhook_retry_scale": 0.0005, "webhook_batch_size": 20}
# Later messages, which show that statuses flow, so that lost ones may be sent again.
LATER = 40
UNDECIDED = "state IN ('queued', 'held', 'sending')"
UNSETTLED = "state IN ('queued', 'held', 'sending', 'sent', 'unknown')"


def run(bench: Bench, messages: int, kills: int, timeout: float) -> Damage:
    """Drain so many messages with so many kills; `timeout` (seconds) for each step."""
    patients = messages + LATER
    parameters = {**LEASE, "settling_seconds": str(NEVER)}
    with bench.closed_clinic(
        "chaos_outbox", RATE, patients=patients, rules=1, parameters=parameters
    ) as clinic:
        clinic.phones.switch(seed=SEED, **WEBHOOKS)
        dice = random.Random(SEED)
        _break_calls(clinic, messages, dice)
        clinic.send_planned(clinic.made["rules"][0], messages)
        for left in range(kills, 0, -1):
            _kill_while_sending(clinic, messages * left // (kills + 1), dice)
        with clinic.serving():
            _wait_until_none(clinic, _ours(clinic, UNDECIDED), timeout)
        met = {"messages": messages, "kills": kills, "faults": _faults_struck(clinic)}
        met["unknown"] = clinic.count(*_ours(clinic, "state = 'unknown'"))
        clinic.phones.clear_faults()
        _shorten_settling(clinic)
        with clinic.serving():
            _settle(clinic, timeout)
        return _damage(clinic, met)


def _break_calls(clinic: Clinic, messages: int, dice: random.Random) -> None:
    """Let a fifth of the messages meet one fault each, every kind as often."""
    patients = [wa_id for _appointment, wa_id in clinic.made["appointments"][:messages]]
    unlucky = dice.sample(patients, int(FAULT_SHARE * messages))
    for wa_id, fault in zip(unlucky, itertools.cycle(FAULTS), strict=False):
        clinic.phones.fault(**fault, to=wa_id, count=1)


def _faults_struck(clinic: Clinic) -> int:
    waiting = len(clinic.phones.call("GET", "faults"))
    return int(FAULT_SHARE * (len(clinic.made["appointments"]) - LATER)) - waiting


def _shorten_settling(clinic: Clinic) -> None:
    clinic.database.sql(
        "UPDATE ir_config_parameter SET value = %s WHERE key = %s",
        str(SETTLING),
        "whatsapp_clinic.settling_seconds",
    )


def _kill_while_sending(clinic: Clinic, left: int, dice: random.Random) -> None:
    """End a server when only so many messages are left, or shortly after."""
    table, queued = _ours(clinic, "state = 'queued'")
    more = f"SELECT id FROM {table} WHERE {queued} ORDER BY id OFFSET {left}"
    server = clinic.start()
    try:
        _wait_until_none(clinic, (table, f"id IN ({more})"), 90)
        time.sleep(dice.random() * 0.2)
    finally:
        server.kill()


def _ours(clinic: Clinic, condition: str) -> tuple[str, str]:
    """Table and condition of the rows that are due."""
    rules = ", ".join(map(str, clinic.made["rules"][0]))
    return (
        "whatsapp_clinic_message",
        f"rule_id IN ({rules}) AND due_at < now() AT TIME ZONE 'UTC' "
        f"+ interval '1 day' AND {condition}",
    )


def _settle(clinic: Clinic, timeout: float) -> None:
    """Send later messages, one at a time, until nothing is unknown or time is up."""
    deadline = time.monotonic() + timeout
    while clinic.count(*_ours(clinic, UNSETTLED)) and time.monotonic() < deadline:
        clinic.send_planned(clinic.made["rules"][0], 1)
        with contextlib.suppress(Void):
            _wait_until_none(clinic, _ours(clinic, UNSETTLED), SETTLING / 2)


def _wait_until_none(clinic: Clinic, rows: tuple[str, str], timeout: float) -> None:
    clinic.wait_until_none(
        *rows, timeout, meanwhile=lambda: clinic.wake("dispatch_lane_%")
    )


def _damage(clinic: Clinic, met: dict[str, int]) -> Damage:
    """Compare what the outbox says with what is on the phones."""
    arrived = Counter(
        message["biz_opaque_callback_data"].rpartition(".")[0]
        for message in clinic.phones.accepted()
    )
    table, condition = _ours(clinic, "TRUE")
    rows = clinic.database.sql(
        f"SELECT key, state, error_code FROM {table} WHERE {condition}"
    )
    lost = sum(not _is_right(arrived[key], state, error) for key, state, error in rows)
    doubled = sum(times - 1 for times in arrived.values() if times > 1)
    failed = sum(state == "failed" for _key, state, _error in rows)
    return Damage(lost, doubled, {**met, "failed for good": failed})


def _is_right(arrived: int, state: str, error: int | None) -> bool:
    """Whether a row says what became of it, and that may become of a message."""
    if state == "failed":
        return not arrived and error == LASTING
    return arrived > 0 and state in ("delivered", "read")
