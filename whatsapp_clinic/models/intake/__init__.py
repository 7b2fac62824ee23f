from . import (
    event_batch,
    event_news,
    event_turns,
    inbound,
    message_inbound,
    message_outside,
    message_status,
    reconciliation,
    running,
    unrecognised,
    webhook_event,
)
