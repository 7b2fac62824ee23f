"""When somebody can come: what the database knows, put to `slots`."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from odoo.fields import Domain

from ...slots import (
    Block,
    Diary,
    Grid,
    Hours,
    Obstacle,
    Offer,
    Reason,
    Visit,
    World,
    obstacles,
    wall_steps,
    working_steps,
)
from ..clinic.working_hours import hours_of

# Visits begin on these minutes of the wall clock, unless somebody enters another time.
MARKS = 15
# What is needed around a visit may reach into the days before and after.
_MARGIN = timedelta(days=1)


@dataclass
class Availability:
    """Free time at a branch for one kind of visit.

    `practitioners` are asked in their order; of each all appointments count, also those
    of other branches, which the user may not see: what is told of them is that somebody
    is taken. `patient` is who comes, None for anybody. `moved` is the appointment that
    looks for another time, and does not stand in its own way.
    """

    branch: object
    visit_type: object
    practitioners: object
    patient: object = None
    moved: object = None
    duration: int | None = None

    @cached_property
    def visit(self) -> Visit:
        """What is to be put somewhere, in minutes."""
        kind = self.visit_type
        minutes = self.duration or round((kind.duration or 0.5) * 60)
        return Visit(max(minutes, 1), kind.buffer_before, kind.buffer_after)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.branch.tz)

    def offers(self, since: datetime, until: datetime, limit: int) -> list[Offer]:
        """The first free times between two moments (naive UTC), one for each time."""
        grid = Grid.over(since - _MARGIN, until + _MARGIN)
        begins = wall_steps(grid, MARKS, self.zone)
        begins &= grid.within([(since, until)])
        people = tuple(self._diaries(grid))
        return World(grid, people, begins).offers(self.visit, limit)

    def obstacles(self, start: datetime) -> list[Obstacle]:
        """What stands against the first practitioner at a time (naive UTC).

        Sources are records of Odoo, which the user may not be allowed to read.
        """
        grid = Grid.over(start - _MARGIN, start + 2 * _MARGIN)
        first = self.practitioners[:1]
        blocks = [*self._absences(grid)[first.id], *self._appointments(grid, first)]
        working = self._working(first, grid)
        return obstacles(grid, self.visit, start, working, blocks)

    def has_hours(self) -> bool:
        """Whether somebody's hours are known, so that there can be free times."""
        return any(self._hours(one) for one in self.practitioners)

    def _diaries(self, grid: Grid):
        taken, absences = self._taken(grid), self._absences(grid)
        for one in self.practitioners:
            away = grid.touched(
                (block.since, block.until) for block in absences[one.id]
            )
            working = self._working(one, grid) & ~away
            yield Diary(one.id, working, grid.taken(taken[one.id]))

    def _working(self, practitioner, grid: Grid) -> int:
        found = grid.full
        for groups in self._hours(practitioner):
            steps = 0
            for hours in groups:
                steps |= working_steps(grid, hours, self.zone)
            found &= steps
        return found if self._hours(practitioner) else 0

    def _hours(self, practitioner) -> list[list[tuple[Hours, ...]]]:
        """Hours of which somebody works in all at once, each any of several.

        Empty where no hours say when somebody works.
        """
        own = practitioner.sudo().hours_ids.filtered(
            lambda one: one._fit(self.branch, self.visit_type, self._is_new)
        )
        narrow = own.filtered(lambda one: one.type_id or one.patients)
        base = [_dated(one) for one in own - narrow]
        if not base:
            usual = hours_of(practitioner.sudo().resource_calendar_id)
            base = [usual] if usual else []
        if not base:
            return []
        narrowed = narrow.grouped(lambda one: (bool(one.type_id), bool(one.patients)))
        return [base, *([_dated(one) for one in group] for group in narrowed.values())]

    @cached_property
    def _is_new(self) -> bool | None:
        if not self.patient:
            return None
        # sudo: a visit to another branch makes a patient known, too
        return not self._appointment_model.sudo().search_count(
            [("partner_id", "=", self.patient.id), ("state", "=", "fulfilled")], limit=1
        )

    @property
    def _appointment_model(self):
        return self.branch.env["whatsapp.clinic.appointment"]

    def _taken(self, grid: Grid) -> dict[int, list[tuple[int, int]]]:
        """Steps from 1970 that appointments take, by practitioner: one look-up."""
        appointments = self._appointment_model
        appointments.flush_model(
            ["practitioner_id", "busy_from", "busy_until", "holds_slot"]
        )
        appointments.env.cr.execute(
            """
            SELECT practitioner_id,
                   array_agg(floor(extract(epoch FROM busy_from) / 300)::int),
                   array_agg(ceil(extract(epoch FROM busy_until) / 300)::int)
            FROM whatsapp_clinic_appointment
            WHERE practitioner_id = ANY(%s) AND holds_slot AND id <> ALL(%s)
              AND tsrange(busy_from, busy_until, '[)') && tsrange(%s, %s, '[)')
            GROUP BY practitioner_id
            """,
            [self.practitioners.ids, self._own_ids, grid.at(0), grid.at(grid.size)],
        )
        found: dict[int, list] = defaultdict(list)
        for practitioner_id, since, until in appointments.env.cr.fetchall():
            found[practitioner_id] = list(zip(since, until, strict=True))
        return found

    @property
    def _own_ids(self) -> list[int]:
        return self.moved.ids if self.moved else []

    def _appointments(self, grid: Grid, practitioner) -> list[Block]:
        # sudo: that somebody is taken is no secret, with whom is
        found = self._appointment_model.sudo().search(
            [
                ("practitioner_id", "=", practitioner.id),
                ("holds_slot", "=", True),
                ("id", "not in", self._own_ids),
                ("busy_from", "<", grid.at(grid.size)),
                ("busy_until", ">", grid.at(0)),
            ]
        )
        return [
            Block(
                Reason.APPOINTMENT,
                one.busy_from,
                one.busy_until,
                (one.start, one.stop),
                one,
            )
            for one in found
        ]

    def _absences(self, grid: Grid) -> dict[int, list[Block]]:
        """Leaves of each practitioner, and holidays of the clinic, by practitioner."""
        resources = self.practitioners.sudo().resource_id
        leaves = resources.env["resource.calendar.leaves"].search(
            Domain("date_from", "<", grid.at(grid.size))
            & Domain("date_to", ">", grid.at(0))
            & Domain("time_type", "=", "leave")
            & Domain("resource_id", "in", [False, *resources.ids])
            & Domain("company_id", "in", [False, self.branch.company_id.id])
        )
        found: dict[int, list[Block]] = defaultdict(list)
        for practitioner in self.practitioners.sudo():
            for leave in leaves:
                reason = self._absence(leave, practitioner)
                if reason:
                    block = Block(reason, leave.date_from, leave.date_to, source=leave)
                    found[practitioner.id].append(block)
        return found

    def _absence(self, leave, practitioner) -> Reason | None:
        """What a leave is to somebody: one without a person is a holiday, of everybody
        or of who works these hours."""
        if leave.resource_id:
            is_own = leave.resource_id == practitioner.resource_id
            return Reason.LEAVE if is_own else None
        if not leave._closes(self.branch):
            return None
        calendars = (
            practitioner.resource_calendar_id | practitioner.hours_ids.calendar_id
        )
        is_for = not leave.calendar_id or leave.calendar_id in calendars
        return Reason.HOLIDAY if is_for else None


def _dated(own) -> tuple[Hours, ...]:
    """A practitioner's own hours, between their days."""
    return tuple(
        Hours(
            hours.weekday,
            hours.since,
            hours.until,
            hours.week,
            own.date_from or None,
            own.date_to or None,
        )
        for hours in hours_of(own.calendar_id) or ()
    )
