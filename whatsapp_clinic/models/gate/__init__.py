from . import (
    content_check,
    gate,
    gate_limits,
    objection,
    verdict,
)
