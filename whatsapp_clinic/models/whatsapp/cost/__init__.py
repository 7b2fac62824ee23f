from . import (
    channel_cost,
    counters,
    message_cost,
    message_price,
    rate,
    rate_change,
)
