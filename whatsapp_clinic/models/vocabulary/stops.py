"""Who or what said that somebody wants no messages any more, or wants them again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where a stop or a start comes from.

    `lifts` are the sources of the stops that a start of this source ends; only stops
    come from one that lifts none.
    """

    label: str
    lifts: frozenset = frozenset()


SCOPES = [("all", "All messages"), ("advertising", "Advertising")]
DECISIONS = [("stop", "Stopped"), ("start", "Allowed again")]

_WISHES = frozenset({"stop_word", "staff", "preference", "error", "unknown"})
_EVERY = _WISHES | {"wrong_person"}
# Of several stops that stand, the first in this order is shown.
SOURCES = {
    "wrong_person": Source("Not the patient's number"),
    "stop_word": Source("Stop word in the chat"),
    "staff": Source("Clinic staff", lifts=_EVERY),
    "preference": Source(
        "WhatsApp's own control", lifts=frozenset({"preference", "error"})
    ),
    "error": Source("WhatsApp reported an opt-out"),
    "unknown": Source("Not recorded", lifts=_WISHES),
    "start_word": Source("Start word in the chat", lifts=_WISHES),
    "agreement": Source("Agreed to advertising", lifts=frozenset({"stop_word"})),
    "entered": Source(
        "Number entered or confirmed by staff", lifts=frozenset({"wrong_person"})
    ),
    "new_holder": Source("The number is another patient's now", lifts=_WISHES),
    "merge": Source("Two numbers turned out to be one", lifts=_EVERY),
}
STOPPING = [(name, SOURCES[name].label) for name in SOURCES if name in _EVERY]
RANK = {name: place for place, name in enumerate(SOURCES)}
