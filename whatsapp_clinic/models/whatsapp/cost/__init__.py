from . import (
    channel_cost,
    message_cost,
    message_price,
    rate,
    rate_change,
)
