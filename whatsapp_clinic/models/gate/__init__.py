from . import (
    content_check,
    content_refusal,
    gate,
    gate_limits,
    message,
    objection,
    res_partner,
    verdict,
)
