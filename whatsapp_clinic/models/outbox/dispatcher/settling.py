"""When a row without an answer is given up, and when it may be sent once more."""

from datetime import datetime, timedelta

from ....tools.compat import parameter

# (system parameter, default in seconds). The lease is longer than any call can last
# (connect 3 s, read 10 s); settling is for statuses that WhatsApp delivers late.
LEASE = ("whatsapp_clinic.lease_seconds", 60)
SETTLING = ("whatsapp_clinic.settling_seconds", 300)

# A status of a message that was claimed after this one was lost has been processed, and
# no webhook waits that might speak of this one. After an outage WhatsApp's retries are
# as far apart as the outage was long, so the longer it was, the longer we wait.
RESENDABLE = """
    lost.state = 'unknown' AND NOT EXISTS (
        SELECT FROM whatsapp_clinic_message_attempt AS earlier
        WHERE earlier.message_id = lost.id AND earlier.number < lost.attempts
          AND earlier.state = 'unknown'
    )
    AND lost.unknown_at <= %(settled)s
    AND lost.unknown_at + 2 * (lost.unknown_at - lost.claimed_at) <= %(now)s
    AND NOT EXISTS (SELECT FROM whatsapp_clinic_webhook_event WHERE state = 'pending')
    AND EXISTS (
        SELECT FROM whatsapp_clinic_message AS later
        WHERE later.channel_id = lost.channel_id AND later.status_at IS NOT NULL
          AND later.claimed_at > lost.unknown_at
    )
"""


def settling_times(env, now: datetime) -> dict[str, datetime]:
    """`lease_end` and `settled`: what is older is lost, or has had time to settle."""
    return {
        "lease_end": now - _duration(env, LEASE),
        "settled": now - _duration(env, SETTLING),
    }


def _duration(env, named: tuple[str, int]) -> timedelta:
    key, default = named
    return timedelta(seconds=float(parameter(env, key) or default))
