from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter

from odoo import api, models

from ...tools import clock
from ..vocabulary.priorities import PRIORITIES

# name -> what it is. All are gauges: they say how it is now. Names and units follow
# Prometheus' conventions (base unit as suffix).
METRICS = {
    "queue_messages": "Messages that are due and have not left.",
    "queue_oldest_seconds": "How long the oldest of them has been due.",
    "sending_messages": "Messages handed to WhatsApp whose answer is awaited.",
    "unknown_messages": "Messages that may or may not have arrived.",
    "accepted_last_hour_messages": "Messages that WhatsApp accepted in the last hour.",
    "accepted_per_second": "Messages accepted per second over five minutes.",
    "channel_held": "1 while nothing is sent from the channel.",
    "cost_this_month": "What delivered messages cost since the month began.",
    "unknown_price_this_month_messages": "Delivered messages without a known price.",
    "failed_last_day_messages": "Messages that failed in the last 24 hours.",
    "refused_last_day_messages": "Messages that the gate did not let go in 24 hours.",
    "webhooks_pending": "Webhooks that wait to be processed.",
    "webhook_lag_seconds": "How long the oldest of them has waited.",
    "webhooks_parked": "Webhooks that could not be processed.",
    "updates_unrecognised": "Parts of webhooks not understood, nobody looked at.",
    "last_webhook_age_seconds": "Time since a webhook came; absent if none is kept.",
    "open_alarms": "Alarms that the watchdog has not closed.",
}
HOUR = timedelta(hours=1)
RATE_TIME = timedelta(minutes=5)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Sample:
    """One value of a metric; `name` is a key of METRICS."""

    name: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


class Counters(models.AbstractModel):
    """How the two streams flow, in figures without personal data."""

    _name = "whatsapp.clinic.counters"
    _description = "WhatsApp Counters"

    @api.model
    def _read(self, companies=None) -> list[Sample]:
        """All figures of some companies, default all; a fixed number of index look-ups.

        What belongs to no company (webhooks) is told always. For administrators only:
        the caller checks.
        """
        self.env.flush_all()
        now = clock.precise_now()
        values = {
            "now": now,
            "hour_ago": now - HOUR,
            "rate_start": now - RATE_TIME,
            "day_ago": now - DAY,
            "rate_seconds": RATE_TIME.total_seconds(),
            "priorities": list(PRIORITIES),
            "companies": companies and companies.ids,
        }
        return [
            *self._of_channels(values),
            *self._of_costs(values),
            *self._of_failures(values),
            *self._of_webhooks(values),
            *self._of_alarms(values),
        ]

    def _of_channels(self, values: dict) -> list[Sample]:
        samples = []
        for row in self._rows(_CHANNELS, values):
            labels = {"channel": row.pop("name"), "channel_id": str(row.pop("id"))}
            samples += [Sample(name, value, labels) for name, value in row.items()]
        return samples

    def _of_costs(self, values: dict) -> list[Sample]:
        """A sum for each currency; what has no price yet is counted beside it."""
        samples = []
        figures = self.env["whatsapp.clinic.message"]._month_figures(
            values["companies"]
        )
        for row in filter(itemgetter("active"), figures):
            labels = {"channel": row["name"], "channel_id": str(row["id"])}
            if row["currency"]:
                labels["currency"] = row["currency"]
                cost = float(row["cost"])
                samples.append(Sample("cost_this_month", cost, labels))
            else:
                name = "unknown_price_this_month_messages"
                samples.append(Sample(name, row["unknown"], labels))
        return samples

    def _of_failures(self, values: dict) -> list[Sample]:
        """What WhatsApp did not take, and what the gate did not let go."""
        return [
            Sample(f"{row['state']}_last_day_messages", row["number"], labels)
            for row in self._rows(_FAILURES, values)
            for labels in [{"code": row["code"], "reason": row["reason"]}]
        ]

    def _of_webhooks(self, values: dict) -> list[Sample]:
        (row,) = self._rows(_WEBHOOKS, values)
        return [Sample(name, value) for name, value in row.items() if value is not None]

    def _of_alarms(self, values: dict) -> list[Sample]:
        return [
            Sample("open_alarms", row["number"], {"kind": row["kind"]})
            for row in self._rows(_ALARMS, values)
        ]

    def _rows(self, statement: str, values: dict) -> list[dict]:
        self.env.cr.execute(statement, values)
        return self.env.cr.dictfetchall()


# Accepted: what has a status, and what still waits for its first.
_CHANNELS = """
    SELECT channel.id, channel.name,
        queue.rows::int AS queue_messages,
        COALESCE(EXTRACT(EPOCH FROM %(now)s - queue.oldest), 0)::float
            AS queue_oldest_seconds,
        (SELECT count(*) FROM whatsapp_clinic_message
         WHERE channel_id = channel.id AND state = 'sending') AS sending_messages,
        (SELECT count(*) FROM whatsapp_clinic_message
         WHERE channel_id = channel.id AND state = 'unknown') AS unknown_messages,
        accepted.last_hour::int AS accepted_last_hour_messages,
        (accepted.recently / %(rate_seconds)s)::float AS accepted_per_second,
        (COALESCE(channel.hold_until > %(now)s, FALSE))::int AS channel_held
    FROM whatsapp_clinic_channel AS channel, LATERAL (
        SELECT sum(level_rows) AS rows, min(level_oldest) AS oldest
        FROM unnest(%(priorities)s) AS level (priority), LATERAL (
            SELECT count(*) AS level_rows, min(due_at) AS level_oldest
            FROM whatsapp_clinic_message
            WHERE channel_id = channel.id AND priority = level.priority
              AND state IN ('queued', 'held') AND due_at <= %(now)s
        ) AS waiting
    ) AS queue, LATERAL (
        SELECT count(*) AS last_hour,
               count(*) FILTER (WHERE claimed_at > %(rate_start)s) AS recently
        FROM (
            SELECT claimed_at FROM whatsapp_clinic_message
            WHERE channel_id = channel.id AND status_at IS NOT NULL
              AND claimed_at > %(hour_ago)s AND claimed_at <= %(now)s
            UNION ALL
            SELECT claimed_at FROM whatsapp_clinic_message
            WHERE channel_id = channel.id AND state = 'sent' AND status_at IS NULL
              AND claimed_at > %(hour_ago)s AND claimed_at <= %(now)s
        ) AS sent
    ) AS accepted
    WHERE channel.active AND channel.company_id = ANY(
        COALESCE(%(companies)s, ARRAY[channel.company_id]))
    ORDER BY channel.sequence, channel.id
"""
_FAILURES = """
    SELECT state, COALESCE(reason, '') AS reason,
           COALESCE(NULLIF(error_code, 0)::text, '') AS code, count(*) AS number
    FROM whatsapp_clinic_message
    WHERE state IN ('failed', 'refused') AND failed_at > %(day_ago)s
      AND company_id = ANY(COALESCE(%(companies)s, ARRAY[company_id]))
    GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3
"""
_WEBHOOKS = """
    SELECT waiting.number AS webhooks_pending,
        COALESCE(EXTRACT(EPOCH FROM %(now)s - waiting.oldest), 0)::float
            AS webhook_lag_seconds,
        (SELECT count(*) FROM whatsapp_clinic_webhook_event
         WHERE state = 'parked') AS webhooks_parked,
        (SELECT count(*) FROM whatsapp_clinic_unrecognised
         WHERE is_open) AS updates_unrecognised,
        (SELECT EXTRACT(EPOCH FROM %(now)s - received_at)::float
         FROM whatsapp_clinic_webhook_event
         ORDER BY id DESC LIMIT 1) AS last_webhook_age_seconds
    FROM (
        SELECT count(*) AS number, min(received_at) AS oldest
        FROM whatsapp_clinic_webhook_event WHERE state = 'pending'
    ) AS waiting
"""
_ALARMS = """
    SELECT kind, count(*) AS number FROM whatsapp_clinic_alarm
    WHERE closed_at IS NULL AND (company_id IS NULL OR company_id = ANY(
        COALESCE(%(companies)s, ARRAY[company_id])))
    GROUP BY kind ORDER BY kind
"""
