"""Numbers that an administrator may change (system parameters)."""

from .compat import parameter

DEFAULTS = {
    # In which the same automatic answer is given to one number once.
    "answer_hours": 1,
    # After which the watchdog raises an alarm.
    "alarm_queue_minutes": 10,
    "alarm_status_minutes": 30,
    "alarm_webhook_hours": 6,
    # Less free space than this where files are kept; 0 for no alarm.
    "alarm_disk_gigabytes": 5,
    # For which the bytes of webhooks are kept; patients may have written them.
    "body_hours": 24,
    "parked_body_days": 30,
    # Delivered service messages that cost nothing, for each number and month (Cloud
    # API, pricing since 1 October 2026).
    "free_service_messages": 1000,
    # What one number may send in 24 hours; of more, each file is loaded by hand.
    "media_megabytes_daily": 300,
    "media_megabytes_daily_stranger": 30,
    # Larger files of patients are not loaded.
    "media_megabytes_audio": 16,
    "media_megabytes_document": 100,
    "media_megabytes_image": 16,
    "media_megabytes_sticker": 1,
    "media_megabytes_video": 64,
}


def number(env, key: str) -> float:
    """What is set, or the default; raises ValueError if it is no number."""
    return float(parameter(env, f"whatsapp_clinic.{key}") or DEFAULTS[key])
