from . import (
    identity,
    identity_alias,
    identity_merge,
    partner_merge,
)
