"""States of a message, in the order in which it usually goes through them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """What holds while a message is in it.

    A report of the messenger never takes a message to a lower `rank`; None is out of
    its reach. A failure is final unless a later `delivered` proves it wrong; what is
    not sent yet cannot be contradicted.
    """

    label: str
    rank: int | None = None
    # Still to be sent, and still to be stopped.
    is_open: bool = False
    # In the queue.
    is_waiting: bool = False
    # On its way or there, as far as anybody knows.
    has_left: bool = False
    # Written by us and taken by the messenger, or come from it.
    is_said: bool = False
    # Not sent, for a reason of the clinic's own that may pass.
    is_stopped: bool = False
    # The messenger did not take it, or the gate did not let it go.
    has_failed: bool = False
    # Somebody has to look, or to send it again.
    has_ended: bool = False


STATES = {
    "draft": State("Draft", is_open=True),
    "queued": State("Queued", 0, is_open=True, is_waiting=True),
    "held": State("Waiting", 0, is_open=True, is_waiting=True),
    "sending": State("Sending", 1, has_left=True),
    "sent": State("Sent", 2, has_left=True, is_said=True),
    "delivered": State("Delivered", 4, has_left=True, is_said=True),
    "read": State("Read", 5, has_left=True, is_said=True),
    "failed": State("Failed", 3, has_failed=True, has_ended=True),
    "refused": State("Not Sent", 3, is_stopped=True, has_failed=True, has_ended=True),
    "cancelled": State("Cancelled", is_stopped=True, has_ended=True),
    "unknown": State("Unknown", 1, has_left=True, has_ended=True),
    "received": State("Received", is_said=True),
}
STATE_SELECTION = [(name, state.label) for name, state in STATES.items()]
OPEN_STATES = tuple(name for name, state in STATES.items() if state.is_open)
WAITING_STATES = tuple(name for name, state in STATES.items() if state.is_waiting)
LEFT_STATES = tuple(name for name, state in STATES.items() if state.has_left)
SAID_STATES = tuple(name for name, state in STATES.items() if state.is_said)
STOPPED_STATES = tuple(name for name, state in STATES.items() if state.is_stopped)
FAILED_STATES = tuple(name for name, state in STATES.items() if state.has_failed)
# Neither left nor will.
UNSAID_STATES = (*FAILED_STATES, "cancelled")
ENDED_STATES = tuple(name for name, state in STATES.items() if state.has_ended)
# How a try to send a message ended.
ATTEMPT_SELECTION = [
    ("sending", "Under Way"),
    ("accepted", "Accepted"),
    ("refused", "Refused"),
    ("unreachable", "Did Not Leave"),
    ("unknown", "No Answer"),
    ("failed", "Failed Later"),
]
RANKS = {name: state.rank for name, state in STATES.items() if state.rank is not None}
