from . import (
    channel,
    channel_setup,
    dispatcher,
    gate,
    identity,
    inbound,
    message,
    message_inbound,
    template,
    template_button,
    template_variable,
    webhook_event,
)
