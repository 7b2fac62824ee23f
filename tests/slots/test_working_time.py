"""Hours of a week by a wall clock, over changes of the clock."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from whatsapp_clinic.slots import (
    Grid,
    Hours,
    day_spans,
    moment,
    wall_steps,
    week_of,
    working_steps,
)
from whatsapp_clinic.slots.grid import steps_of, stretches_of

BERLIN, ISTANBUL = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Istanbul")
KATHMANDU, HAVANA = ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/Havana")
APIA, CAIRO = ZoneInfo("Pacific/Apia"), ZoneInfo("Africa/Cairo")
SUNDAY = 6


def spans(grid, hours, zone):
    found = stretches_of(working_steps(grid, hours, zone))
    return [(grid.at(since), grid.at(until)) for since, until in found]


def utc(*values):
    return datetime(*values)


def test_a_day_of_the_clinic():
    grid = Grid.over(utc(2026, 12, 7), utc(2026, 12, 8))
    hours = [Hours(0, 9 * 60, 12 * 60), Hours(0, 13 * 60, 18 * 60)]
    assert spans(grid, hours, ISTANBUL) == [
        (utc(2026, 12, 7, 6), utc(2026, 12, 7, 9)),
        (utc(2026, 12, 7, 10), utc(2026, 12, 7, 15)),
    ]


def test_the_clock_is_put_forward():
    grid = Grid.over(utc(2027, 3, 27), utc(2027, 3, 30))
    hours = [Hours(SUNDAY, 60, 9 * 60)]
    # From one, Central European Time, to nine, Summer Time: seven hours.
    expected = [(utc(2027, 3, 28, 0), utc(2027, 3, 28, 7))]
    assert spans(grid, hours, BERLIN) == expected


def test_hours_that_begin_in_the_missing_hour_begin_with_the_change():
    grid = Grid.over(utc(2027, 3, 27), utc(2027, 3, 30))
    expected = [(utc(2027, 3, 28, 1), utc(2027, 3, 28, 7))]
    assert spans(grid, [Hours(SUNDAY, 150, 540)], BERLIN) == expected
    assert spans(grid, [Hours(SUNDAY, 125, 175)], BERLIN) == []


def test_the_clock_is_put_back():
    grid = Grid.over(utc(2026, 10, 24), utc(2026, 10, 27))
    # The hour from two to three comes twice: it begins the first time, ends the second.
    assert spans(grid, [Hours(SUNDAY, 150, 540)], BERLIN) == [
        (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 8))
    ]
    assert spans(grid, [Hours(SUNDAY, 60, 150)], BERLIN) == [
        (utc(2026, 10, 24, 23), utc(2026, 10, 25, 1, 30))
    ]


def test_midnight_that_does_not_exist_is_the_change():
    # Cairo goes from Thursday, 24:00, to Friday, 1:00.
    day = date(2027, 4, 30)
    assert moment(day, 0, CAIRO) == utc(2027, 4, 29, 22)
    assert [*day_spans([day], CAIRO)] == [(utc(2027, 4, 29, 22), utc(2027, 4, 30, 21))]


def test_midnight_that_comes_twice_begins_the_day_once():
    # Havana goes back from Sunday, 1:00, to Sunday, 0:00.
    begin, end = next(day_spans([date(2026, 11, 1)], HAVANA))
    assert (end - begin).total_seconds() == 25 * 3600
    assert begin == utc(2026, 11, 1, 4)


def test_a_night_is_one_stretch():
    grid = Grid.over(utc(2026, 12, 11), utc(2026, 12, 14))
    hours = [Hours(5, 20 * 60, 24 * 60), Hours(6, 0, 4 * 60)]
    expected = [(utc(2026, 12, 12, 17), utc(2026, 12, 13, 1))]
    assert spans(grid, hours, ISTANBUL) == expected


def test_hours_that_meet_between_two_steps_leave_no_gap():
    grid = Grid.over(utc(2026, 12, 7), utc(2026, 12, 8))
    hours = [Hours(0, 540, 722), Hours(0, 722, 900)]
    assert spans(grid, hours, ISTANBUL) == [(utc(2026, 12, 7, 6), utc(2026, 12, 7, 12))]


def test_two_weeks_take_turns_as_odoo_counts_them():
    monday = date(2026, 12, 7)
    assert week_of(monday) != week_of(date(2026, 12, 14))
    grid = Grid.over(utc(2026, 12, 6), utc(2026, 12, 22))
    found = spans(grid, [Hours(0, 540, 600, week=week_of(monday))], ISTANBUL)
    assert found == [
        (utc(2026, 12, 7, 6), utc(2026, 12, 7, 7)),
        (utc(2026, 12, 21, 6), utc(2026, 12, 21, 7)),
    ]


def test_hours_count_between_their_days():
    grid = Grid.over(utc(2026, 12, 1), utc(2026, 12, 31))
    hours = [Hours(0, 540, 600, first=date(2026, 12, 14), last=date(2026, 12, 21))]
    assert [since.day for since, _until in spans(grid, hours, ISTANBUL)] == [14, 21]


def test_a_zone_whose_hours_lie_between_ours():
    grid = Grid.over(utc(2026, 12, 7), utc(2026, 12, 8))
    hours = [Hours(0, 540, 600)]
    assert spans(grid, hours, KATHMANDU) == [
        (utc(2026, 12, 7, 3, 15), utc(2026, 12, 7, 4, 15))
    ]


def test_visits_begin_on_the_marks_of_the_wall_clock():
    grid = Grid.over(utc(2026, 12, 7, 3), utc(2026, 12, 7, 5))
    marks = [grid.at(step) for step in steps_of(wall_steps(grid, 30, KATHMANDU))]
    assert [(one.hour, one.minute) for one in marks] == [
        (3, 15),
        (3, 45),
        (4, 15),
        (4, 45),
    ]


def test_marks_over_a_change_of_the_clock():
    grid = Grid.over(utc(2027, 3, 28), utc(2027, 3, 28, 4))
    marks = [grid.at(step) for step in steps_of(wall_steps(grid, 120, BERLIN))]
    # 2:00 does not exist; 4:00 and 6:00 follow.
    assert marks == [utc(2027, 3, 28, 2)]


@pytest.mark.parametrize("minutes", [0, -5, 7])
def test_marks_are_steps(minutes):
    with pytest.raises(ValueError):
        wall_steps(Grid.over(utc(2026, 12, 7), utc(2026, 12, 8)), minutes, ISTANBUL)


def test_a_day_that_was_left_out():
    # Apia skipped 30 December 2011 when it changed sides of the date line.
    day = date(2011, 12, 30)
    begin, end = next(day_spans([day], APIA))
    assert begin == end
    grid = Grid.over(utc(2011, 12, 29), utc(2012, 1, 1))
    assert spans(grid, [Hours(day.weekday(), 540, 600)], APIA) == []
