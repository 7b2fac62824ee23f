from . import (
    account,
    channel_app,
    channel_check,
    channel_health,
    channel_news,
    channel_profile,
    channel_registration,
    gate,
    portfolio,
    portfolio_limit,
)
