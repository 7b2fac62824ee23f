from . import (
    template_submission,
    template_sync,
    template_ttl,
)
