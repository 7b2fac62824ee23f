"""What an answer of WhatsApp makes of a message; knows nothing of the database."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from ....cloud_api import errors
from ....tools import clock
from ..refusal import Hold, Refusal, judge_refusal

_logger = logging.getLogger(__name__)

# Cloud API, "Rate limit hit": the number sends faster than it may.
TOO_FAST = 130429


@dataclass(frozen=True)
class Call:
    """A message under way: its row, the number of the attempt, refusals before it.

    `to` is the phone number it goes to, None for a user id.
    """

    row_id: int
    attempts: int
    refusals: int
    to: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Outcome:
    """What became of a call; `values` are columns of the message.

    `attempt` is the state of the try, `at` when it ended (naive UTC). `other_wa_id` is
    the id under which WhatsApp knows the recipient, where it is not made of the digits
    of the phone number (Mexico, Brazil).
    """

    call: Call
    state: str
    attempt: str
    at: datetime
    values: dict
    refusal: Refusal | None = None
    other_wa_id: str | None = field(default=None, repr=False)

    @property
    def channel_hold(self) -> Hold | None:
        return self.refusal and self.refusal.channel_hold


def read_outcome(call: Call, future: Future) -> Outcome:
    """Read the result of a finished call."""
    now = clock.precise_now()
    try:
        accepted = future.result()
    except errors.CloudApiError as error:
        refusal = judge_refusal(
            error.policy, error.code, error.title, call.refusals, now, error.retry_after
        )
        return Outcome(call, refusal.state, "refused", now, refusal.values, refusal)
    except errors.ConnectionFailed:
        refusal = Refusal("queued", {}, Hold(errors.UNREACHABLE, errors.NO_CODE))
        return Outcome(call, "queued", "unreachable", now, {}, refusal)
    except Exception as error:
        if not isinstance(error, errors.OutcomeUnknown):
            _logger.error("A call to WhatsApp failed with %s", type(error).__name__)
        values = {"unknown_at": now, "reason": "no_answer"}
        return Outcome(call, "unknown", "unknown", now, values)
    return Outcome(
        call,
        "sent",
        "accepted",
        now,
        {"message_id": accepted.message_id, "sent_at": now},
        other_wa_id=_other_wa_id(call.to, accepted.wa_id),
    )


def _other_wa_id(to: str | None, wa_id) -> str | None:
    is_id = isinstance(wa_id, str) and wa_id.isascii() and wa_id.isdigit()
    return wa_id if to and is_id and wa_id != to.lstrip("+") else None
