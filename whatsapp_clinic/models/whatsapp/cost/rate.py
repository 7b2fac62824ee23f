from datetime import date

from odoo import api, fields, models

from ....tools import clock

# Cloud API, pricing object of a status; written with underscores as in Meta's figures.
CATEGORIES = [
    ("marketing", "Marketing"),
    ("marketing_lite", "Marketing Lite"),
    ("utility", "Utility"),
    ("authentication", "Authentication"),
    ("authentication_international", "Authentication International"),
    ("service", "Service"),
    ("referral_conversion", "Referral Conversion"),
    ("general_purpose_ai", "General Purpose AI"),
]
# A card's line for the countries that no other line names.
OTHER_COUNTRIES = "*"


class Rate(models.Model):
    """A line of the rate card: what one message costs, for a market, from a day on.

    A country's own line goes before that of its group, and that before the line of all
    other countries; a company's own lines go before those of all companies.
    """

    _name = "whatsapp.clinic.rate"
    _description = "WhatsApp Rate"
    _inherit = ["whatsapp.clinic.given.ids.mixin"]
    _order = "market, category, valid_from desc, volume_from, id"
    _rec_name = "market"

    provider = fields.Selection(
        [("whatsapp", "WhatsApp Cloud API")], default="whatsapp", required=True
    )
    company_id = fields.Many2one("res.company", help="Empty for all companies.")
    country_id = fields.Many2one(
        "res.country", help="The country of the recipient's calling code."
    )
    country_group_id = fields.Many2one(
        "res.country.group",
        help="Countries that Meta prices as one market, such as the rest of a region.",
    )
    market = fields.Char(
        compute="_compute_market",
        store=True,
        required=True,
        precompute=True,
        help="Code of the country, or code or name of the group; * stands for all "
        "other countries.",
    )
    category = fields.Selection(CATEGORIES, required=True)
    valid_from = fields.Date(
        required=True, default=lambda self: clock.now().date().replace(day=1)
    )
    volume_from = fields.Integer(
        "Above Volume",
        default=0,
        required=True,
        help="The price holds for messages after so many of the month to this market; "
        "0 for the list price. Meta has volume tiers for utility and authentication, "
        "counted for a whole business portfolio.",
    )
    price = fields.Float(
        "Price per Message", digits=(12, 6), required=True, aggregator=None
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="The currency in which Meta bills the WhatsApp account.",
    )
    note = fields.Char()

    _price_positive = models.Constraint("CHECK (price >= 0)", "A price is 0 or more.")
    _volume_positive = models.Constraint(
        "CHECK (volume_from >= 0)", "A volume is 0 or more."
    )
    _one_market = models.Constraint(
        "CHECK (country_id IS NULL OR country_group_id IS NULL)",
        "A rate is for a country or for a group of countries.",
    )
    _line_uniq = models.UniqueIndex(
        "(category, market, valid_from, volume_from, provider, "
        "(COALESCE(company_id, 0)))",
        "The rate card has this line already.",
    )

    @api.depends("country_id.code", "country_group_id.code", "country_group_id.name")
    def _compute_market(self):
        for rate in self.with_context(lang="en_US"):
            group = rate.country_group_id
            names = (rate.country_id.code, group.code, group.name, OTHER_COUNTRIES)
            rate.market = next(filter(None, names))

    @api.model_create_multi
    def create(self, vals_list):
        rates = super().create(vals_list)
        rates._price_again()
        return rates

    def write(self, vals):
        before = self._first_day()
        result = super().write(vals)
        self._price_again(before)
        return result

    def unlink(self):
        self._price_again()
        return super().unlink()

    def action_price_again(self):
        """Price what was delivered since these rates again, for example after countries
        changed their group."""
        self.check_access("write")
        self._price_again()

    def _first_day(self) -> date | None:
        return min(self.mapped("valid_from"), default=None)

    def _price_again(self, before: date | None = None):
        """Have everything priced again that was delivered since these rates began, or
        since a day before they were changed."""
        days = [day for day in (before, self._first_day()) if day]
        if days:
            self.env["whatsapp.clinic.rate.change"].sudo()._note(min(days))
