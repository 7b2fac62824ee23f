from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Verdict:
    """What the gate says about a message.

    `action` is `send`, `hold` (until the naive UTC time `until`) or `refuse`; `reason`
    is one of the message's reasons, `detail` a few words more. `reaches_out` says of
    what may go that the patient did not write within the 24 hours before.
    """

    action: str
    reason: str | None = None
    detail: str | None = None
    until: datetime | None = None
    reaches_out: bool = False

    @property
    def is_refusal(self) -> bool:
        return self.action == "refuse"


SEND = Verdict("send")


def refuse(reason: str, detail: str | None = None) -> Verdict:
    return Verdict("refuse", reason, detail)


def hold(reason: str, until: datetime) -> Verdict:
    return Verdict("hold", reason, until=until)


def judge_one(message, facts, judges: list[Callable]) -> Verdict | None:
    """The first objection of these, in their order; None where none has any."""
    for judge in judges:
        if verdict := judge(message, facts):
            return verdict
    return None
