from datetime import timedelta
from zoneinfo import ZoneInfo

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..models.clinic import public_holidays
from ..slots import moment
from ..tools import clock
from ..tools.access import require_group

_DAY = timedelta(days=1)
# As far ahead as somebody plans; feasts by the moon are known for longer.
_YEARS = 3


class HolidayImport(models.TransientModel):
    """Closes branches on the public holidays of their country, after a look at them."""

    _name = "whatsapp.clinic.holiday.import"
    _description = "Import of Public Holidays"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    branch_ids = fields.Many2many(
        "whatsapp.clinic.branch",
        string="Branches",
        required=True,
        domain="[('company_id', '=', company_id)]",
        default=lambda self: self._default_branches(),
        help="Each is closed on the holidays of its country, by its clock.",
    )
    year = fields.Selection(
        lambda self: self._years(),
        required=True,
        default=lambda self: self._next_year(),
    )
    line_ids = fields.One2many(
        "whatsapp.clinic.holiday.import.line",
        "import_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    collision_count = fields.Integer(
        "Appointments on These Days", compute="_compute_collision_count"
    )
    told = fields.Char("Note", compute="_compute_told")

    @api.model
    def _default_branches(self):
        return self.env["whatsapp.clinic.branch"].search(
            [("company_id", "=", self.env.company.id)]
        )

    @api.model
    def _years(self) -> list[tuple[str, str]]:
        first = clock.now().year
        return [(str(year), str(year)) for year in range(first, first + _YEARS)]

    @api.model
    def _next_year(self) -> str:
        """This one until the autumn."""
        now = clock.now()
        return str(now.year + (now.month >= 10))

    @api.depends("branch_ids", "year")
    @api.depends_context("lang")
    def _compute_line_ids(self):
        for one in self:
            lines = [values for place in one._places() for values in one._lines(place)]
            one.line_ids = [Command.clear(), *map(Command.create, lines)]

    @api.depends("line_ids.is_chosen")
    def _compute_collision_count(self):
        for one in self:
            chosen = one.line_ids.filtered("is_chosen")
            one.collision_count = sum(chosen.mapped("collision_count"))

    @api.depends("branch_ids", "year")
    @api.depends_context("lang")
    def _compute_told(self):
        for one in self:
            one.told = one._why_incomplete()

    def action_import(self) -> dict:
        """Close the branches on the chosen days, and show whose visits collide."""
        self.ensure_one()
        require_group(self.env, "group_manager")
        chosen = self.line_ids.filtered("is_chosen")
        if not chosen:
            raise UserError(self.env._("Choose at least one day."))
        leaves = self.env["resource.calendar.leaves"].create(
            [line._leave_values() for line in chosen]
        )
        collisions = self._collisions(chosen)
        if collisions:
            return self._show(collisions)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Closed on %s days.", len(leaves)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_show_collisions(self) -> dict:
        """List the appointments of the chosen days."""
        self.ensure_one()
        return self._show(self._collisions(self.line_ids.filtered("is_chosen")))

    def _show(self, appointments) -> dict:
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Appointments on Closed Days"),
            "res_model": appointments._name,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", appointments.ids)],
        }

    def _collisions(self, lines):
        found = self.env["whatsapp.clinic.appointment"]
        for line in lines:
            found |= line._appointments()
        return found

    def _places(self) -> list:
        """Branches that are closed together: of one country and one clock."""
        self.ensure_one()
        branches = self.branch_ids._origin or self.branch_ids
        return list(branches.grouped(lambda one: (one.country_id, one.tz)).values())

    def _lines(self, branches) -> list[dict]:
        country, zone = branches[0].country_id.code, ZoneInfo(branches[0].tz)
        if not self.year or not public_holidays.is_known(country):
            return []
        language = (self.env.lang or "en").partition("_")[0]
        lines = []
        for one in public_holidays.public_holidays(country, int(self.year), language):
            lines.append(
                {
                    "name": one.name,
                    "branch_ids": [Command.set(branches.ids)],
                    "date_from": moment(one.day, one.since, zone),
                    "date_to": moment(one.day + _DAY, 0, zone),
                    "told": format_date(self.env, one.day, date_format="EEE d MMM y"),
                    "since": one.since / 60,
                }
            )
        return [values for values in lines if values["date_to"] > clock.now()]

    def _why_incomplete(self) -> str:
        if not public_holidays.is_installed():
            return self.env._(
                "The server lacks the Python package “holidays”: ask whoever runs it, "
                "or enter closed days by hand."
            )
        unknown = self.branch_ids.country_id.filtered(
            lambda country: not public_holidays.is_known(country.code)
        )
        if unknown:
            return self.env._(
                "Holidays of %s are not known: enter closed days by hand.",
                ", ".join(unknown.mapped("name")),
            )
        return ""


class HolidayImportLine(models.TransientModel):
    """A holiday that branches may be closed on."""

    _name = "whatsapp.clinic.holiday.import.line"
    _description = "Public Holiday"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "date_from"

    import_id = fields.Many2one(
        "whatsapp.clinic.holiday.import", required=True, ondelete="cascade"
    )
    is_chosen = fields.Boolean(
        "Close", compute="_compute_is_chosen", store=True, readonly=False
    )
    name = fields.Char(required=True)
    told = fields.Char("Day")
    since = fields.Float("From", help="0:00 for the whole day.")
    branch_ids = fields.Many2many("whatsapp.clinic.branch", string="Branches")
    date_from = fields.Datetime(required=True)
    date_to = fields.Datetime(required=True)
    is_known = fields.Boolean(
        "Closed Already", compute="_compute_is_known", help="Nothing is entered twice."
    )
    collision_count = fields.Integer("Appointments", compute="_compute_collision_count")

    @api.depends("date_from", "date_to", "branch_ids")
    def _compute_is_known(self):
        for line in self:
            branches, leaves = line.branch_ids._origin, line._leaves()
            line.is_known = bool(branches) and all(
                any(leave._closes(branch) for leave in leaves) for branch in branches
            )

    @api.depends("is_known")
    def _compute_is_chosen(self):
        for line in self:
            line.is_chosen = not line.is_known

    @api.depends("date_from", "date_to", "branch_ids")
    def _compute_collision_count(self):
        for line in self:
            line.collision_count = len(line._appointments())

    def _leaves(self):
        """Times at which everybody is away already, as long as the day or longer."""
        company = self.branch_ids.company_id[:1]
        return self.env["resource.calendar.leaves"].search(
            Domain("resource_id", "=", False)
            & Domain("calendar_id", "=", False)
            & Domain("time_type", "=", "leave")
            & Domain("company_id", "in", [False, company.id])
            & Domain("date_from", "<=", self.date_from)
            & Domain("date_to", ">=", self.date_to - timedelta(minutes=1))
        )

    def _appointments(self):
        """Visits that are still expected on the day; of other branches than the
        user's only those that they see."""
        return self.env["whatsapp.clinic.appointment"].search(
            [
                ("branch_id", "in", self.branch_ids.ids),
                ("holds_slot", "=", True),
                ("start", "<", self.date_to),
                ("stop", ">", self.date_from),
            ]
        )

    def _leave_values(self) -> dict:
        return {
            "name": self.name,
            "company_id": self.branch_ids.company_id[:1].id,
            "calendar_id": False,
            "resource_id": False,
            "date_from": self.date_from,
            "date_to": self.date_to,
            "clinic_branch_ids": [Command.set(self.branch_ids.ids)],
        }
