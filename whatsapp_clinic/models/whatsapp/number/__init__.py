from . import (
    portfolio,
    account,
    alarm,
    channel,
    channel_task,
    channel_check,
    channel_health,
    channel_news,
    channel_profile,
    channel_registration,
    gate,
    portfolio_limit,
)
