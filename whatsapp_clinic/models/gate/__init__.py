from . import (
    content_check,
    content_refusal,
    gate,
    gate_limits,
    message,
    res_partner,
    verdict,
)
