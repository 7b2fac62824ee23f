from . import (
    approval,
    channel,
    channel_task,
    gate,
    template,
)
