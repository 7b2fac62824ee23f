from . import (
    alarm,
    alarm_causes,
    channel_alarm,
    counters,
    first_steps,
)
