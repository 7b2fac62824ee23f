from . import (
    channel,
    channel_task,
    channel_transfer,
    channel_words,
)
