"""What an answer of a messenger makes of a message; knows nothing of the database."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from ....tools import clock
from ...provider import door
from ..refusal import Hold, Refusal, judge_refusal

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """A message under way: its row, the number of the attempt, refusals before it."""

    row_id: int
    attempts: int
    refusals: int


@dataclass(frozen=True)
class Outcome:
    """What became of a call; `values` are columns of the message.

    `attempt` is the state of the try, `at` when it ended (naive UTC). `other_address`
    is the recipient's as the messenger spells it, where it is not the one that was
    written to; `is_too_fast` asks to send slower.
    """

    call: Call
    state: str
    attempt: str
    at: datetime
    values: dict
    refusal: Refusal | None = None
    other_address: str | None = field(default=None, repr=False)
    is_too_fast: bool = False

    @property
    def channel_hold(self) -> Hold | None:
        return self.refusal and self.refusal.channel_hold


def read_outcome(call: Call, future: Future) -> Outcome:
    """Read the result of a finished call."""
    now = clock.precise_now()
    try:
        accepted = future.result()
    except door.Refused as error:
        policy = error.policy
        refusal = judge_refusal(
            policy, error.code, error.title, call.refusals, now, error.retry_after
        )
        return Outcome(
            call,
            refusal.state,
            "refused",
            now,
            refusal.values,
            refusal,
            is_too_fast=policy.is_too_fast,
        )
    except door.Unreachable as error:
        refusal = Refusal("queued", {}, Hold(error.policy, door.NO_CODE))
        return Outcome(call, "queued", "unreachable", now, {}, refusal)
    except Exception as error:
        if not isinstance(error, door.NoAnswer):
            _logger.error("A call to a messenger failed with %s", type(error).__name__)
        values = {"unknown_at": now, "reason": "no_answer"}
        return Outcome(call, "unknown", "unknown", now, values)
    return Outcome(
        call,
        "sent",
        "accepted",
        now,
        {"message_id": accepted.remote_id, "sent_at": now},
        other_address=accepted.other_address,
    )
