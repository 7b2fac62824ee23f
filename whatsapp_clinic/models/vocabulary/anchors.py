"""Moments that rules write around."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Anchor:
    """A moment of what messages are about, around which rules write.

    `field` holds it, `states` are those in which a message about it makes sense. What
    was just done finds somebody awake. A message before the visit is of no use after.
    An appointed time may come back after a move; what was done is done once. Where
    `is_noted_later`, somebody notes only afterwards that it happened at all. What
    tells when the visit is spares a reminder along with it.
    """

    label: str
    field: str
    states: tuple = ("booked",)
    is_just_done: bool = False
    is_before_visit: bool = True
    is_appointed: bool = False
    tells_when: bool = False
    is_noted_later: bool = False
