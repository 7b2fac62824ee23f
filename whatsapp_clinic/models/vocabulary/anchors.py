"""Moments that rules write around."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Anchor:
    """A moment of an appointment that rules write around.

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


ANCHORS = {
    "booked": Anchor("When booked", "booked_at", is_just_done=True, tells_when=True),
    "moved": Anchor("When moved", "moved_at", is_just_done=True, tells_when=True),
    "confirmed": Anchor(
        "When confirmed by the patient", "confirmed_at", is_just_done=True
    ),
    "start": Anchor("Start of the appointment", "start", is_appointed=True),
    "end": Anchor(
        "End of a visit that took place",
        "stop",
        ("arrived", "fulfilled"),
        is_before_visit=False,
        is_appointed=True,
        is_noted_later=True,
    ),
    "noshow": Anchor("When missed", "missed_at", ("noshow",), is_before_visit=False),
    "cancelled": Anchor(
        "When cancelled",
        "cancelled_at",
        ("cancelled",),
        is_just_done=True,
        is_before_visit=False,
    ),
}
# Their messages make sense when the visit is over, or was cancelled.
AFTERWARDS = frozenset(
    name for name, anchor in ANCHORS.items() if not anchor.is_before_visit
)
TELLING_WHEN = tuple(name for name, anchor in ANCHORS.items() if anchor.tells_when)
