"""Moments of an appointment that rules write around."""

from odoo.tools import LazyTranslate

from ..vocabulary.anchors import Anchor
from ..vocabulary.visit_states import TOOK_PLACE_STATES

_lt = LazyTranslate(__name__)

ANCHORS = {
    "booked": Anchor(
        _lt("When booked"), "booked_at", is_just_done=True, tells_when=True
    ),
    "moved": Anchor(_lt("When moved"), "moved_at", is_just_done=True, tells_when=True),
    "confirmed": Anchor(
        _lt("When confirmed by the patient"), "confirmed_at", is_just_done=True
    ),
    "start": Anchor(_lt("Start of the appointment"), "start", is_appointed=True),
    "end": Anchor(
        _lt("End of a visit that took place"),
        "stop",
        TOOK_PLACE_STATES,
        is_before_visit=False,
        is_appointed=True,
        is_noted_later=True,
    ),
    "noshow": Anchor(
        _lt("When missed"), "missed_at", ("noshow",), is_before_visit=False
    ),
    "cancelled": Anchor(
        _lt("When cancelled"),
        "cancelled_at",
        ("cancelled",),
        is_just_done=True,
        is_before_visit=False,
    ),
}
