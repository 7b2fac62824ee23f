from . import (
    channel,
    channel_task,
    template_submission,
    template_sync,
    template_ttl,
)
