from . import (
    channel_trial,
    dispatcher,
    message,
    refusal,
    sending,
    server_action,
    undo,
)
