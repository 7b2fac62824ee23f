from . import (
    alarm,
    alarm_causes,
    channel_alarm,
    consent_proof,
    counters,
    first_steps,
)
