"""States of an appointment, by the words of FHIR's AppointmentStatus, in the order in
which a visit usually goes through them; without those that a desk has no use for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VisitState:
    """What holds while a visit is in it, and how it shows.

    `decoration` is Odoo's, of its badge; `follows` are the states that the desk's
    buttons lead to, `before` where a wrong click came from; `stamp` is the field that
    notes when it was entered.
    """

    label: str
    decoration: str | None = None
    follows: tuple = ()
    before: str | None = None
    stamp: str | None = None
    # The time is an idea of the desk's: the patient does not have it yet.
    is_unbooked: bool = False
    # The patient is to come.
    is_coming: bool = False
    # Nobody else is seen meanwhile.
    holds_slot: bool = False
    # The patient came.
    took_place: bool = False
    # Done with, as far as the desk goes.
    is_done: bool = False
    # Leaving or entering it makes what the patient was told out of date.
    is_off: bool = False


VISIT_STATES = {
    "proposed": VisitState(
        "Proposed", follows=("booked", "cancelled"), is_unbooked=True, is_coming=True
    ),
    "waitlist": VisitState(
        "Waiting List",
        follows=("booked", "cancelled"),
        is_unbooked=True,
        is_coming=True,
    ),
    "booked": VisitState(
        "Booked",
        "info",
        follows=("arrived", "noshow", "cancelled"),
        stamp="booked_at",
        is_coming=True,
        holds_slot=True,
    ),
    "arrived": VisitState(
        "Arrived",
        "success",
        follows=("fulfilled", "cancelled"),
        before="booked",
        holds_slot=True,
        took_place=True,
    ),
    "fulfilled": VisitState(
        "Done",
        "success",
        before="arrived",
        holds_slot=True,
        took_place=True,
        is_done=True,
    ),
    "noshow": VisitState(
        "No-show",
        "danger",
        follows=("booked",),
        before="booked",
        stamp="missed_at",
        is_done=True,
        is_off=True,
    ),
    "cancelled": VisitState(
        "Cancelled",
        "muted",
        follows=("booked",),
        before="booked",
        stamp="cancelled_at",
        is_done=True,
        is_off=True,
    ),
}
VISIT_STATE_SELECTION = [(name, state.label) for name, state in VISIT_STATES.items()]


def _names(holds) -> tuple[str, ...]:
    return tuple(name for name, state in VISIT_STATES.items() if holds(state))


UNBOOKED_STATES = _names(lambda state: state.is_unbooked)
COMING_STATES = _names(lambda state: state.is_coming)
SLOT_STATES = _names(lambda state: state.holds_slot)
TOOK_PLACE_STATES = _names(lambda state: state.took_place)
DONE_STATES = _names(lambda state: state.is_done)
OFF_STATES = _names(lambda state: state.is_off)
# The patient is here, or has the appointment.
ENGAGED_STATES = _names(lambda state: state.holds_slot and not state.is_done)
