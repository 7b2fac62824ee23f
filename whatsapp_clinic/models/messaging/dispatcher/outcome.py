"""What an answer of WhatsApp makes of a message; knows nothing of the database."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from ....cloud_api import errors
from ....tools import clock

_logger = logging.getLogger(__name__)

# Cloud API, "Rate limit hit": the number sends faster than it may.
TOO_FAST = 130429
# Seconds that a channel waits when WhatsApp cannot be reached.
UNREACHABLE_HOLD = 5.0


@dataclass(frozen=True)
class Outcome:
    """What became of one call; `values` are columns of the message."""

    row_id: int
    attempts: int
    state: str
    values: dict
    hold: tuple[float, str] | None = None
    opted_out: bool = False


def read_outcome(row_id: int, attempts: int, call: Future) -> Outcome:
    """Read the result of a finished call."""
    now = clock.precise_now()
    try:
        accepted = call.result()
    except errors.CloudApiError as error:
        return _refused(row_id, attempts, error, now)
    except errors.ConnectionFailed as error:
        hold = (UNREACHABLE_HOLD, f"WhatsApp cannot be reached ({error}).")
        return Outcome(row_id, attempts, "queued", {}, hold)
    except Exception as error:
        if not isinstance(error, errors.OutcomeUnknown):
            _logger.error("A call to WhatsApp failed with %s", type(error).__name__)
        values = {"unknown_at": now, "reason": "no_answer"}
        return Outcome(row_id, attempts, "unknown", values)
    values = {"message_id": accepted.message_id, "sent_at": now}
    return Outcome(row_id, attempts, "sent", values)


def _refused(
    row_id: int, attempts: int, error: errors.CloudApiError, now: datetime
) -> Outcome:
    """What the error policy makes of an answer that is no acceptance."""
    policy = error.policy
    values = {"error_code": error.code, "detail": policy.title, "reason": "error"}
    if not policy.allows_another(attempts):
        return Outcome(
            row_id,
            attempts,
            "failed",
            {**values, "failed_at": now},
            opted_out=policy.action is errors.Action.OPT_OUT,
        )
    delay = max(policy.delay(attempts), error.retry_after or 0.0)
    if policy.action is errors.Action.HOLD_CHANNEL:
        # The row stays due: it leaves as soon as somebody releases the channel.
        hold = (delay, f"{policy.title} ({error.code}). {policy.cure}")
        return Outcome(row_id, attempts, "queued", values, hold)
    due_at = now + timedelta(seconds=delay)
    return Outcome(row_id, attempts, "queued", {**values, "due_at": due_at})
