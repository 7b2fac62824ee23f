"""What becomes of messages when WhatsApp refuses, stays silent or breaks off."""

from dataclasses import dataclass, field

import pytest
from workshop.clinic import wait_until
from workshop.odoo import free_port

ARRIVED = ("sent", "delivered", "read")


@dataclass(frozen=True)
class Case:
    """A fault that one send meets, and where the message is in the end."""

    fault: str
    states: tuple[str, ...]
    details: dict = field(default_factory=dict)
    reason: str | None = None
    error_code: int | None = None
    attempts: int = 1
    arrivals: int = 1


CASES = {
    "400 wrong parameter": Case(
        "error",
        ("failed",),
        {"code": 131009, "http_status": 400},
        reason="error",
        error_code=131009,
        arrivals=0,
    ),
    "429 too fast": Case(
        "error", ARRIVED, {"code": 130429, "http_status": 429}, attempts=2
    ),
    "500 with a code": Case(
        "error", ARRIVED, {"code": 131016, "http_status": 500}, attempts=2
    ),
    "500 without a code": Case(
        "http_500", ("unknown",), reason="no_answer", arrivals=0
    ),
    "no answer": Case("hang", ("unknown",), reason="no_answer", arrivals=0),
    "reset": Case("reset", ("unknown",), reason="no_answer", arrivals=0),
    "late answer": Case("latency", ARRIVED, {"seconds": 2}),
    "reset after acceptance": Case("reset_after_accept", ARRIVED),
    "no answer after acceptance": Case("hang_after_accept", ARRIVED),
    "500 after acceptance": Case("http_500_after_accept", ARRIVED),
    "half an answer": Case("truncate_after_accept", ARRIVED),
    "failure by webhook": Case(
        "failed_status",
        ("failed",),
        {"code": 131026},
        reason="error",
        error_code=131026,
    ),
}
REFUSED_CHANNEL, UNREACHABLE_CHANNEL = 2, 1


@pytest.fixture(scope="module")
def clinic(make_clinic):
    clinic = make_clinic("api_faults")
    with clinic.serving() as server:
        clinic.run_lanes(server)
        yield clinic


@pytest.fixture(scope="module")
def ended(clinic):
    """Messages by name of the case, after each met its fault once."""
    for patient, case in enumerate(CASES.values()):
        to = clinic.wa_id(patient)
        clinic.sandbox.fault(case.fault, to=to, count=1, **case.details)
    clinic.enqueue(0, len(CASES))

    def outbox() -> dict[str, dict]:
        return dict(zip(CASES, clinic.messages(0), strict=True))

    def has_ended() -> bool:
        clinic.wake_scheduler()
        return all(row["state"] in CASES[name].states for name, row in outbox().items())

    try:
        wait_until(has_ended, 120, "every message has ended")
    finally:
        clinic.sandbox.clear_faults()
    return outbox()


@pytest.mark.parametrize("name", CASES)
def test_message_ends_as_its_fault_demands(clinic, ended, name):
    case, message = CASES[name], ended[name]
    assert (message["reason"], message["error_code"]) == (case.reason, case.error_code)
    assert message["attempts"] == case.attempts


@pytest.mark.parametrize("name", CASES)
def test_message_never_arrives_twice(clinic, ended, name):
    to = clinic.wa_id(list(CASES).index(name))
    arrived = clinic.sandbox.accepted(to=to)
    assert len(arrived) == CASES[name].arrivals


def _hold_reason(clinic, place: int) -> str | None:
    clinic.wake_scheduler()
    rows = clinic.query(
        "SELECT concat(hold_reason, ' ', hold_cure) AS told"
        " FROM whatsapp_clinic_channel"
        f" WHERE id = {clinic.ids['channels'][place]} AND hold_until IS NOT NULL"
    )
    return rows[0]["told"] if rows else None


def _wait_for_hold(clinic, place: int) -> str:
    """Wait until the channel is on hold; what the administrator reads about it."""
    wait_until(lambda: _hold_reason(clinic, place), 90, "the channel is held")
    return _hold_reason(clinic, place)


@pytest.mark.parametrize(
    ("status", "code", "subcode", "cure", "first"),
    [
        (401, 190, None, "access token", 100),
        (404, 100, 33, "phone number id", 200),
    ],
)
def test_refused_channel_is_held_and_its_messages_wait_for_the_release(
    clinic, status, code, subcode, cure, first
):
    clinic.sandbox.fault(
        "error",
        phone_number_id=clinic.numbers[REFUSED_CHANNEL],
        http_status=status,
        code=code,
        subcode=subcode,
    )
    clinic.enqueue(REFUSED_CHANNEL, 1, first=first)
    assert cure in _wait_for_hold(clinic, REFUSED_CHANNEL)
    asked = clinic.sandbox.stats()["requests"]
    clinic.enqueue(REFUSED_CHANNEL, 2, first=first + 1)
    waiting = clinic.messages(REFUSED_CHANNEL)[-3:]
    assert [(one["state"], one["attempts"]) for one in waiting] == [
        ("queued", 1),
        ("queued", 0),
        ("queued", 0),
    ]
    assert clinic.sandbox.stats()["requests"] == asked

    clinic.sandbox.clear_faults()
    _release(clinic, REFUSED_CHANNEL)
    clinic.wait_for_states(REFUSED_CHANNEL, set(ARRIVED), 90)


def test_unreachable_whatsapp_leaves_messages_queued_until_it_is_back(clinic):
    _point(clinic, UNREACHABLE_CHANNEL, f"http://127.0.0.1:{free_port()}")
    clinic.enqueue(UNREACHABLE_CHANNEL, 2, first=300)
    assert "cannot be reached" in _wait_for_hold(clinic, UNREACHABLE_CHANNEL)
    # Each hold is short; between two of them they are tried once more.
    wait_until(
        lambda: clinic.states(UNREACHABLE_CHANNEL) == {"queued": 2}, 90, "both wait"
    )

    _point(clinic, UNREACHABLE_CHANNEL, clinic.sandbox.url)
    _release(clinic, UNREACHABLE_CHANNEL)
    clinic.wait_for_states(UNREACHABLE_CHANNEL, set(ARRIVED), 90)
    assert len(clinic.accepted(UNREACHABLE_CHANNEL)) == 2


def _release(clinic, place: int) -> None:
    clinic.shell(
        "env['whatsapp.clinic.channel'].browse(channel_id).action_release_hold()",
        channel_id=clinic.ids["channels"][place],
    )


def _point(clinic, place: int, address: str) -> None:
    clinic.shell(
        "env['whatsapp.clinic.channel'].browse(channel_id).base_url = address",
        channel_id=clinic.ids["channels"][place],
        address=address,
    )
