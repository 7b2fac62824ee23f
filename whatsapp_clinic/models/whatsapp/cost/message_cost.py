from odoo import fields, models
from odoo.tools import SQL

from .message_price import COST_STATES
from .rate import CATEGORIES


class MessageCost(models.Model):
    """What messages cost: one row for each that was charged or delivered for free."""

    _name = "whatsapp.clinic.message.cost"
    _description = "WhatsApp Cost"
    _auto = False
    _rec_name = "message_id"
    _order = "charged_at desc, id desc"
    _depends = {
        "whatsapp.clinic.message": [
            "billable",
            "branch_id",
            "channel_id",
            "charged_at",
            "company_id",
            "cost",
            "cost_state",
            "country_id",
            "currency_id",
            "market",
            "pricing_category",
            "pricing_type",
            "rule_id",
            "template_id",
        ],
        "whatsapp.clinic.rate": ["company_id", "currency_id"],
    }

    message_id = fields.Many2one("whatsapp.clinic.message", readonly=True)
    charged_at = fields.Datetime("Delivered", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    branch_id = fields.Many2one("whatsapp.clinic.branch", readonly=True)
    channel_id = fields.Many2one("whatsapp.clinic.channel", readonly=True)
    rule_id = fields.Many2one("whatsapp.clinic.message.rule", readonly=True)
    template_id = fields.Many2one("whatsapp.clinic.template", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    market = fields.Char(readonly=True)
    category = fields.Selection([*CATEGORIES, ("other", "Other")], readonly=True)
    pricing_category = fields.Char("Category as Told", readonly=True)
    pricing_type = fields.Char("Kind of Price", readonly=True)
    billable = fields.Boolean(readonly=True)
    cost_state = fields.Selection(COST_STATES, "Price", readonly=True)
    cost = fields.Float(digits=(12, 6), readonly=True)
    currency_id = fields.Many2one(
        "res.currency",
        readonly=True,
        help="Of what was free or has no known price: the rate card's.",
    )
    unknown_count = fields.Integer("Of Unknown Price", readonly=True)
    free_count = fields.Integer("Free", readonly=True)

    @property
    def _table_query(self) -> SQL:
        return SQL(
            """
            SELECT id, id AS message_id, charged_at, company_id, branch_id, channel_id,
                rule_id, template_id, country_id, market, pricing_category,
                CASE WHEN replace(pricing_category, '-', '_') = ANY(%s)
                     THEN replace(pricing_category, '-', '_') ELSE 'other'
                END AS category,
                pricing_type, billable, cost_state, cost,
                COALESCE(currency_id, (
                    SELECT rate.currency_id FROM whatsapp_clinic_rate AS rate
                    WHERE COALESCE(rate.company_id, message.company_id)
                        = message.company_id
                    ORDER BY rate.company_id NULLS LAST, rate.id LIMIT 1
                )) AS currency_id,
                (cost IS NULL)::int AS unknown_count,
                (cost_state = 'free')::int AS free_count
            FROM whatsapp_clinic_message AS message WHERE charged_at IS NOT NULL
            """,
            [category for category, _label in CATEGORIES],
        )
