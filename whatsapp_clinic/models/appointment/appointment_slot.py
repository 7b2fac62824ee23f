"""Who stands in the way when a time is taken, in words."""

import re

from odoo import fields
from odoo.tools import format_time

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
    free_from = _first_gap(
        [(one.busy_from, one.busy_until) for one in later],
        taken_until,
        wanted_until - wanted_from,
    )
    branch = later[:1].branch_id

    def clock_time(at):
        told = format_time(env, at, tz=branch.tz or "UTC", time_format="short")
        zone = branch.with_env(env)._foreign_zone(at)
        return f"{told} ({zone})" if zone else told

    return env._(
        "This time is already taken: %(practitioner)s has another appointment until "
        "%(until)s. There is room for this visit from %(free)s on.",
        practitioner=practitioner.name,
        until=clock_time(taken_until),
        free=clock_time(free_from),
    )


def _first_gap(busy: list[tuple], start, length):
    """When a gap of a length begins at or after a time; `busy` is sorted."""
    for busy_from, busy_until in busy:
        if busy_from >= start + length:
            break
        start = max(start, busy_until)
    return start
