from . import (
    branch,
    channel,
    channel_task,
    channel_transfer,
    channel_words,
)
