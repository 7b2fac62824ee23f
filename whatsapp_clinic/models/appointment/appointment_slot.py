"""Who stands in the way when a time is taken, in words."""

import math
import re
from datetime import timedelta

from odoo import fields
from odoo.tools import format_date, format_time

from ...tools import clock
from .availability import Availability

_SEARCHED = timedelta(days=28)
# How PostgreSQL shows the key of an exclusion: the practitioner, and two times.
_KEY = re.compile(r'=\((\d+), \["([^"]+)","([^"]+)"\)\)')


def tell_taken(env, diagnostics) -> str:
    """Why the exclusion refuses a time: until when it is taken, when there is room.

    `diagnostics` are psycopg2's, or None. No patient is named: Odoo logs what it tells.
    """
    keys = _KEY.findall((diagnostics and diagnostics.message_detail) or "")
    if len(keys) != 2:
        return env._(
            "This time is already taken: the practitioner has another appointment then."
        )
    (practitioner_id, *wanted), (_same, *taken) = keys
    wanted_from, wanted_until, taken_from, taken_until = map(
        fields.Datetime.to_datetime, (*wanted, *taken)
    )
    practitioner = (
        env["whatsapp.clinic.practitioner"].sudo().browse(int(practitioner_id))
    )
    later = (
        env["whatsapp.clinic.appointment"]
        .sudo()
        .search(
            [
                ("practitioner_id", "=", practitioner.id),
                ("holds_slot", "=", True),
                ("busy_until", ">", taken_from),
            ],
            order="busy_from",
        )
    )
    branch = later[:1].branch_id
    length = wanted_until - wanted_from
    free_from = _first_offer(branch, practitioner, taken_until, length) or _first_gap(
        [(one.busy_from, one.busy_until) for one in later], taken_until, length
    )

    def clock_time(at):
        zone = branch.tz or "UTC"
        told = format_time(env, at, tz=zone, time_format="short")
        day = clock.in_zone(at, zone).date()
        if day != clock.in_zone(wanted_from, zone).date():
            told = f"{format_date(env, day, date_format='EEE d MMM')} {told}"
        zone = branch.with_env(env)._foreign_zone(at)
        return f"{told} ({zone})" if zone else told

    return env._(
        "This time is already taken: %(practitioner)s has another appointment until "
        "%(until)s. There is room for this visit from %(free)s on.",
        practitioner=practitioner.name,
        until=clock_time(taken_until),
        free=clock_time(free_from),
    )


def _first_offer(branch, practitioner, since, length):
    """The first free time in working hours from a time on (naive UTC), if there is one.

    `length` includes what is needed before and after.
    """
    no_type = branch.env["whatsapp.clinic.appointment.type"]
    minutes = math.ceil(length.total_seconds() / 60)
    asked = Availability(branch, no_type, practitioner, duration=minutes)
    offers = asked.offers(since, since + _SEARCHED, 1) if branch else []
    return offers[0].start if offers else None


def _first_gap(busy: list[tuple], start, length):
    """When a gap of a length begins at or after a time; `busy` is sorted."""
    for busy_from, busy_until in busy:
        if busy_from >= start + length:
            break
        start = max(start, busy_until)
    return start
