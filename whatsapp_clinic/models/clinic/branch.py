from babel.core import get_global

from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get

from ...tools import clock
from ...tools.quiet_hours import quiet_period

# What of it rules have used for what waits.
_PLANNING = {"channel_id", "company_id", "tz", "quiet_from", "quiet_to"}


class Branch(models.Model):
    """A place where the clinic sees patients, and who works there."""

    _name = "whatsapp.clinic.branch"
    _description = "Clinic Branch"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "sequence, name"
    _check_company_auto = True

    name = fields.Char(required=True, help="As patients know it.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Address",
        required=True,
        default=lambda self: self.env.company.partner_id,
        help="Address and phone that patients are told.",
    )
    country_id = fields.Many2one(
        "res.country",
        required=True,
        default=lambda self: self.env.company.country_id,
        help="Phone numbers without a country code are numbers of this country.",
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        "Language of New Patients",
        help="Empty: the company's.",
    )
    tz = fields.Selection(
        _tz_get,
        "Time Zone",
        required=True,
        default=lambda self: (
            _only_zone(self.env.company.country_id) or self.env.user.tz or "UTC"
        ),
    )
    member_ids = fields.Many2many(
        "res.users",
        "whatsapp_clinic_branch_member",
        "branch_id",
        "user_id",
        "Staff",
        help="They see this branch's appointments and messages.",
    )
    channel_id = fields.Many2one(
        "whatsapp.clinic.channel",
        check_company=True,
        default=lambda self: self._default_channel(),
        help="The number that this branch writes from.",
    )

    quiet_from = fields.Float(
        "Quiet from",
        default=21.0,
        required=True,
        help="In these hours, by the patient's clock, rules do not write.",
    )
    quiet_to = fields.Float("Quiet to", default=8.0, required=True)

    _quiet_hours = models.Constraint(
        "CHECK (quiet_from >= 0 AND quiet_from < 24 "
        "AND quiet_to >= 0 AND quiet_to < 24)",
        "Quiet hours are times of the day, from 0:00 to 23:59.",
    )
    _name_uniq = models.Constraint(
        "UNIQUE (company_id, name)", "There is a branch of this name already."
    )

    @api.model
    def _default_channel(self, company_id: int | None = None):
        """The only number of a company, default the user's, if there is one."""
        channels = self.env["whatsapp.clinic.channel"].search(
            [("company_id", "=", company_id or self.env.company.id)], limit=2
        )
        return channels if len(channels) == 1 else channels.browse()

    @api.model_create_multi
    def create(self, vals_list):
        self._check_given(vals_list)
        branches = super().create(
            [
                {"channel_id": self._default_channel(vals.get("company_id")).id, **vals}
                for vals in vals_list
            ]
        )
        for company in branches.company_id:
            company._follow_first_branch()
        return branches

    def write(self, vals):
        result = super().write(vals)
        if _PLANNING & vals.keys():
            self._plan_messages()
        return result

    @api.model
    def _usual(self):
        """Where a patient belongs of whom nothing was said: the user's first branch,
        else the company's, if it has one only."""
        own = self.search(
            [
                ("member_ids", "in", self.env.uid),
                ("company_id", "in", self.env.companies.ids),
            ],
            limit=1,
        )
        every = self.search([("company_id", "=", self.env.company.id)], limit=2)
        return own or (every if len(every) == 1 else self.browse())

    def _reception(self, preferred=None):
        """Who of these branches gets an activity: reception, else whoever works there.

        `preferred` are users who are asked first, if they are of reception.
        """
        desk = self.member_ids.filtered(
            lambda user: user.has_group("whatsapp_clinic.group_receptionist")
        )
        known = desk & preferred if preferred else desk.browse()
        return (known or desk or self.member_ids)[:1]

    def _foreign_zone(self, at) -> str:
        """The branch's zone where its clock is not the user's at a moment; else "".

        `at` is naive UTC. Whose zone is not known may be anywhere.
        """
        own = self.env.context.get("tz") or self.env.user.tz
        offsets = {
            clock.in_zone(at, zone).utcoffset() for zone in (own, self.tz) if zone
        }
        is_same = own and len(offsets) == 1
        return "" if is_same else self.tz or ""

    def _quiet_period(self, at, recipient):
        """The quiet period that a moment falls into for who gets a message.

        (first moment, first moment after it), naive UTC as `at`; None outside of it.
        """
        zone = recipient.tz or self.tz
        return quiet_period(at, zone, self.quiet_from, self.quiet_to)

    def _plan_messages(self):
        """Have planned again what is to be sent about visits here."""

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        if self.partner_id.country_id:
            self.country_id = self.partner_id.country_id

    @api.onchange("country_id")
    def _onchange_country_id(self):
        zone = _only_zone(self.country_id)
        if zone and not self._origin:
            self.tz = zone


def _only_zone(country) -> str | None:
    """The time zone of a country that has one only."""
    territories = get_global("zone_territories").items()
    zones = [zone for zone, territory in territories if territory == country.code]
    return zones[0] if len(zones) == 1 else None
