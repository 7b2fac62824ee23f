"""Odoo's working hours, as free time is made of them."""

from ...slots import Hours

_MINUTES = 60


def hours_of(calendar) -> tuple[Hours, ...] | None:
    """The hours of a week of a `resource.calendar`, by the clock of where they count.

    None where they are not fixed: flexible hours say how long somebody works and not
    when, and who has none at all would work day and night. The calendar's own zone says
    nothing: a practitioner works by the clock of the branch.
    """
    if not calendar or calendar.flexible_hours:
        return None
    takes_turns = calendar.two_weeks_calendar
    return tuple(
        Hours(
            weekday=int(attendance.dayofweek),
            since=_minutes(attendance.hour_from),
            until=_minutes(attendance.hour_to),
            week=int(attendance.week_type)
            if takes_turns and attendance.week_type
            else None,
        )
        for attendance in calendar.attendance_ids
        if not attendance.display_type and attendance.day_period != "lunch"
    )


def _minutes(hours: float) -> int:
    return min(round(hours * _MINUTES), 24 * _MINUTES)
