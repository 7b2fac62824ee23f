from . import (
    content_check,
    content_refusal,
    gate,
    gate_limits,
    objection,
    verdict,
)
