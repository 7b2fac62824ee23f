"""Free times as the desk is shown them, and why a time is none, in words."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.tools import format_date, format_time

from ...slots import Obstacle, Reason
from ...tools import clock
from .availability import MARKS, Availability

_SHOWN = 6
# As many as one day can have.
_OF_A_DAY = 24 * 60 // MARKS
_SEARCHED = timedelta(days=28)


def free_times(appointment) -> dict:
    """What is free for a visit that is being written, near its time.

    `times`: {start (UTC, as Odoo writes it), practitioner (id, name), told (by the
    branch's clock)}, with the practitioner that is chosen or any of the branch; `told`
    says why there are none.
    """
    env, branch = appointment.env, appointment.branch_id
    asked = _asked(appointment, appointment.practitioner_id or _of_branch(branch))
    if not asked.practitioners:
        return {"times": [], "told": ""}
    wanted = appointment.start or clock.now()
    since = max(clock.now(), _midnight(wanted, branch.tz))
    offers = _near(asked.offers(since, since + _SEARCHED, _OF_A_DAY), wanted)
    people = {one.id: one for one in asked.practitioners}
    times = [
        {
            "start": fields.Datetime.to_string(offer.start),
            "practitioner": [offer.person, people[offer.person].name],
            "told": _when(env, branch, offer.start),
        }
        for offer in offers
    ]
    return {"times": times, "told": "" if times else _none(env, asked)}


def objection(appointment) -> str:
    """Why nobody can come at the time of a coming visit; "" if somebody can."""
    one = appointment
    if not (one.practitioner_id and one.branch_id and one.start):
        return ""
    if one._is_over():
        return ""
    found = _asked(one, one.practitioner_id).obstacles(one.start)
    return (
        _words(one.env, one.branch_id, one.practitioner_id, found[0]) if found else ""
    )


def _asked(appointment, practitioners) -> Availability:
    one = appointment
    return Availability(
        branch=one.branch_id._origin,
        visit_type=one.type_id._origin,
        practitioners=practitioners._origin,
        patient=one.partner_id._origin,
        moved=one._origin,
        duration=round((one.duration or 0) * 60) or None,
    )


def _of_branch(branch):
    practitioners = branch.env["whatsapp.clinic.practitioner"]
    return practitioners.search([("branch_ids", "in", branch._origin.ids)])


def _near(offers: list, wanted: datetime) -> list:
    """Those that are nearest to a time, in their order."""
    nearest = sorted(offers, key=lambda one: abs(one.start - wanted))[:_SHOWN]
    return sorted(nearest, key=lambda one: one.start)


def _midnight(at: datetime, zone: str) -> datetime:
    wall = clock.in_zone(at, zone).replace(hour=0, minute=0, second=0, tzinfo=None)
    return clock.from_zone(wall, zone)


def _none(env, asked: Availability) -> str:
    if not asked.has_hours():
        return env._(
            "Nobody has fixed working hours: free times are shown once they are "
            "entered under Practitioners."
        )
    return env._("Nothing is free in the next four weeks.")


def _when(env, branch, at: datetime) -> str:
    local = clock.in_zone(at, branch.tz)
    day = format_date(env, local.date(), date_format="EEE d MMM")
    told = f"{day} {format_time(env, local.time(), time_format='short')}"
    zone = branch.with_env(env)._foreign_zone(at)
    return f"{told} ({zone})" if zone else told


def _words(env, branch, practitioner, found: Obstacle) -> str:
    told = {
        "practitioner": practitioner.name,
        "until": found.until and _when(env, branch, found.until),
    }
    if found.reason is Reason.HOLIDAY:
        return env._("The clinic is closed until %(until)s.", **told)
    if found.reason is Reason.LEAVE:
        return env._("%(practitioner)s is away until %(until)s.", **told)
    if found.reason is Reason.NOT_WORKING:
        return env._("%(practitioner)s does not work at this time.", **told)
    if found.reason is Reason.BUFFER:
        return env._(
            "%(practitioner)s needs the time around another appointment, until "
            "%(until)s.",
            **told,
        )
    return env._("%(practitioner)s has another appointment until %(until)s.", **told)
