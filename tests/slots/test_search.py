"""Free time, beside its slow twin, and the order in which it is offered."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.slots.twin import make_place
from whatsapp_clinic.slots import (
    Diary,
    Grid,
    Offer,
    Session,
    Visit,
    World,
    lost_minutes,
    obstacles,
    working_steps,
)
from whatsapp_clinic.slots.grid import steps_of

BEGIN = datetime(2026, 12, 7, 6)
ISTANBUL = ZoneInfo("Europe/Istanbul")
WORLDS = 150
PLACES = [make_place(seed) for seed in range(WORLDS)]


def world_of(place) -> World:
    grid, zone = place.grid, place.zone
    people = tuple(one.diary(key, grid, zone) for key, one in enumerate(place.people))
    rooms = place.rooms and tuple(
        one.diary(key, grid, zone) for key, one in enumerate(place.rooms)
    )
    return World(grid, people, grid.full, rooms)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_what_is_offered_is_what_every_minute_says(seed):
    place = PLACES[seed]
    grid, found = place.grid, world_of(place).starts(place.visit)
    for key, person in enumerate(place.people):
        offered = {grid.at(step) for step in steps_of(found[key])}
        assert offered == place.starts(person), seed


def test_most_worlds_have_times_to_offer():
    starts = [world_of(place).starts(place.visit).values() for place in PLACES]
    assert sum(any(found) for found in starts) > WORLDS // 2


@pytest.mark.parametrize("seed", range(0, WORLDS, 3))
def test_something_stands_against_exactly_what_is_not_offered(seed):
    place = PLACES[seed]
    grid, person = place.grid, place.people[0]
    starts = person.diary(0, grid, place.zone).starts(grid, place.visit)
    working = working_steps(grid, person.hours, place.zone)
    for step in range(100, grid.size - 100):
        told = obstacles(grid, place.visit, grid.at(step), working, person.blocks)
        assert bool(told) != bool(starts >> step & 1), (seed, step)


def at(minutes: int) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def steps(grid: Grid, *spans: tuple[int, int]) -> int:
    return grid.within((at(since), at(until)) for since, until in spans)


class TestOrder:
    """Two people of whom the first works an hour, the second two."""

    def setup_method(self):
        self.grid = Grid.over(BEGIN, at(24 * 60))
        self.short = Diary(7, steps(self.grid, (0, 60)))
        self.long = Diary(3, steps(self.grid, (0, 120)))
        self.world = World(self.grid, (self.short, self.long), self.grid.full)

    def test_time_of_two_people_is_never_joined_to_one_visit(self):
        apart = (
            Diary(1, steps(self.grid, (0, 30))),
            Diary(2, steps(self.grid, (30, 60))),
        )
        world = World(self.grid, apart, self.grid.full)
        assert world.offers(Visit(45), limit=9) == []

    def test_one_offer_for_a_time_with_the_first_who_is_free(self):
        offers = self.world.offers(Visit(60), limit=2)
        assert offers == [Offer(at(0), 7), Offer(at(5), 3)]

    def test_who_keeps_no_hole_goes_first_at_one_time(self):
        # Of the first a quarter of an hour would be left, which nobody fits in.
        world = World(self.grid, (self.short, self.long), 1)
        assert world.offers(Visit(45), 1, shortest=30) == [Offer(at(0), 3)]

    def test_times_of_a_day_that_leave_no_hole_go_before_others(self):
        world = World(self.grid, (self.short,), self.grid.full)
        offers = world.offers(Visit(30), 9, shortest=30, zone=ISTANBUL)
        assert [one.start for one in offers[:3]] == [at(0), at(30), at(5)]
        assert len(offers) == 7

    def test_a_hole_counts_what_is_needed_around(self):
        world = World(self.grid, (self.short,), self.grid.full)
        offers = world.offers(Visit(30, after=5), 9, shortest=25, zone=ISTANBUL)
        assert offers[0].start == at(0)
        assert [one.start for one in offers[1:4]] == [at(25), at(30), at(5)]

    def test_lost_minutes_are_of_holes_only(self):
        taken = steps(self.grid, (10, 30), (45, 55))
        diary = Diary(1, self.short.working, taken)
        assert lost_minutes(self.grid, diary, 15) == 10 + 5
        assert lost_minutes(self.grid, diary, 20) == 10 + 15 + 5
        assert lost_minutes(self.grid, diary, 5) == 0

    def test_marks_and_notice_bound_what_is_offered(self):
        begins = self.grid.from_step(self.grid.ceiling(at(61)))
        world = World(self.grid, (self.long,), begins)
        assert world.offers(Visit(30), 1) == [Offer(at(65), 3)]


class TestRooms:
    def setup_method(self):
        self.grid = Grid.over(BEGIN, at(24 * 60))
        self.person = Diary(1, steps(self.grid, (0, 120)))

    def world(self, *rooms: Diary) -> World:
        return World(self.grid, (self.person,), self.grid.full, rooms)

    def test_person_and_room_are_free_at_once(self):
        offers = self.world(Diary(8, steps(self.grid, (60, 90)))).offers(Visit(30), 5)
        assert offers == [Offer(at(60), 1, 8)]

    def test_two_half_free_rooms_are_no_room(self):
        rooms = (
            Diary(8, steps(self.grid, (0, 20))),
            Diary(9, steps(self.grid, (20, 40))),
        )
        assert self.world(*rooms).offers(Visit(30), 5) == []

    def test_no_room_at_all_is_no_time(self):
        assert self.world().offers(Visit(30), 5) == []

    def test_the_first_room_that_is_free(self):
        rooms = (
            Diary(8, steps(self.grid, (0, 120)), steps(self.grid, (0, 10))),
            Diary(9, steps(self.grid, (0, 120))),
        )
        found = self.world(*rooms).offers(Visit(30), 3)
        assert [(one.start, one.room) for one in found] == [
            (at(0), 9),
            (at(5), 9),
            (at(10), 8),
        ]


class TestSessions:
    """A visit of several: who comes joins what is there before another is begun."""

    def setup_method(self):
        self.grid = Grid.over(BEGIN, at(24 * 60))

    def offers(self, *sessions: Session, taken: int = 0) -> list[Offer]:
        person = Diary(1, steps(self.grid, (0, 60)), taken)
        world = World(self.grid, (person,), self.grid.full, sessions=sessions)
        return world.offers(Visit(60), 5)

    def test_session_with_places_left_is_offered_though_its_time_is_taken(self):
        taken = steps(self.grid, (0, 60))
        found = self.offers(Session(0, 1, 4, places_left=2), taken=taken)
        assert found == [Offer(at(0), 1, 4)]

    def test_full_session_is_not_offered(self):
        taken = steps(self.grid, (0, 60))
        assert self.offers(Session(0, 1, None, places_left=0), taken=taken) == []

    def test_fuller_one_of_two_at_one_time(self):
        found = self.offers(
            Session(0, 1, None, places_left=1), Session(0, 2, None, places_left=5)
        )
        assert found == [Offer(at(0), 1)]


@pytest.mark.parametrize("values", [(0,), (-5,), (30, -1), (30, 0, -1)])
def test_a_visit_takes_time(values):
    with pytest.raises(ValueError):
        Visit(*values)
