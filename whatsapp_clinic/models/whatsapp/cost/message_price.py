"""What messages cost: the price that WhatsApp told, by the clinic's own rate card.

WhatsApp charges on delivery, by category and country of the recipient; a status says
the category and whether it is free, never the amount (Cloud API, pricing). So each
delivered message is priced by the rate card valid on its day, in the account's time
zone. What cannot be priced is unknown, and never 0.
"""

import time
from datetime import datetime, timedelta

from odoo import api, fields, models

from ....tools import clock
from ....tools.phone import region
from ....tools.transaction import begin_again
from ....tools.wake_up import wake_after_commit
from ...message.message import REPORT

COST_STATES = [
    ("free", "Free"),
    ("priced", "Priced"),
    ("no_country", "Unknown: no phone number"),
    ("no_rate", "Unknown: not on the rate card"),
    ("new_kind", "Unknown: new kind of price"),
]
# Rows to a transaction; the event processor waits for those that are locked.
BATCH = 1000
# Seconds that a run takes at most; the next one goes on.
RUN_TIME = 20.0
# Longer than a month: its beginning in every time zone is within.
MONTH_SPAN = timedelta(days=33)

_LOCAL = "AT TIME ZONE 'UTC' AT TIME ZONE channel.account_tz"
_TO_UTC = "AT TIME ZONE channel.account_tz AT TIME ZONE 'UTC'"

_DELIVERED = """
    SELECT id FROM whatsapp_clinic_message
    WHERE pricing IS NOT NULL AND charged_at IS NULL AND channel_id IS NOT NULL
      AND (delivered_at IS NOT NULL OR read_at IS NOT NULL)
    ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
_CHARGED_SINCE = """
    SELECT id, charged_at FROM whatsapp_clinic_message
    WHERE charged_at >= %s AND charged_at <= (
        SELECT max(charged_at) FROM (
            SELECT charged_at FROM whatsapp_clinic_message
            WHERE charged_at >= %s ORDER BY charged_at LIMIT %s
        ) AS next
    )
"""
_LOCK = """
    SELECT id FROM whatsapp_clinic_message WHERE id = ANY(%s)
    FOR NO KEY UPDATE SKIP LOCKED
"""
# The line of the card that holds for a message of `priced` on its day.
_FITS = """
    rate.provider = priced.provider AND rate.category = priced.category
    AND (rate.company_id IS NULL OR rate.company_id = priced.company_id)
    AND rate.valid_from <= priced.day
"""
_PRICE = f"""
    UPDATE whatsapp_clinic_message AS message SET
        charged_at = priced.charged_at,
        country_id = priced.country_id,
        market = rate.market,
        cost = CASE priced.state WHEN 'free' THEN 0 ELSE rate.price END,
        currency_id = rate.currency_id,
        cost_state = CASE
            WHEN priced.state <> 'priced' THEN priced.state
            WHEN rate.price IS NULL THEN 'no_rate' ELSE 'priced' END
    FROM (
        SELECT charge.*, (charge.charged_at {_LOCAL})::date AS day,
            channel.provider, CASE
                WHEN charge.pricing_type LIKE 'free%%' THEN 'free'
                WHEN charge.pricing_type IS DISTINCT FROM 'regular' THEN 'new_kind'
                WHEN charge.country_id IS NULL THEN 'no_country'
                ELSE 'priced' END AS state
        FROM (
            SELECT one.id, one.channel_id, one.company_id, one.pricing_type,
                replace(one.pricing_category, '-', '_') AS category,
                COALESCE(one.charged_at, one.delivered_at, one.read_at) AS charged_at,
                COALESCE(one.country_id, origin.country_id) AS country_id
            FROM whatsapp_clinic_message AS one
            LEFT JOIN whatsapp_clinic_identity AS identity
              ON identity.id = one.identity_id
            LEFT JOIN unnest(%(phones)s::text[], %(countries)s::int[])
              AS origin (phone, country_id) ON origin.phone = identity.phone
            WHERE one.id = ANY(%(ids)s)
        ) AS charge
        JOIN whatsapp_clinic_channel AS channel ON channel.id = charge.channel_id
    ) AS priced
    LEFT JOIN LATERAL (
        SELECT rate.market, rate.price, rate.currency_id
        FROM whatsapp_clinic_rate AS rate
        WHERE priced.state = 'priced' AND {_FITS} AND rate.volume_from = 0
          AND COALESCE(rate.country_id, priced.country_id) = priced.country_id
          AND (rate.country_group_id IS NULL OR EXISTS (
              SELECT FROM res_country_res_country_group_rel AS member
              WHERE member.res_country_group_id = rate.country_group_id
                AND member.res_country_id = priced.country_id
          ))
        ORDER BY (rate.company_id IS NULL), (rate.country_id IS NULL),
            (rate.country_group_id IS NULL), rate.valid_from DESC
        LIMIT 1
    ) AS rate ON TRUE
    WHERE message.id = priced.id
"""
_PHONES = """
    SELECT DISTINCT identity.phone
    FROM whatsapp_clinic_message AS message
    JOIN whatsapp_clinic_identity AS identity ON identity.id = message.identity_id
    WHERE message.id = ANY(%s) AND message.country_id IS NULL
      AND identity.phone IS NOT NULL
"""
# Volume tiers: the place of a message among those of its month to the same market, for
# all numbers of the portfolio.
_PRICE_BY_VOLUME = f"""
    UPDATE whatsapp_clinic_message AS message SET cost = tier.price
    FROM (
        SELECT one.id, one.company_id, one.market, one.currency_id, channel.provider,
            replace(one.pricing_category, '-', '_') AS category,
            (one.charged_at {_LOCAL})::date AS day,
            row_number() OVER (
                PARTITION BY channel.portfolio_id, one.market,
                    replace(one.pricing_category, '-', '_'),
                    date_trunc('month', one.charged_at {_LOCAL})
                ORDER BY one.charged_at, one.id
            ) AS place
        FROM whatsapp_clinic_message AS one
        JOIN whatsapp_clinic_channel AS channel ON channel.id = one.channel_id
        WHERE one.cost_state = 'priced'
          AND one.charged_at BETWEEN (
              SELECT min(charged_at) FROM whatsapp_clinic_message
              WHERE id = ANY(%(ids)s)
          ) - %(month)s AND (
              SELECT max(charged_at) FROM whatsapp_clinic_message
              WHERE id = ANY(%(ids)s)
          )
    ) AS priced,
    LATERAL (
        SELECT rate.price FROM whatsapp_clinic_rate AS rate
        WHERE {_FITS} AND rate.market = priced.market
          AND rate.currency_id = priced.currency_id
          AND rate.volume_from < priced.place
        ORDER BY (rate.company_id IS NULL), rate.valid_from DESC, rate.volume_from DESC
        LIMIT 1
    ) AS tier
    WHERE message.id = priced.id AND message.id = ANY(%(ids)s)
"""
# By channel and currency; what is free or unknown has none.
_MONTH = f"""
    WITH month AS MATERIALIZED (
        SELECT channel.id, channel.name, channel.active,
            date_trunc('month', %(now)s::timestamp {_LOCAL}) {_TO_UTC} AS begins_at
        FROM whatsapp_clinic_channel AS channel
    )
    SELECT month.id, month.name, month.active, currency.name AS currency,
        sum(message.cost) AS cost,
        count(*) FILTER (WHERE message.cost IS NULL) AS unknown,
        count(*) FILTER (
            WHERE message.pricing_category = 'service'
              AND message.pricing_type <> 'free_entry_point'
        ) AS service
    FROM whatsapp_clinic_message AS message
    JOIN month ON month.id = message.channel_id
    LEFT JOIN res_currency AS currency ON currency.id = message.currency_id
    WHERE message.charged_at > %(earliest)s AND message.charged_at <= %(now)s
      AND message.charged_at >= month.begins_at
      AND message.company_id = ANY(COALESCE(%(companies)s, ARRAY[message.company_id]))
    GROUP BY month.id, month.name, month.active, currency.name
    ORDER BY month.id, currency.name
"""


class Message(models.Model):
    """What a message costs."""

    _inherit = "whatsapp.clinic.message"

    pricing_category = fields.Char(
        "Price Category",
        prefetch=REPORT,
        readonly=True,
        help="As WhatsApp wrote it.",
    )
    pricing_type = fields.Char(
        "Kind of Price",
        prefetch=REPORT,
        readonly=True,
        help="As WhatsApp wrote it: regular, free_customer_service, free_entry_point.",
    )
    billable = fields.Boolean(prefetch=REPORT, readonly=True)
    charged_at = fields.Datetime(
        "Charged",
        prefetch=REPORT,
        readonly=True,
        help="When it was delivered, and so charged.",
    )
    country_id = fields.Many2one(
        "res.country", "Recipient's Country", prefetch=REPORT, readonly=True
    )
    market = fields.Char(
        prefetch=REPORT, readonly=True, help="The line of the rate card."
    )
    cost = fields.Float(
        digits=(12, 6), prefetch=REPORT, readonly=True, help="Empty while unknown."
    )
    currency_id = fields.Many2one("res.currency", prefetch=REPORT, readonly=True)
    cost_state = fields.Selection(COST_STATES, "Price", prefetch=REPORT, readonly=True)

    _uncharged = models.Index(
        "(id) WHERE pricing IS NOT NULL AND charged_at IS NULL "
        "AND (delivered_at IS NOT NULL OR read_at IS NOT NULL)"
    )
    _charged = models.Index("(charged_at) WHERE charged_at IS NOT NULL")

    @api.model
    def _cron_price(self):
        """Price what was delivered, then again what a changed card concerns."""
        deadline = time.monotonic() + RUN_TIME
        done = 1
        while done and time.monotonic() < deadline:
            begin_again(self.env, done)
            done = self._price_delivered() or self._price_again()
        if done:
            wake_after_commit(self.env, "price_messages")

    @api.model
    def _price_delivered(self) -> int:
        """Price a batch of what was delivered since; returns how many were."""
        self.env.flush_all()
        self.env.cr.execute(_DELIVERED, [BATCH])
        return self._price([row[0] for row in self.env.cr.fetchall()])

    @api.model
    def _price_again(self) -> int:
        """Price a batch again because the card changed; returns how many were.

        In the order in which they were charged. Rows that the event processor holds are
        waited for with the next batch.
        """
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            "SELECT id, since FROM whatsapp_clinic_rate_change ORDER BY since "
            "FOR UPDATE SKIP LOCKED"
        )
        changes = cr.fetchall()
        if not changes:
            return 0
        since = changes[0][1]
        cr.execute(_CHARGED_SINCE, [since, since, BATCH])
        rows = cr.fetchall()
        cr.execute(_LOCK, [[row_id for row_id, _charged_at in rows]])
        locked = [row[0] for row in cr.fetchall()]
        done = self._price(locked)
        if len(locked) == len(rows):
            self._note_priced(changes, max((at for _row_id, at in rows), default=None))
        return done or len(rows)

    @api.model
    def _note_priced(self, changes: list[tuple], until: datetime | None):
        """Everything of these changes is priced up to a time, or to the end (None)."""
        ids = [change_id for change_id, _since in changes]
        Change = self.env["whatsapp.clinic.rate.change"]
        Change.invalidate_model()
        if until is None:
            self.env.cr.execute(
                "DELETE FROM whatsapp_clinic_rate_change WHERE id = ANY(%s)", [ids]
            )
            return
        self.env.cr.execute(
            "UPDATE whatsapp_clinic_rate_change SET since = GREATEST(since, %s) "
            "WHERE id = ANY(%s)",
            [until + timedelta(microseconds=1), ids],
        )

    @api.model
    def _price(self, ids: list[int]) -> int:
        if ids:
            countries = self._countries(ids)
            values = {
                "ids": ids,
                "month": MONTH_SPAN,
                "phones": [*countries],
                "countries": [*countries.values()],
            }
            self.env.cr.execute(_PRICE, values)
            if self._has_volume_tiers():
                self.env.cr.execute(_PRICE_BY_VOLUME, values)
            self.invalidate_model()
        return len(ids)

    def _countries(self, ids: list[int]) -> dict[str, int]:
        """Id of the country of each phone number to which these messages went."""
        self.env.cr.execute(_PHONES, [ids])
        regions = {phone: region(phone) for (phone,) in self.env.cr.fetchall()}
        countries = self.env["res.country"].search(
            [("code", "in", [*{*regions.values()} - {None}])]
        )
        by_code = {country.code: country.id for country in countries}
        return {
            phone: by_code[code] for phone, code in regions.items() if code in by_code
        }

    def _has_volume_tiers(self) -> bool:
        rates = self.env["whatsapp.clinic.rate"].sudo()
        return bool(rates.search_count([("volume_from", ">", 0)], limit=1))

    @api.model
    def _month_figures(self, company_ids: list[int] | None = None) -> list[dict]:
        """What each channel cost this month, by its account's calendar.

        A row for each channel and currency (None for what is free or unknown): id and
        name of the channel, whether it is active, cost, number of messages of unknown
        price, and number of those that use up the free service messages. Of these
        companies, default of all: the caller checks.
        """
        self.env.flush_all()
        now = clock.precise_now()
        self.env.cr.execute(
            _MONTH,
            {"now": now, "earliest": now - MONTH_SPAN, "companies": company_ids},
        )
        return self.env.cr.dictfetchall()
