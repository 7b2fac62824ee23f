from . import (
    channel_trial,
    dispatcher,
    message_outbound,
    message_text,
    refusal,
    sending,
    server_action,
    undo,
)
