"""What the watchdog looks for: one statement for each kind of alarm.

Each returns rows (channel id or NULL, since when in naive UTC, how many rows are
concerned). They are index look-ups, whatever the size of the tables.
"""

from datetime import datetime, timedelta

from ...tools.parameter import number
from ..gate.gate import SHORT_HOLD
from ..provider.access_token import HAS_ACCESS_TOKEN, secret_names
from ..vocabulary.priorities import (
    PRIORITY_ANSWER,
    PRIORITY_APPOINTMENT,
    PRIORITY_CAMPAIGN,
)

# A campaign may wait so many times as long as an answer or a reminder.
CAMPAIGN_PATIENCE = 12
# WhatsApp repeats a webhook for so long (Cloud API, webhooks); what was sent before
# tells nothing about the present.
HORIZON = timedelta(days=7)
STANDBY = timedelta(days=1)

# Channels, as `channel`, that would send if anything were due.
SENDS = f"""
    channel.active AND {HAS_ACCESS_TOKEN}
    AND channel.fingerprint = %(fingerprint)s
"""

# Until something that is billed was accepted after WhatsApp refused for the last time.
_IS_UNPAID = """
    channel.payment_missing_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM whatsapp_clinic_message
        WHERE channel_id = channel.id AND status_at IS NOT NULL
          AND claimed_at > channel.payment_missing_at
          AND billable AND state IN ('sent', 'delivered', 'read')
    )
"""

# Holds follow each other with pauses in which one message is tried: the alarm goes on
# until one was accepted. One for want of payment is told as that.
_HELD = f"""
    SELECT channel.id, %(now)s::timestamp, 0
    FROM whatsapp_clinic_channel AS channel
    WHERE {SENDS} AND NOT ({_IS_UNPAID}) AND (
        channel.hold_until > %(short_hold_end)s
        OR channel.hold_count > 0 AND EXISTS (
            SELECT FROM whatsapp_clinic_alarm
            WHERE channel_id = channel.id AND kind = 'held' AND closed_at IS NULL
        )
    )
"""

# A channel that was on hold gets the same time to catch up.
_QUEUE = f"""
    SELECT channel.id, min(overdue.oldest), sum(overdue.rows)
    FROM whatsapp_clinic_channel AS channel,
    unnest(%(priorities)s, %(due_before)s::timestamp[]) AS level (priority, due_before),
    LATERAL (
        SELECT min(due_at) AS oldest, count(*) AS rows FROM whatsapp_clinic_message
        WHERE channel_id = channel.id AND priority = level.priority
          AND state IN ('queued', 'held') AND due_at <= level.due_before
    ) AS overdue
    WHERE {SENDS} AND NOT EXISTS (
        SELECT FROM whatsapp_clinic_alarm
        WHERE channel_id = channel.id AND kind IN ('held', 'payment')
          AND (closed_at IS NULL OR closed_at > %(queue_before)s)
    )
    GROUP BY channel.id HAVING sum(overdue.rows) > 0
"""


def _sent_in_silence(last_sign: str, sent_before: str) -> str:
    """Channels with messages sent after the last sign of WhatsApp, and long ago."""
    return f"""
        SELECT channel.id, min(message.claimed_at), count(*)
        FROM whatsapp_clinic_channel AS channel
        JOIN whatsapp_clinic_message AS message
          ON message.channel_id = channel.id AND message.state = 'sent'
         AND message.status_at IS NULL AND message.claimed_at <= {sent_before}
         AND message.claimed_at > GREATEST(%(horizon)s, ({last_sign}))
        WHERE {SENDS}
        GROUP BY channel.id
    """


_NO_STATUS = _sent_in_silence(
    """
    SELECT claimed_at FROM whatsapp_clinic_message
    WHERE channel_id = channel.id AND status_at IS NOT NULL AND claimed_at IS NOT NULL
    ORDER BY claimed_at DESC LIMIT 1
    """,
    "%(status_before)s",
)
_NO_WEBHOOK = _sent_in_silence(
    "SELECT received_at FROM whatsapp_clinic_webhook_event ORDER BY id DESC LIMIT 1",
    "%(webhook_before)s",
)

# What can still be processed; the content of older events is gone.
_PARKED = """
    SELECT NULL, min(received_at), count(*) FROM whatsapp_clinic_webhook_event
    WHERE state = 'parked' AND emptied_at IS NULL HAVING count(*) > 0
"""

# What patients wrote may be among it, and is in no conversation.
_UNRECOGNISED = """
    SELECT NULL, min(received_at), count(*) FROM whatsapp_clinic_unrecognised
    WHERE is_open HAVING count(*) > 0
"""

_PAYMENT = f"""
    SELECT channel.id, channel.payment_missing_at, 0
    FROM whatsapp_clinic_channel AS channel
    WHERE {SENDS} AND {_IS_UNPAID}
"""


# Until no patient has written to it for a day.
_STANDBY = """
    SELECT channel.id, min(message.occurred_at), count(*)
    FROM whatsapp_clinic_channel AS channel
    JOIN whatsapp_clinic_message AS message
      ON message.channel_id = channel.id AND message.is_standby
     AND message.occurred_at > %(standby_since)s
    WHERE channel.active
    GROUP BY channel.id
"""

# In the order in which they are looked for: the queue asks which holds are known.
CAUSES = {
    "held": _HELD,
    "payment": _PAYMENT,
    "queue": _QUEUE,
    "no_status": _NO_STATUS,
    "no_webhook": _NO_WEBHOOK,
    "parked": _PARKED,
    "unrecognised": _UNRECOGNISED,
    "standby": _STANDBY,
}


def parameters(env, fingerprint: str, now: datetime) -> dict:
    """Values for the statements; `now` is naive UTC."""
    queue_time = timedelta(minutes=number(env, "alarm_queue_minutes"))
    status_time = timedelta(minutes=number(env, "alarm_status_minutes"))
    webhook_time = timedelta(hours=number(env, "alarm_webhook_hours"))
    patience = {
        PRIORITY_ANSWER: queue_time,
        PRIORITY_APPOINTMENT: queue_time,
        PRIORITY_CAMPAIGN: queue_time * CAMPAIGN_PATIENCE,
    }
    return {
        "now": now,
        "fingerprint": fingerprint,
        **secret_names(),
        "short_hold_end": now + SHORT_HOLD,
        "priorities": list(patience),
        "due_before": [now - time for time in patience.values()],
        "queue_before": now - queue_time,
        "status_before": now - status_time,
        "webhook_before": now - webhook_time,
        "horizon": now - HORIZON,
        "standby_since": now - STANDBY,
    }
