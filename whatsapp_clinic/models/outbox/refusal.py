"""What the error policy makes of a message that was refused, at once or later."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..provider.door import Action, Policy


@dataclass(frozen=True)
class Hold:
    """Nothing more is sent for a while: from a channel, or to a recipient."""

    policy: Policy
    code: int
    retry_after: float | None = None


@dataclass(frozen=True)
class Refusal:
    """`state` is `failed` or `queued`, `values` are columns of the message.

    `channel_hold` is a Hold, `recipient_until` a time (naive UTC) before which the
    recipient gets nothing, `marketing_until` one before which no advertising;
    `opted_out` says that the recipient objects.
    """

    state: str
    values: dict
    channel_hold: Hold | None = None
    recipient_until: datetime | None = None
    marketing_until: datetime | None = None
    opted_out: bool = False


def judge_refusal(
    policy: Policy,
    code: int,
    title: str,
    refusals: int,
    now: datetime,
    retry_after: float | None = None,
) -> Refusal:
    """What becomes of a message that a messenger refused with a code.

    `refusals` counts the earlier ones for passing reasons; those that were the
    channel's fault burn nothing. `title` are the messenger's words, shown where
    the policy knows none.
    """
    values = {
        "error_code": code,
        "detail": policy.tell(title),
        "reason": "error",
    }
    if policy.action is Action.HOLD_CHANNEL:
        # The row stays due: it leaves as soon as somebody releases the channel.
        return Refusal("queued", values, Hold(policy, code, retry_after))
    tried = refusals + 1
    pause = timedelta(seconds=policy.advertising_pause)
    marketing_until = now + pause if pause else None
    if not policy.allows_another(tried):
        return Refusal(
            "failed",
            {**values, "failed_at": now},
            marketing_until=marketing_until,
            opted_out=policy.action is Action.OPT_OUT,
        )
    delay = max(policy.delay(tried), retry_after or 0.0)
    due_at = now + timedelta(seconds=delay)
    return Refusal(
        "queued",
        {**values, "refusals": tried, "due_at": due_at},
        recipient_until=due_at if policy.action is Action.HOLD_RECIPIENT else None,
        marketing_until=marketing_until,
    )
